//! Conditions: CEL over the fields of the registry, compiled to a small typed tree.
//!
//! The parser is the `cel` crate's. Its interpreter works on maps of dynamic values, which would have to be made of every
//! event (`make bench-detect` has the comparison); the tree here reads the event's fields where they lie. The meaning is
//! CEL's (<https://github.com/google/cel-spec/blob/master/doc/langdef.md>): a field that an event does not have is an
//! error, `&&` and `||` absorb errors where the other side decides, and a condition that ends in an error does not match.

mod check;
mod eval;
mod expr;
mod functions;
mod parse;
mod plan;
mod reach;
mod sets;

pub(crate) use check::{Compiler, Fault, unknown};
pub(crate) use eval::View;
pub(crate) use expr::{Key, Test};
pub(crate) use parse::{Parsed, parse};
pub(crate) use plan::{Folding, Memo, Nodes, Plan};
pub(crate) use reach::can_match;
