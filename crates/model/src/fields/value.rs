//! Values of fields, borrowed from the event.

use crate::{Frame, activity::Word};
use std::net::IpAddr;

/// What a field holds in one event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Text; attacker-controlled unless the field's documentation says otherwise.
    Str(&'a str),
    /// An IP address.
    Address(IpAddr),
    /// Texts.
    List(List<'a>),
}

/// Texts, wherever they lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum List<'a> {
    /// Of our or the kernel's words.
    Words(&'a [Word]),
    /// Of any texts.
    Strings(&'a [String]),
    /// The names of functions, innermost first; those without a name are left out.
    Frames(&'a [Frame]),
}

impl<'a> List<'a> {
    /// The texts in order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let (words, strings, frames): (&[Word], &[String], &[Frame]) = match self {
            Self::Words(words) => (words, &[], &[]),
            Self::Strings(strings) => (&[], strings, &[]),
            Self::Frames(frames) => (&[], &[], frames),
        };
        let words = words.iter().map(|word| word.as_ref());
        let strings = strings.iter().map(String::as_str);
        words.chain(strings).chain(frames.iter().filter_map(|frame| frame.name.as_deref()))
    }

    /// How many there are.
    pub fn len(self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Strings(strings) => strings.len(),
            Self::Frames(frames) => frames.iter().filter(|frame| frame.name.is_some()).count(),
        }
    }

    /// Are there none?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Str(text)
    }
}

impl<'a> From<&'a Word> for Value<'a> {
    fn from(word: &'a Word) -> Self {
        Self::Str(word)
    }
}

impl<'a> From<&'a Vec<Word>> for Value<'a> {
    fn from(words: &'a Vec<Word>) -> Self {
        Self::List(List::Words(words))
    }
}

impl<'a> From<&'a Vec<String>> for Value<'a> {
    fn from(texts: &'a Vec<String>) -> Self {
        Self::List(List::Strings(texts))
    }
}

impl<'a> From<&'a Vec<Frame>> for Value<'a> {
    fn from(frames: &'a Vec<Frame>) -> Self {
        Self::List(List::Frames(frames))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<IpAddr> for Value<'_> {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

macro_rules! from_small {
    ($($number:ty)+) => {
        $(impl From<$number> for Value<'_> {
            fn from(number: $number) -> Self {
                Self::Int(number.into())
            }
        })+
    };
}

from_small! { u8 u16 u32 i32 }
