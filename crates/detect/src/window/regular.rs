//! The same again and again, at even distances: a beacon.

use super::Full;
use std::collections::VecDeque;

/// Values of which the times are kept; the one that was seen longest ago goes first.
const VALUES: usize = 16;
/// What comes faster than this is traffic, not a beacon: 500 ms.
const LEAST_GAP: f64 = 5e8;

/// Times by value.
#[derive(Debug)]
pub(crate) struct Regular {
    needed: u32,
    spread: f64,
    within: u64,
    values: VecDeque<(u64, VecDeque<u64>)>,
}

impl Regular {
    pub(crate) fn new(needed: u32, spread: f64, within: u64) -> Self {
        Self { needed, spread, within, values: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, now: u64, value: u64) -> Option<Full> {
        let known = self.values.iter().position(|(other, _)| *other == value);
        let mut entry = known.and_then(|at| self.values.remove(at)).unwrap_or((value, VecDeque::new()));
        let times = &mut entry.1;
        times.push_back(now);
        while times.len() > self.needed as usize
            || times.front().is_some_and(|time| *time < now.saturating_sub(self.within))
        {
            times.pop_front();
        }
        if times.len() == self.needed as usize && self.is_even(times) {
            return Some(Full { count: times.len() as u64, since: times[0], events: Vec::new() });
        }
        if self.values.len() == VALUES {
            self.values.pop_front();
        }
        self.values.push_back(entry);
        None
    }

    /// Is the standard deviation of the distances no more than the allowed share of their mean?
    fn is_even(&self, times: &VecDeque<u64>) -> bool {
        let gaps = times.iter().zip(times.iter().skip(1)).map(|(a, b)| (b - a) as f64);
        let n = (times.len() - 1) as f64;
        let mean = gaps.clone().sum::<f64>() / n;
        let variance = gaps.map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
        mean >= LEAST_GAP && variance.sqrt() <= self.spread * mean
    }

    pub(crate) fn bytes(&self) -> usize {
        let times: usize = self.values.iter().map(|(_, times)| times.capacity()).sum();
        times * size_of::<u64>() + self.values.capacity() * size_of::<(u64, VecDeque<u64>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn even_distances_are_told_from_uneven_ones_and_from_traffic() {
        let run = |gaps: &[u64]| {
            let (mut regular, mut now) = (Regular::new(5, 0.1, 1000 * SECOND), SECOND);
            let mut full = regular.add(now, 7).is_some();
            for gap in gaps {
                now += gap;
                regular.add(now, now); // others in between
                full |= regular.add(now, 7).is_some();
            }
            full
        };
        assert!(run(&[10 * SECOND, 10 * SECOND + SECOND / 2, 10 * SECOND, 9 * SECOND + SECOND / 2]));
        assert!(!run(&[10 * SECOND, 20 * SECOND, 5 * SECOND, 10 * SECOND]));
        assert!(!run(&[SECOND / 100; 8]));
        assert!(!run(&[400 * SECOND; 4]), "beyond the window");
    }

    #[test]
    fn many_values_need_no_more_memory() {
        let mut regular = Regular::new(10, 0.1, SECOND);
        (0..10_000).for_each(|n| drop(regular.add(n, n)));
        assert!(regular.bytes() < 8192, "{}", regular.bytes());
    }
}
