//! Can a condition ever match an event of a kind?

use super::expr::{Number, Test, Text, TextTest};
use wasmscope_model::{Kind, fields::Field};

/// What a test can come to: true, false, unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outcomes {
    yes: bool,
    no: bool,
    unknown: bool,
}

const ANY: Outcomes = Outcomes { yes: true, no: true, unknown: true };
const UNKNOWN: Outcomes = Outcomes { yes: false, no: false, unknown: true };

/// Whether the condition is true of some event of this kind. Over-approximates: fields are taken to be independent.
pub(crate) fn can_match(test: &Test, kind: Kind) -> bool {
    outcomes(test, kind).yes
}

fn known(value: bool) -> Outcomes {
    Outcomes { yes: value, no: !value, unknown: false }
}

fn outcomes(test: &Test, kind: Kind) -> Outcomes {
    match test {
        Test::Const(value) => known(*value),
        Test::And(all) => all.iter().map(|t| outcomes(t, kind)).fold(known(true), and),
        Test::Or(all) => not(all.iter().map(|t| not(outcomes(t, kind))).fold(known(true), and)),
        Test::Not(test) => not(outcomes(test, kind)),
        Test::Outside => {
            Outcomes { unknown: true, ..if crate::envelope::bounds(kind) { ANY } else { UNKNOWN } }
        }
        Test::Field(field) => of_field(field, kind),
        Test::Has(field) if field.reachable().contains(kind) => Outcomes { unknown: false, ..ANY },
        Test::Has(_) => known(false),
        Test::Same(both) => {
            let [left, right] = [outcomes(&both[0], kind), outcomes(&both[1], kind)];
            if (left.yes || left.no) && (right.yes || right.no) { ANY } else { UNKNOWN }
        }
        Test::Text(Text::Field(field), test) if field.name == "event.name" => match test {
            TextTest::Is(Text::Const(name)) => known(kind.as_str() == name.as_ref()),
            TextTest::In(words) => known(words.contains(kind.as_str())),
            TextTest::StartsWith(prefixes) => known(prefixes.matches(kind.as_str())),
            _ => ANY,
        },
        Test::Text(text, test) => {
            let other = match test {
                TextTest::Is(other) | TextTest::Compare(_, other) | TextTest::ContainsText(other) => {
                    has_text(other, kind)
                }
                _ => true,
            };
            if has_text(text, kind) && other { ANY } else { UNKNOWN }
        }
        Test::Number(left, _, right) => {
            if has_number(left, kind) && has_number(right, kind) {
                ANY
            } else {
                UNKNOWN
            }
        }
        Test::Address(field, _) => of_field(field, kind),
        Test::Among(text, field) => {
            if has_text(text, kind) && field.reachable().contains(kind) {
                ANY
            } else {
                UNKNOWN
            }
        }
        Test::Any(field, test) => {
            let inner = outcomes(test, kind);
            if field.reachable().contains(kind) { Outcomes { yes: inner.yes, ..ANY } } else { UNKNOWN }
        }
        Test::All(field, _) => of_field(field, kind),
    }
}

fn and(left: Outcomes, right: Outcomes) -> Outcomes {
    Outcomes {
        yes: left.yes && right.yes,
        no: left.no || right.no,
        unknown: (left.unknown && (right.yes || right.unknown)) || (right.unknown && left.yes),
    }
}

fn not(of: Outcomes) -> Outcomes {
    Outcomes { yes: of.no, no: of.yes, ..of }
}

fn of_field(field: &Field, kind: Kind) -> Outcomes {
    if field.reachable().contains(kind) { ANY } else { UNKNOWN }
}

fn has_text(text: &Text, kind: Kind) -> bool {
    match text {
        Text::Const(_) | Text::Element => true,
        Text::Field(field) => field.reachable().contains(kind),
        Text::Basename(text) | Text::ParentDomain(text) => has_text(text, kind),
    }
}

fn has_number(number: &Number, kind: Kind) -> bool {
    match number {
        Number::Int(_) | Number::Double(_) => true,
        Number::Field(field) | Number::Length(field) => field.reachable().contains(kind),
        Number::Size(text) | Number::Entropy(text) | Number::LongestLabel(text) => has_text(text, kind),
        Number::Calculated(left, _, right) => has_number(left, kind) && has_number(right, kind),
    }
}
