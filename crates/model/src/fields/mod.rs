//! The field registry: every field that an event can have, with its type, its unit and the kinds of events that have it.
//!
//! Rules are checked and evaluated against it, and `docs/fields.md` is generated from it. A field of an event is one row of
//! [`list`](self::list); a test compares the rows with the JSON form of every event.

mod list;
mod value;

pub use list::fields;
pub use value::{List, Value};

use crate::{EventKind, Workload, kind::Kinds};
use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number; larger ones than 2^63-1 are that.
    Int,
    /// A number with a fraction.
    Double,
    /// Text.
    String,
    /// An IP address, written as text.
    Address,
    /// Texts.
    Strings,
    /// Something with fields of its own, or several: no condition can ask for it.
    Objects,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::String => "string",
            Self::Address => "address",
            Self::Strings => "strings",
            Self::Objects => "objects",
        })
    }
}

/// In what a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Nanoseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Seconds since the Unix epoch.
    UnixSeconds,
    /// Hundredths.
    Percent,
    /// A native address in the observed process.
    NativeAddress,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Nanoseconds => "ns",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::UnixSeconds => "s since 1970",
            Self::Percent => "%",
            Self::NativeAddress => "native address",
        })
    }
}

/// Gives a field of an event, if this one has it.
pub type OfEvent = for<'a> fn(&'a EventKind) -> Option<Value<'a>>;
/// Gives a fact about a workload, if it is known.
pub type OfWorkload = for<'a> fn(&'a Workload) -> Option<Value<'a>>;

/// Where a field's value comes from.
#[derive(Clone, Copy)]
pub enum Source {
    /// The event itself.
    Event(OfEvent),
    /// What is known of the event's workload: every event of a workload has it in conditions, `started` and
    /// `identified` also in their JSON form.
    Workload(OfWorkload),
    /// Only in the JSON form.
    JsonOnly,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event(_) => "Event",
            Self::Workload(_) => "Workload",
            Self::JsonOnly => "JsonOnly",
        })
    }
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name in the JSON form and in conditions: `file.path`.
    pub name: &'static str,
    /// What it holds.
    pub ty: Type,
    /// In what it counts.
    pub unit: Option<Unit>,
    /// The kinds of events whose JSON form can have it.
    pub of: Kinds,
    /// Where its value comes from.
    pub source: Source,
    /// What it says.
    pub about: &'static str,
}

/// Names are unique (a test asks).
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Field {
    /// The field of this name.
    pub fn named(name: &str) -> Option<&'static Field> {
        fields().find(|field| field.name == name)
    }

    /// The kinds of events for which a condition can find a value in it.
    pub fn reachable(&self) -> Kinds {
        match self.source {
            Source::Event(_) => self.of,
            Source::Workload(_) => list::OF_WORKLOADS,
            Source::JsonOnly => Kinds::default(),
        }
    }

    /// Its value in this event of this workload.
    pub fn value<'a>(&self, event: &'a EventKind, workload: Option<&'a Workload>) -> Option<Value<'a>> {
        match self.source {
            Source::Event(get) => get(event),
            Source::Workload(get) => get(workload?),
            Source::JsonOnly => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use std::collections::BTreeSet;

    #[test]
    fn every_field_has_one_row_and_a_kind() {
        let names: BTreeSet<_> = fields().map(|field| field.name).collect();
        assert_eq!(names.len(), fields().count(), "a field with two rows");
        for field in fields() {
            assert!(!field.of.is_empty() && !field.about.is_empty(), "{field:?}");
            // Rules have no type for them.
            assert!(field.ty != Type::Objects || matches!(field.source, Source::JsonOnly), "{field:?}");
        }
        assert!(Field::named("file.path").unwrap().reachable().contains(Kind::Opened));
        assert!(Field::named("wasm.runtime.name").unwrap().reachable().contains(Kind::Opened));
    }
}
