//! So many within a time.

use super::Full;
use std::collections::VecDeque;

/// Up to so many times are kept exactly.
const EXACT: u32 = 64;
/// Beyond, the window is cut into so many pieces: it can be longer by one of them than the rule says.
const PIECES: u64 = 32;

/// Counts events within a sliding window.
#[derive(Debug)]
pub(crate) struct Count {
    needed: u32,
    within: u64,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Times(VecDeque<u64>),
    /// Number of the piece, time of its first event, events in it.
    Pieces(VecDeque<(u64, u64, u64)>),
}

impl Count {
    pub(crate) fn new(needed: u32, within: u64) -> Self {
        let kept = if needed <= EXACT { Kept::Times(VecDeque::new()) } else { Kept::Pieces(VecDeque::new()) };
        Self { needed, within, kept }
    }

    pub(crate) fn add(&mut self, now: u64) -> Option<Full> {
        let from = now.saturating_sub(self.within);
        let (count, since) = match &mut self.kept {
            Kept::Times(times) => {
                times.push_back(now);
                while times.front().is_some_and(|time| *time < from) {
                    times.pop_front();
                }
                (times.len() as u64, *times.front().unwrap_or(&now))
            }
            Kept::Pieces(pieces) => {
                let width = (self.within / PIECES).max(1);
                let piece = now / width;
                match pieces.back_mut().filter(|last| last.0 == piece) {
                    Some(last) => last.2 += 1,
                    None => pieces.push_back((piece, now, 1)),
                }
                while pieces.front().is_some_and(|first| first.0 < from / width) {
                    pieces.pop_front();
                }
                (pieces.iter().map(|piece| piece.2).sum(), pieces.front().map_or(now, |first| first.1))
            }
        };
        if count < u64::from(self.needed) {
            return None;
        }
        match &mut self.kept {
            Kept::Times(times) => times.clear(),
            Kept::Pieces(pieces) => pieces.clear(),
        }
        Some(Full { count, since, events: Vec::new() })
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.kept {
            Kept::Times(times) => times.capacity() * size_of::<u64>(),
            Kept::Pieces(pieces) => pieces.capacity() * size_of::<(u64, u64, u64)>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn so_many_within_the_time_and_then_anew() {
        let mut three = Count::new(3, 10);
        assert_eq!([0, 5, 11].map(|at| three.add(at).is_some()), [false; 3], "the first is too old by then");
        let full = three.add(12).unwrap();
        assert_eq!((full.count, full.since), (3, 5));
        assert_eq!([13, 14].map(|at| three.add(at).is_some()), [false; 2]);
        assert!(three.add(14).is_some());
    }

    proptest! {
        #[test]
        fn in_pieces_the_window_is_never_shorter_and_at_most_one_piece_longer(
            steps in proptest::collection::vec(0u64..40, 1..400)
        ) {
            let (needed, within) = (65, 640);
            let mut count = Count::new(needed, within);
            let mut times: Vec<u64> = Vec::new();
            let mut now = 1_000_000;
            for step in steps {
                now += step;
                times.push(now);
                let within_the = |window: u64| times.iter().filter(|t| **t >= now - window).count() as u32;
                let (sure, possible) = (within_the(within) >= needed, within_the(within + within / PIECES) >= needed);
                let full = count.add(now).is_some();
                prop_assert!(!sure || full);
                prop_assert!(!full || possible);
                prop_assert!(count.bytes() < 2048);
                if full { times.clear() }
            }
        }
    }
}
