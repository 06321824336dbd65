//! How values of preview 2 become [`Value`]s. Records, variants, enums and flags are generated from the WIT.

use crate::{
    Value,
    value::{LIST_ITEMS, Text},
};
use std::net::{IpAddr, SocketAddr};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{IpAddress, IpSocketAddress};

/// A value that can be told.
pub(crate) trait Describe: Sized {
    fn value(&self) -> Value;

    /// Bytes of payload that it carries: those of its `list<u8>`s.
    fn bytes(&self) -> u64 {
        0
    }

    /// A list of such values. Bytes are counted only.
    fn list(items: &[Self]) -> Value {
        Value::List(items.iter().take(LIST_ITEMS).map(Self::value).collect(), items.len() as u64)
    }

    /// [`bytes`](Self::bytes) of a list.
    fn list_bytes(items: &[Self]) -> u64 {
        items.iter().map(Self::bytes).sum()
    }
}

impl Describe for u8 {
    fn value(&self) -> Value {
        Value::Unsigned(u64::from(*self))
    }

    fn list(items: &[Self]) -> Value {
        Value::Bytes(items.len() as u64)
    }

    fn list_bytes(items: &[Self]) -> u64 {
        items.len() as u64
    }
}

macro_rules! numbers {
    ($($ty:ty => $case:ident as $wide:ty),*) => {$(
        impl Describe for $ty {
            fn value(&self) -> Value {
                Value::$case(<$wide>::from(*self))
            }
        }
    )*};
}
numbers!(bool => Bool as bool, u16 => Unsigned as u64, u32 => Unsigned as u64, u64 => Unsigned as u64);

impl Describe for () {
    fn value(&self) -> Value {
        Value::None
    }
}

impl Describe for String {
    fn value(&self) -> Value {
        Value::Text(Text::new(self.as_bytes(), self.len() as u64))
    }
}

impl<T: Describe> Describe for Vec<T> {
    fn value(&self) -> Value {
        T::list(self)
    }

    fn bytes(&self) -> u64 {
        T::list_bytes(self)
    }
}

impl<T: Describe> Describe for Option<T> {
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::None, T::value)
    }

    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, T::bytes)
    }
}

impl<T: Describe, E: Describe> Describe for Result<T, E> {
    fn value(&self) -> Value {
        match self {
            Ok(value) => Value::record([("ok", value.value())]),
            Err(error) => Value::record([("error", error.value())]),
        }
    }

    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, T::bytes)
    }
}

impl<T: 'static> Describe for Resource<T> {
    fn value(&self) -> Value {
        Value::Handle(self.rep())
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*)),*) => {$(
        impl<$($name: Describe),*> Describe for ($($name,)*) {
            fn value(&self) -> Value {
                Value::List(vec![$(self.$at.value()),*], [$($at),*].len() as u64)
            }

            fn bytes(&self) -> u64 {
                0 $(+ self.$at.bytes())*
            }
        }
    )*};
}
tuples!(
    (A 0, B 1),
    (A 0, B 1, C 2),
    (A 0, B 1, C 2, D 3),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
);

impl Describe for IpSocketAddress {
    fn value(&self) -> Value {
        Value::Address(Box::new(SocketAddr::from(*self)))
    }
}

impl Describe for IpAddress {
    fn value(&self) -> Value {
        let ip = match *self {
            Self::Ipv4((a, b, c, d)) => IpAddr::from([a, b, c, d]),
            Self::Ipv6((a, b, c, d, e, f, g, h)) => IpAddr::from([a, b, c, d, e, f, g, h]),
        };
        let text = ip.to_string();
        Value::Text(Text::new(text.as_bytes(), text.len() as u64))
    }
}

/// Flags by name; with bits that have none, the number.
pub(crate) fn flags(bits: u64, names: &'static [&'static str]) -> Value {
    if bits.checked_shr(names.len() as u32).is_some_and(|rest| rest != 0) {
        return Value::Bad(bits);
    }
    Value::Flags(bits, names)
}
