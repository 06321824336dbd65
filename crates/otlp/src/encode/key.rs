//! Keys of attributes and of objects within them.

use super::{text, value::Unsuitable};
use serde::ser::{self, Serialize};
use std::fmt::{Display, Write as _};

/// Writes the text of a key.
pub(super) struct Key<'o> {
    pub(super) out: &'o mut Vec<u8>,
}

/// Keys are texts, or numbers told as texts.
macro_rules! not_keys {
    ($($name:ident $of:ty,)+) => {$(
        fn $name(self, value: $of) -> Result<(), Unsuitable> {
            self.collect_str(&value)
        }
    )+};
}

impl ser::Serializer for Key<'_> {
    type Ok = ();
    type Error = Unsuitable;
    type SerializeSeq = ser::Impossible<(), Unsuitable>;
    type SerializeTuple = ser::Impossible<(), Unsuitable>;
    type SerializeTupleStruct = ser::Impossible<(), Unsuitable>;
    type SerializeTupleVariant = ser::Impossible<(), Unsuitable>;
    type SerializeMap = ser::Impossible<(), Unsuitable>;
    type SerializeStruct = ser::Impossible<(), Unsuitable>;
    type SerializeStructVariant = ser::Impossible<(), Unsuitable>;

    fn serialize_str(self, key: &str) -> Result<(), Unsuitable> {
        match text::harmless(key) {
            Some(key) => self.out.extend_from_slice(key.as_bytes()),
            None => text::escape(key, self.out),
        }
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, key: &T) -> Result<(), Unsuitable> {
        write!(text::Plain(self.out), "{key}").map_err(ser::Error::custom)
    }

    not_keys! {
        serialize_bool bool, serialize_char char,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_f32 f32, serialize_f64 f64,
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unsuitable> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        key: &T,
    ) -> Result<(), Unsuitable> {
        key.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<(), Unsuitable> {
        key.serialize(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unsuitable> {
        Err(no_key())
    }

    fn serialize_none(self) -> Result<(), Unsuitable> {
        Err(no_key())
    }

    fn serialize_unit(self) -> Result<(), Unsuitable> {
        Err(no_key())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unsuitable> {
        Err(no_key())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unsuitable> {
        Err(no_key())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unsuitable> {
        Err(no_key())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsuitable> {
        Err(no_key())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsuitable> {
        Err(no_key())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsuitable> {
        Err(no_key())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsuitable> {
        Err(no_key())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Unsuitable> {
        Err(no_key())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unsuitable> {
        Err(no_key())
    }
}

fn no_key() -> Unsuitable {
    Unsuitable("not the name of an attribute".into())
}
