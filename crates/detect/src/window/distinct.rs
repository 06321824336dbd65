//! So many different values within a time.

use super::Full;

/// Remembers when each value was last seen; never more values than are needed.
#[derive(Debug)]
pub(crate) struct Distinct {
    needed: u32,
    within: u64,
    /// Value, last seen; the order is that of `last seen`.
    seen: Vec<(u64, u64)>,
    events: u64,
}

impl Distinct {
    pub(crate) fn new(needed: u32, within: u64) -> Self {
        Self { needed, within, seen: Vec::new(), events: 0 }
    }

    pub(crate) fn add(&mut self, now: u64, value: u64) -> Option<Full> {
        let from = now.saturating_sub(self.within);
        self.seen.retain(|(_, last)| *last >= from);
        if self.seen.is_empty() {
            self.events = 0;
        }
        self.seen.retain(|(other, _)| *other != value);
        self.events += 1;
        self.seen.push((value, now));
        if self.seen.len() < self.needed as usize {
            return None;
        }
        let full = Full { count: self.events, since: self.seen[0].1, events: Vec::new() };
        self.seen.clear();
        Some(full)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.seen.capacity() * size_of::<(u64, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_values_of_the_time_count() {
        let mut three = Distinct::new(3, 10);
        let calls = [(0, 1), (1, 1), (2, 2), (11, 1), (13, 3)];
        assert_eq!(
            calls.map(|(now, value)| three.add(now, value).is_some()),
            [false; 5],
            "2 is too old by then"
        );
        let full = three.add(14, 2).unwrap();
        assert_eq!((full.count, full.since), (6, 11));
        assert!(three.add(15, 9).is_none());
    }
}
