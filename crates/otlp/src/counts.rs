//! What became of every item: counts that the watch loop reads while the exporter's thread adds.

use crate::Signal;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why items were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Too many waited already.
    QueueFull,
    /// The collector does not take such a request: 400, 401, 404, 500, …, and their like in gRPC.
    Refused,
    /// The request was too large for it (413).
    TooLarge,
    /// It took the request without these items (`partial_success`).
    Rejected,
    /// Its answer says that it took the request, and is none that OTLP knows.
    Garbled,
    /// A later snapshot says the same and more: the numbers of a moment that nobody took.
    Superseded,
    /// The agent ended before they could be delivered.
    Unsent,
}

impl Loss {
    const ALL: [Self; 7] = [
        Self::QueueFull,
        Self::Refused,
        Self::TooLarge,
        Self::Rejected,
        Self::Garbled,
        Self::Superseded,
        Self::Unsent,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::Rejected => "rejected",
            Self::Garbled => "garbled",
            Self::Superseded => "superseded",
            Self::Unsent => "unsent",
        }
    }
}

/// One count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Of which signal.
    pub signal: Signal,
    /// `made`, `delivered`, or why items were lost.
    pub stage: &'static str,
    /// How many since the start.
    pub count: u64,
    /// They did not get through.
    pub lost: bool,
}

/// The counts of one signal.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    made: AtomicU64,
    delivered: AtomicU64,
    lost: [AtomicU64; Loss::ALL.len()],
}

impl Tally {
    pub(crate) fn made(&self, items: u64) {
        self.made.fetch_add(items, Relaxed);
    }

    pub(crate) fn delivered(&self, items: u64) {
        self.delivered.fetch_add(items, Relaxed);
    }

    pub(crate) fn lost(&self, why: Loss, items: u64) {
        self.lost[why as usize].fetch_add(items, Relaxed);
    }
}

/// The counts of all signals.
#[derive(Debug, Default)]
pub struct Counts {
    by_signal: [Tally; 3],
    on: [std::sync::atomic::AtomicBool; 3],
}

impl Counts {
    pub(crate) fn of(&self, signal: Signal) -> &Tally {
        &self.by_signal[signal as usize]
    }

    pub(crate) fn turn_on(&self, signal: Signal) {
        self.on[signal as usize].store(true, Relaxed);
    }

    /// All counts of the signals that are sent. Items that wait are in `made` only.
    pub fn list(&self) -> Vec<Count> {
        let mut list = vec![];
        for signal in Signal::ALL.into_iter().filter(|signal| self.on[*signal as usize].load(Relaxed)) {
            let tally = self.of(signal);
            let mut add = |stage, count: &AtomicU64, lost| {
                list.push(Count { signal, stage, count: count.load(Relaxed), lost });
            };
            add("made", &tally.made, false);
            add("delivered", &tally.delivered, false);
            for why in Loss::ALL {
                add(why.as_str(), &tally.lost[why as usize], true);
            }
        }
        list
    }
}
