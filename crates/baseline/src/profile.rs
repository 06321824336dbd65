//! What is usual for one module in one runtime.

use crate::{
    Dimension, Edit, Histogram, Patterns, Quantity,
    patterns::{How, Known},
};
use std::collections::{BTreeMap, BTreeSet};

/// What was learnt of a module, bounded: about 10 KiB of an ordinary one, at most some hundred of one that does ever new things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Where the module's file was, for people: of several paths the first by name.
    pub path: Option<String>,
    /// Runs that were learnt from.
    pub runs: u32,
    /// How long they were watched, milliseconds.
    pub watched_ms: u64,
    /// Runs that were not learnt from, because something of high severity was detected in them.
    pub rejected: u32,
    /// Runs of which events were lost or withheld: they may have done more than is known.
    pub lossy: u32,
    pub(crate) patterns: [Patterns; Dimension::ALL.len()],
    pub(crate) quantities: BTreeMap<Quantity, Histogram>,
    pub(crate) allowed: BTreeSet<Edit>,
    pub(crate) denied: BTreeSet<Edit>,
}

impl Profile {
    /// What was seen in this respect.
    pub fn patterns(&self, dimension: Dimension) -> &Patterns {
        &self.patterns[dimension as usize]
    }

    /// What was measured, by quantity.
    pub fn quantities(&self) -> impl Iterator<Item = (Quantity, &Histogram)> {
        self.quantities.iter().map(|(quantity, values)| (*quantity, values))
    }

    /// What is usual because somebody said so.
    pub fn allowed(&self) -> impl Iterator<Item = &Edit> {
        self.allowed.iter()
    }

    /// What is never usual because somebody said so.
    pub fn denied(&self) -> impl Iterator<Item = &Edit> {
        self.denied.iter()
    }

    pub(crate) fn knows(&self, dimension: Dimension, pattern: &str, how: How) -> Known {
        self.patterns[dimension as usize].knows(dimension, pattern, how)
    }

    /// Takes in that this run did it; says how many bytes more it takes.
    pub(crate) fn note(&mut self, dimension: Dimension, pattern: &str, how: How) -> isize {
        self.patterns[dimension as usize].note(dimension, pattern, how)
    }

    pub(crate) fn measure(&mut self, quantity: Quantity, value: u64) {
        self.quantities.entry(quantity).or_default().add(value);
    }

    /// Takes in what another has learnt. It does not matter in which order profiles are joined.
    pub fn merge(&mut self, other: &Self) {
        self.path = match (self.path.take(), &other.path) {
            (Some(own), Some(other)) => Some(own.min(other.clone())),
            (own, other) => own.or_else(|| other.clone()),
        };
        self.runs = self.runs.saturating_add(other.runs);
        self.watched_ms = self.watched_ms.saturating_add(other.watched_ms);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.lossy = self.lossy.saturating_add(other.lossy);
        for dimension in Dimension::ALL {
            self.patterns[dimension as usize].merge(dimension, other.patterns(dimension));
        }
        for (quantity, values) in &other.quantities {
            self.quantities.entry(*quantity).or_default().merge(values);
        }
        self.allowed.extend(other.allowed.iter().cloned());
        self.denied.extend(other.denied.iter().cloned());
    }

    /// As one run that was watched for so long.
    pub(crate) fn of_one_run(&mut self, watched_ms: u64, lossy: bool) {
        (self.runs, self.watched_ms, self.lossy) = (1, watched_ms, u32::from(lossy));
        self.patterns.iter_mut().for_each(Patterns::of_one_run);
    }

    /// Heap bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        /// What a tree takes for a histogram or an edit beside its content.
        const ENTRY_BYTES: usize = 64;
        let patterns: usize = self.patterns.iter().map(Patterns::bytes).sum();
        let values: usize = self.quantities.values().map(|values| values.bytes() + ENTRY_BYTES).sum();
        let edits = self.allowed.iter().chain(&self.denied);
        patterns + values + edits.map(|edit| edit.pattern.len() + ENTRY_BYTES).sum::<usize>()
    }
}
