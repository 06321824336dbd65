//! Arguments and results, as they are told: bounded, whatever the guest passes.

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use smallvec::SmallVec;
use std::net::SocketAddr;

/// Longest text kept of an argument or result, in bytes; [`Text::length`] says how long it was.
pub const TEXT_BYTES: usize = 1024;

/// Most elements kept of a list; its length is told.
pub const LIST_ITEMS: usize = 16;

/// The arguments of one call, in order.
pub type Args = SmallVec<[Value; 4]>;

/// An argument or result.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: an absent option, or no result.
    None,
    /// A boolean.
    Bool(bool),
    /// A number.
    Unsigned(u64),
    /// A number.
    Signed(i64),
    /// Two numbers: a number and a size.
    Pair(u64, u64),
    /// A number.
    Float(f64),
    /// A file descriptor of preview 1, or the host's number of a resource of preview 2.
    Handle(u32),
    /// A case of an enumeration.
    Name(&'static str),
    /// Flags: which bits are set, and the names of all from the lowest on.
    Flags(u64, &'static [&'static str]),
    /// Text of the guest's.
    Text(Text),
    /// So many bytes, which are not kept.
    Bytes(u64),
    /// Socket address.
    Address(Box<SocketAddr>),
    /// Elements, the first [`LIST_ITEMS`] of them, and how many there are.
    List(Vec<Self>, u64),
    /// Fields; of a variant, the case with its payload.
    Record(Vec<(&'static str, Self)>),
    /// It could not be read: a pointer that leads outside of the guest's memory, or a number out of range, as it was given.
    Bad(u64),
}

/// Text of the guest's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The first [`TEXT_BYTES`] of it. What is no UTF-8 is replaced by U+FFFD, and `lossy` says so.
    pub text: Box<str>,
    /// Bytes that the guest passed.
    pub length: u64,
    /// Whether something was replaced.
    pub lossy: bool,
}

impl Text {
    /// Keeps the head of `bytes`, of which there were `length`.
    pub fn new(bytes: &[u8], length: u64) -> Self {
        let head = &bytes[..bytes.len().min(TEXT_BYTES)];
        let whole = head.len() as u64 == length;
        match std::str::from_utf8(head) {
            Ok(text) => Self { text: text.into(), length, lossy: false },
            // A character that the cut went through is no fault of the guest's.
            Err(error) if !whole && error.error_len().is_none() => Self {
                text: String::from_utf8_lossy(&head[..error.valid_up_to()]).into(),
                length,
                lossy: false,
            },
            Err(_) => Self { text: String::from_utf8_lossy(head).into(), length, lossy: true },
        }
    }

    /// Whether only its head was kept.
    pub fn is_cut(&self) -> bool {
        !self.lossy && (self.text.len() as u64) < self.length || self.length > TEXT_BYTES as u64
    }
}

impl Value {
    pub(crate) fn record<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::Record(fields.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Pair(first, second) => serializer.collect_seq([first, second]),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Handle(value) => serializer.serialize_u32(*value),
            Self::Name(name) => serializer.serialize_str(name),
            Self::Flags(bits, names) => {
                let set = names.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                serializer.collect_seq(set.map(|(_, name)| name))
            }
            // Most texts are whole: then the text is enough.
            Self::Text(text) if !text.lossy && !text.is_cut() => serializer.serialize_str(&text.text),
            Self::Text(text) => text.serialize(serializer),
            Self::Bytes(count) => single(serializer, "bytes", count),
            Self::Address(address) => serializer.collect_str(address),
            Self::List(items, count) if items.len() as u64 == *count => serializer.collect_seq(items),
            Self::List(items, count) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("items", items)?;
                map.serialize_entry("length", count)?;
                map.end()
            }
            Self::Record(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
            Self::Bad(value) => single(serializer, "bad", value),
        }
    }
}

fn single<S: Serializer>(serializer: S, name: &str, value: &u64) -> Result<S::Ok, S::Error> {
    serializer.collect_map([(name, value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_say_how_long_they_were() {
        let long = "é".repeat(TEXT_BYTES);
        let text = Text::new(format!("a{long}").as_bytes(), long.len() as u64 + 1);
        assert_eq!(text.text.len(), TEXT_BYTES - 1);
        assert!(!text.lossy && text.is_cut());
        assert_eq!(text.length, 2 * TEXT_BYTES as u64 + 1);
    }

    #[test]
    fn what_is_no_utf8_is_marked() {
        let text = Text::new(b"a\xffb", 3);
        assert!(text.lossy && !text.is_cut());
        assert_eq!(&*text.text, "a\u{fffd}b");
        assert!(
            Text::new(b"a\xc3", 2).lossy,
            "half a character at the end of the guest's text is the guest's"
        );
        let json = serde_json::to_string(&Value::Text(text)).unwrap();
        assert_eq!(json, "{\"text\":\"a\u{fffd}b\",\"length\":3,\"lossy\":true}");
        assert_eq!(serde_json::to_string(&Value::Text(Text::new(b"ab", 2))).unwrap(), "\"ab\"");
    }
}
