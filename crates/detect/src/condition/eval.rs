//! Asking a condition of an event.

use super::{
    expr::{AddressTest, Key, Number, Operation, Order, Test, Text, TextTest},
    functions,
};
use crate::envelope::{Own, is_outside};
use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::IpAddr,
    sync::Arc,
};
use wasmscope_model::{
    EventKind, Workload,
    fields::{Field, List, Value},
};

/// An event, and what is known of its workload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'e> {
    event: &'e EventKind,
    workload: Option<&'e Workload>,
    own: Option<&'e Own>,
    element: &'e str,
}

impl<'e> View<'e> {
    pub(crate) fn new(event: &'e EventKind, workload: Option<&'e Workload>) -> Self {
        Self { event, workload, own: None, element: "" }
    }

    /// Knowing what runtimes do for themselves: without it, nothing is outside of an envelope.
    pub(crate) fn with_own(self, own: &'e Own) -> Self {
        Self { own: Some(own), ..self }
    }

    fn value(&self, field: &Field) -> Option<Value<'e>> {
        field.value(self.event, self.workload)
    }

    fn str(&self, field: &Field) -> Option<&'e str> {
        match self.value(field)? {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    fn list(&self, field: &Field) -> Option<List<'e>> {
        match self.value(field)? {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    fn address(&self, field: &Field) -> Option<IpAddr> {
        match self.value(field)? {
            Value::Address(address) => Some(address),
            _ => None,
        }
    }
}

impl Test {
    /// `None` where a field that decides is not there.
    pub(crate) fn holds(&self, view: &View<'_>) -> Option<bool> {
        match self {
            Self::Const(value) => Some(*value),
            Self::And(all) => decide(all, false, view),
            Self::Or(all) => decide(all, true, view),
            Self::Not(test) => test.holds(view).map(|value| !value),
            Self::Outside => is_outside(view, view.event, view.workload?, view.own?),
            Self::Field(field) => match view.value(field)? {
                Value::Bool(value) => Some(value),
                _ => None,
            },
            Self::Has(field) => Some(view.value(field).is_some()),
            Self::Same(both) => Some(both[0].holds(view)? == both[1].holds(view)?),
            Self::Text(text, test) => test.holds(text.get(view)?, view),
            Self::Number(left, order, right) => Some(order.holds(left.get(view)?.compare(right.get(view)?))),
            Self::Address(field, test) => Some(test.holds(view.address(field)?)),
            Self::Among(text, field) => {
                let text = text.get(view)?;
                Some(view.list(field)?.iter().any(|one| one == text))
            }
            Self::Any(field, test) => through(view, field, test, true),
            Self::All(field, test) => through(view, field, test, false),
        }
    }
}

/// The first that is `deciding` decides; else one unknown leaves all unknown.
fn decide(all: &[Arc<Test>], deciding: bool, view: &View<'_>) -> Option<bool> {
    let mut known = true;
    for test in all {
        match test.holds(view) {
            Some(value) if value == deciding => return Some(deciding),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!deciding)
}

fn through(view: &View<'_>, field: &Field, test: &Test, deciding: bool) -> Option<bool> {
    let mut known = true;
    for element in view.list(field)?.iter() {
        match test.holds(&View { element, ..*view }) {
            Some(value) if value == deciding => return Some(deciding),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!deciding)
}

impl Text {
    pub(crate) fn get<'a>(&'a self, view: &View<'a>) -> Option<&'a str> {
        match self {
            Self::Const(text) => Some(text),
            Self::Field(field) => view.str(field),
            Self::Element => Some(view.element),
            Self::Basename(path) => Some(functions::basename(path.get(view)?)),
            Self::ParentDomain(name) => Some(functions::parent_domain(name.get(view)?)),
        }
    }
}

impl TextTest {
    fn holds(&self, text: &str, view: &View<'_>) -> Option<bool> {
        Some(match self {
            Self::Is(other) => text == other.get(view)?,
            Self::Compare(order, other) => order.holds(Some(text.cmp(other.get(view)?))),
            Self::In(words) => words.contains(text),
            Self::StartsWith(prefixes) | Self::EndsWith(prefixes) => prefixes.matches(text),
            Self::Contains(any) => any.are_in(text),
            Self::ContainsText(other) => text.contains(other.get(view)?),
            Self::Matches(pattern) => pattern.is_in(text),
            Self::Under(paths) => paths.contains(text),
        })
    }
}

impl AddressTest {
    fn holds(&self, address: IpAddr) -> bool {
        match self {
            Self::Is(other) => address == *other,
            Self::In(nets) => nets.iter().any(|net| net.contains(&address)),
            Self::Loopback => address.is_loopback(),
            Self::Internal => functions::is_internal(address),
        }
    }
}

impl Order {
    fn holds(self, found: Option<Ordering>) -> bool {
        let Some(found) = found else { return false };
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// A number that was computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Computed {
    Int(i64),
    Double(f64),
}

impl Computed {
    /// `None` for what cannot be ordered.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(&right)),
            (left, right) => left.double().partial_cmp(&right.double()),
        }
    }

    fn double(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

impl Number {
    /// `None` also for what CEL calls an overflow or a division by zero.
    pub(crate) fn get(&self, view: &View<'_>) -> Option<Computed> {
        Some(match self {
            Self::Int(number) => Computed::Int(*number),
            Self::Double(number) => Computed::Double(number.0),
            Self::Field(field) => match view.value(field)? {
                Value::Int(number) => Computed::Int(number),
                Value::Double(number) => Computed::Double(number),
                _ => return None,
            },
            Self::Size(text) => Computed::Int(text.get(view)?.chars().count() as i64),
            Self::Length(field) => Computed::Int(view.list(field)?.len() as i64),
            Self::Entropy(text) => Computed::Double(functions::entropy(text.get(view)?)),
            Self::LongestLabel(text) => Computed::Int(functions::longest_label(text.get(view)?)),
            Self::Calculated(left, operation, right) => operation.of(left.get(view)?, right.get(view)?)?,
        })
    }
}

impl Operation {
    fn of(self, left: Computed, right: Computed) -> Option<Computed> {
        if let (Computed::Int(left), Computed::Int(right)) = (left, right) {
            let result = match self {
                Self::Add => left.checked_add(right),
                Self::Subtract => left.checked_sub(right),
                Self::Multiply => left.checked_mul(right),
                Self::Divide => left.checked_div(right),
                Self::Modulo => left.checked_rem(right),
            };
            return result.map(Computed::Int);
        }
        let (left, right) = (left.double(), right.double());
        Some(Computed::Double(match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Modulo => return None,
        }))
    }
}

impl Key {
    /// A hash of its value; `None` where it is not there.
    pub(crate) fn hash(&self, view: &View<'_>) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Text(text) => text.get(view)?.hash(&mut hasher),
            Self::Number(number) => match number.get(view)? {
                Computed::Int(number) => number.hash(&mut hasher),
                Computed::Double(number) => number.to_bits().hash(&mut hasher),
            },
            Self::Address(field) => view.address(field)?.hash(&mut hasher),
        }
        Some(hasher.finish())
    }
}
