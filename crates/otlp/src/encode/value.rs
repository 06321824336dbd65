//! Attributes from whatever serialises to an object: no tree is built in between, because every event passes here.
//!
//! Follows "Mapping Arbitrary Data to OTLP AnyValue" of the OpenTelemetry specification (`common/attribute-type-mapping.md`).

use super::{
    key::Key,
    text,
    wire::{bytes, close, field, fixed64, open, varint},
};
use serde::ser::{self, Serialize};
use std::fmt::{self, Display, Write as _};

// Tags of `AnyValue`.
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;
const OBJECT: u32 = 6;
const BYTES: u32 = 7;
/// Of `ArrayValue` and `KeyValueList`.
const VALUES: u32 = 1;
// Of `KeyValue`.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// Writes each field of an object as a `KeyValue` under `tag`, but for those in `without`.
pub(crate) fn attributes(out: &mut Vec<u8>, tag: u32, object: &impl Serialize, without: &[&str]) {
    let length = out.len();
    let written = object.serialize(Value { out, place: Place::Attributes { tag, without } });
    debug_assert!(written.is_ok(), "{written:?}");
    if written.is_err() {
        out.truncate(length);
    }
}

/// Writes one attribute.
pub(crate) fn attribute(out: &mut Vec<u8>, tag: u32, key: &str, value: &impl Serialize) {
    field(out, tag, |out| {
        bytes(out, KEY, key.as_bytes());
        field(out, VALUE, |out| {
            let written = value.serialize(Value { out, place: Place::Value });
            debug_assert!(written.is_ok(), "{written:?}");
        });
    });
}

/// What cannot be an attribute; no event has it.
#[derive(Debug)]
pub(crate) struct Unsuitable(pub(super) String);

impl Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsuitable {}

impl ser::Error for Unsuitable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// What the value becomes.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// The content of an `AnyValue`.
    Value,
    /// Attributes of what is being written; only an object can be that.
    Attributes { tag: u32, without: &'p [&'p str] },
}

struct Value<'o, 'p> {
    out: &'o mut Vec<u8>,
    place: Place<'p>,
}

impl<'o, 'p> Value<'o, 'p> {
    fn entries(self) -> Entries<'o, 'p> {
        match self.place {
            Place::Attributes { tag, without } => {
                Entries { out: self.out, tag, without, ends: [0; 4], pending: None }
            }
            Place::Value => {
                let begun = open(self.out, OBJECT);
                Entries { out: self.out, tag: VALUES, without: &[], ends: [begun, 0, 0, 0], pending: None }
            }
        }
    }

    /// An object of one entry, whose value is to be written next.
    fn variant(self, name: &str) -> (&'o mut Vec<u8>, [usize; 3]) {
        let (tag, object) = match self.place {
            Place::Attributes { tag, .. } => (tag, 0),
            Place::Value => (VALUES, open(self.out, OBJECT)),
        };
        let entry = open(self.out, tag);
        bytes(self.out, KEY, name.as_bytes());
        let value = open(self.out, VALUE);
        (self.out, [object, entry, value])
    }
}

/// Closes fields, innermost last in the list.
fn close_all<const N: usize>(out: &mut Vec<u8>, begun: [usize; N]) {
    begun.into_iter().rev().filter(|begun| *begun > 0).for_each(|begun| close(out, begun));
}

impl<'o, 'p> ser::Serializer for Value<'o, 'p> {
    type Ok = ();
    type Error = Unsuitable;
    type SerializeSeq = List<'o>;
    type SerializeTuple = List<'o>;
    type SerializeTupleStruct = List<'o>;
    type SerializeTupleVariant = List<'o>;
    type SerializeMap = Entries<'o, 'p>;
    type SerializeStruct = Entries<'o, 'p>;
    type SerializeStructVariant = Entries<'o, 'p>;

