//! When to look again: soon and often after something happened, then ever more rarely, within a budget.
//!
//! Points in time are `CLOCK_MONOTONIC`, as durations since its zero.

use std::time::Duration;

/// Delays of the looks that follow a trigger. A runtime needs from 2 ms (cached code) to seconds (large modules) from
/// its exec to its first guest instruction; reservations and module reads trigger anew.
const AFTER_TRIGGER_MS: [u64; 8] = [0, 15, 40, 100, 200, 500, 1500, 4000];

/// The share of one core that sweeps may take: 0.05 %.
const SWEEP_BUDGET: u32 = 2000;

/// Least time between two sweep steps, and most.
const SWEEP_LEAST: Duration = Duration::from_millis(100);
const SWEEP_MOST: Duration = Duration::from_secs(10);

/// The looks that are still due after a trigger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Burst {
    triggered: Option<Duration>,
    done: usize,
}

impl Burst {
    pub(crate) fn start(now: Duration) -> Self {
        Self { triggered: Some(now), done: 0 }
    }

    /// When the next look is due, if any.
    pub(crate) fn next(&self) -> Option<Duration> {
        Some(self.triggered? + Duration::from_millis(*AFTER_TRIGGER_MS.get(self.done)?))
    }

    /// One look was made at `now`: all that were due until then are done.
    pub(crate) fn looked(&mut self, now: Duration) {
        while self.next().is_some_and(|due| due <= now) {
            self.done += 1;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.next().is_none()
    }

    /// Nothing more is to be learned soon.
    pub(crate) fn end(&mut self) {
        self.triggered = None;
    }
}

/// Spreads sweep steps so that their cost stays within the budget, whatever one step costs.
#[derive(Debug)]
pub(crate) struct Sweep {
    next: Duration,
}

impl Sweep {
    pub(crate) fn new(now: Duration) -> Self {
        Self { next: now + SWEEP_MOST }
    }

    pub(crate) fn next(&self) -> Duration {
        self.next
    }

    /// A step that took `cost` ended at `now`.
    pub(crate) fn stepped(&mut self, now: Duration, cost: Duration) {
        self.next = now + (cost * SWEEP_BUDGET).clamp(SWEEP_LEAST, SWEEP_MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_gets_slower_and_ends() {
        let start = Duration::from_secs(7);
        let mut burst = Burst::start(start);
        assert_eq!(burst.next(), Some(start));
        burst.looked(start);
        assert_eq!(burst.next(), Some(start + Duration::from_millis(15)));
        burst.looked(start + Duration::from_millis(150));
        assert_eq!(burst.next(), Some(start + Duration::from_millis(200)), "late looks are not made up for");
        burst.looked(start + Duration::from_secs(9));
        assert!(burst.is_over());
    }

    #[test]
    fn expensive_steps_come_rarely() {
        let now = Duration::from_secs(7);
        let mut sweep = Sweep::new(now);
        sweep.stepped(now, Duration::from_micros(150));
        assert_eq!(sweep.next(), now + Duration::from_millis(300));
        sweep.stepped(now, Duration::from_secs(1));
        assert_eq!(sweep.next(), now + SWEEP_MOST);
    }
}
