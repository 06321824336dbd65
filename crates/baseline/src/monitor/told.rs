//! Nobody is told the same again and again.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// The same is told once in this time, nanoseconds.
const SUPPRESS_NS: u64 = 600_000_000_000;
/// Different things that one workload is told of in this time.
const MOST: usize = 32;
/// Detections of one rule a minute, of all workloads together.
const MOST_A_MINUTE: u32 = 60;
const MINUTE_NS: u64 = 60_000_000_000;

/// What was told of a workload.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<(u64, u64, u64)>);

impl Told {
    /// Whether this is to be told now, and how many of the same were withheld since it last was.
    pub(super) fn may_tell(&mut self, what: impl Hash, now: u64) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let what = hasher.finish();
        if let Some((_, at, withheld)) = self.0.iter_mut().find(|(told, ..)| *told == what) {
            if now.saturating_sub(*at) < SUPPRESS_NS {
                *withheld += 1;
                return None;
            }
            *at = now;
            return Some(std::mem::take(withheld));
        }
        if self.0.len() == MOST {
            self.0.retain(|(_, at, _)| now.saturating_sub(*at) < SUPPRESS_NS);
        }
        (self.0.len() < MOST).then(|| {
            self.0.push((what, now, 0));
            0
        })
    }
}

/// How much a rule has told in this minute.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limiter {
    since: u64,
    told: u32,
}

impl Limiter {
    pub(super) fn allows(&mut self, now: u64) -> bool {
        if now < self.since || now - self.since >= MINUTE_NS {
            (self.since, self.told) = (now, 0);
        }
        self.told += 1;
        self.told <= MOST_A_MINUTE
    }
}