    fn serialize_bool(self, value: bool) -> Result<(), Unsuitable> {
        varint(self.out, BOOL, value.into());
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unsuitable> {
        varint(self.out, INT, value.cast_unsigned());
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unsuitable> {
        self.serialize_i64(value.into())
    }

    /// What does not fit into the type is told as text, as the specification wants it.
    fn serialize_u64(self, value: u64) -> Result<(), Unsuitable> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            Err(_) => self.collect_str(&value),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unsuitable> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unsuitable> {
        fixed64(self.out, DOUBLE, value.to_bits());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unsuitable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unsuitable> {
        match text::harmless(value) {
            Some(value) => bytes(self.out, STRING, value.as_bytes()),
            None => field(self.out, STRING, |out| text::escape(value, out)),
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unsuitable> {
        bytes(self.out, BYTES, &value[..value.len().min(text::LONGEST)]);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unsuitable> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsuitable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unsuitable> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unsuitable> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unsuitable> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unsuitable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unsuitable> {
        let (out, begun) = self.variant(name);
        value.serialize(Value { out: &mut *out, place: Place::Value })?;
        close_all(out, begun);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'o>, Unsuitable> {
        let begun = open(self.out, ARRAY);
        Ok(List { out: self.out, begun, ends: [0; 3] })
    }

    fn serialize_tuple(self, length: usize) -> Result<List<'o>, Unsuitable> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List<'o>, Unsuitable> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<List<'o>, Unsuitable> {
        let (out, ends) = self.variant(name);
        let begun = open(out, ARRAY);
        Ok(List { out, begun, ends })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'o, 'p>, Unsuitable> {
        Ok(self.entries())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'o, 'p>, Unsuitable> {
        Ok(self.entries())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Entries<'o, 'p>, Unsuitable> {
        let (out, [object, entry, value]) = self.variant(name);
        let inner = open(out, OBJECT);
        Ok(Entries { out, tag: VALUES, without: &[], ends: [object, entry, value, inner], pending: None })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Unsuitable> {
        let begun = open(self.out, STRING);
        // Ids and numbers: nothing to escape. Texts of others come as such.
        let written = write!(text::Plain(self.out), "{value}");
        close(self.out, begun);
        written.map_err(ser::Error::custom)
    }
}

/// The values of an array.
struct List<'o> {
    out: &'o mut Vec<u8>,
    begun: usize,
    /// Of what the array stands in.
    ends: [usize; 3],
}

impl List<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsuitable> {
        let begun = open(self.out, VALUES);
        value.serialize(Value { out: self.out, place: Place::Value })?;
        close(self.out, begun);
        Ok(())
    }

    fn finish(self) {
        close(self.out, self.begun);
        close_all(self.out, self.ends);
    }
}

/// The entries of an object.
struct Entries<'o, 'p> {
    out: &'o mut Vec<u8>,
    tag: u32,
    without: &'p [&'p str],
    /// Of the object itself and what it stands in, innermost last; 0 for none.
    ends: [usize; 4],
    /// The entry whose key was written; nothing where it is left out.
    pending: Option<usize>,
}

impl Entries<'_, '_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsuitable> {
        let start = self.out.len();
        let entry = open(self.out, self.tag);
        let name = open(self.out, KEY);
        key.serialize(Key { out: self.out })?;
        if self.without.iter().any(|without| without.as_bytes() == &self.out[name..]) {
            self.out.truncate(start);
            self.pending = None;
            return Ok(());
        }
        close(self.out, name);
        self.pending = Some(entry);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsuitable> {
        let Some(entry) = self.pending.take() else { return Ok(()) };
        let begun = open(self.out, VALUE);
        value.serialize(Value { out: self.out, place: Place::Value })?;
        close(self.out, begun);
        close(self.out, entry);
        Ok(())
    }
}

macro_rules! lists {
    ($($of:ident $add:ident,)+) => {$(
        impl ser::$of for List<'_> {
            type Ok = ();
            type Error = Unsuitable;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsuitable> {
                self.add(value)
            }

            fn end(self) -> Result<(), Unsuitable> {
                self.finish();
                Ok(())
            }
        }
    )+};
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Unsuitable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsuitable> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsuitable> {
        self.value(value)
    }

    fn end(self) -> Result<(), Unsuitable> {
        close_all(self.out, self.ends);
        Ok(())
    }
}

macro_rules! structs {
    ($($of:ident,)+) => {$(
        impl ser::$of for Entries<'_, '_> {
            type Ok = ();
            type Error = Unsuitable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Unsuitable> {
                self.key(key)?;
                self.value(value)
            }

            fn end(self) -> Result<(), Unsuitable> {
                close_all(self.out, self.ends);
                Ok(())
            }
        }
    )+};
}

structs! { SerializeStruct, SerializeStructVariant, }
