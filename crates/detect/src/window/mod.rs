//! Windows over time: what matching events come to together.
//!
//! A window is told each matching event and says when it is full. Times are nanoseconds that never go back (the engine
//! sees to that). Memory is bounded by the rule, never by the events.

mod count;
mod distinct;
mod regular;
mod sequence;

use count::Count;
use distinct::Distinct;
use regular::Regular;
use sequence::Sequence;
use wasmscope_model::Event;

/// What a rule asks of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// So many within the time.
    Count { count: u32 },
    /// So many different values.
    Distinct { count: u32 },
    /// All steps in their order.
    Sequence { steps: u8 },
    /// So many of one value, at distances that differ by no more than this share of their mean.
    Regular { count: u32, spread: f64 },
}

/// The most that a window of exact times or values may ask for.
pub(crate) const MOST_DISTINCT: u32 = 256;
pub(crate) const MOST_REGULAR: u32 = 64;
pub(crate) const MOST_STEPS: usize = 8;

/// The state of one window of one workload.
#[derive(Debug)]
pub(crate) enum Window {
    Count(Count),
    Distinct(Distinct),
    Sequence(Sequence),
    Regular(Regular),
}

/// A window is full.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Full {
    /// Matching events, the last included.
    pub(crate) count: u64,
    /// When the first was.
    pub(crate) since: u64,
    /// The events of a sequence but the last.
    pub(crate) events: Vec<Event>,
}

impl Window {
    pub(crate) fn new(shape: Shape, within: u64) -> Self {
        match shape {
            Shape::Count { count } => Self::Count(Count::new(count, within)),
            Shape::Distinct { count } => Self::Distinct(Distinct::new(count, within)),
            Shape::Sequence { steps } => Self::Sequence(Sequence::new(steps, within)),
            Shape::Regular { count, spread } => Self::Regular(Regular::new(count, spread, within)),
        }
    }

    /// Takes in an event that matched at `now`: as step `step` of a sequence, with this value. Starts anew when full.
    pub(crate) fn add(&mut self, now: u64, step: u8, value: u64, event: &Event) -> Option<Full> {
        match self {
            Self::Count(count) => count.add(now),
            Self::Distinct(distinct) => distinct.add(now, value),
            Self::Sequence(sequence) => sequence.add(now, step, event),
            Self::Regular(regular) => regular.add(now, value),
        }
    }

    /// Bytes on the heap, roughly.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Count(count) => count.bytes(),
            Self::Distinct(distinct) => distinct.bytes(),
            Self::Sequence(sequence) => sequence.bytes(),
            Self::Regular(regular) => regular.bytes(),
        }
    }
}
