//! The compiled form of a condition: every node has its type, nothing is looked up by name any more.

use super::sets::{Needles, Paths, Pattern, Prefixes, Words};
use ipnet::IpNet;
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};
use wasmscope_model::fields::Field;

/// Something true, false, or unknown because a field is not there.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Const(bool),
    And(Box<[Arc<Test>]>),
    Or(Box<[Arc<Test>]>),
    Not(Arc<Test>),
    /// The act is outside of the envelope.
    Outside,
    /// A field of type bool.
    Field(&'static Field),
    Has(&'static Field),
    Same(Box<[Test; 2]>),
    Text(Text, TextTest),
    Number(Number, Order, Number),
    Address(&'static Field, AddressTest),
    /// Is a text among those of a field?
    Among(Text, &'static Field),
    /// Does it hold for one of a field's texts?
    Any(&'static Field, Box<Test>),
    /// Does it hold for all of them?
    All(&'static Field, Box<Test>),
}

/// A text.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Text {
    Const(Box<str>),
    Field(&'static Field),
    /// Of the list that is gone through.
    Element,
    Basename(Box<Text>),
    ParentDomain(Box<Text>),
}

/// What is asked of a text.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextTest {
    Is(Text),
    Compare(Order, Text),
    In(Words),
    StartsWith(Prefixes),
    EndsWith(Prefixes),
    Contains(Box<Needles>),
    ContainsText(Text),
    Matches(Pattern),
    Under(Paths),
}

/// What is asked of an address.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum AddressTest {
    Is(std::net::IpAddr),
    In(Box<[IpNet]>),
    Loopback,
    /// Private, link-local, loopback or unspecified: of no use to somebody elsewhere.
    Internal,
}

/// Two numbers beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Number {
    Int(i64),
    Double(Fraction),
    Field(&'static Field),
    /// Characters of a text, as CEL counts them.
    Size(Text),
    /// Entries of a list.
    Length(&'static Field),
    /// Bits per character.
    Entropy(Text),
    /// Characters of the longest part of a name.
    LongestLabel(Text),
    Calculated(Box<Number>, Operation, Box<Number>),
}

/// A constant with a fraction: the same one if it has the same bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fraction(pub(crate) f64);

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Fraction {}

impl Hash for Fraction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// What windows and suppression tell apart by.
#[derive(Debug)]
pub(crate) enum Key {
    Text(Text),
    Number(Number),
    Address(&'static Field),
}
