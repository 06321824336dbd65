//! When to try again.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp-throttling> and `#failures`: exponential, with jitter, and what the
//! collector asks for is obeyed.

use std::time::Duration;

/// How long to wait after failures.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first.
    pub first: Duration,
    /// At most, however many there were.
    pub most: Duration,
    /// The most that a collector can ask for: one that is wrong about its clock must not silence an agent for good.
    pub most_asked: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(30),
            most_asked: Duration::from_secs(300),
        }
    }
}

impl Backoff {
    /// The wait after `failures` in a row (1 or more). `random` from 0 to 1 spreads it over its upper half, so that agents
    /// that lost one collector do not come back all at once.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>, random: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let own = doubled.min(self.most).mul_f64(0.5 + random / 2.0);
        // Not earlier than asked, and not all at the same moment after it.
        asked.map_or(own, |asked| asked.min(self.most_asked) + own.min(self.first))
    }
}

/// Reads `Retry-After`: a number of seconds, or a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(text: &str, now: Duration) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let at = Duration::from_secs(u64::try_from(date.as_second()).ok()?);
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_bound_and_obey_the_collector() {
        let backoff = Backoff::default();
        let seconds = |failures, random| backoff.wait(failures, None, random).as_secs_f64();
        assert_eq!(
            [seconds(1, 1.0), seconds(2, 1.0), seconds(5, 1.0), seconds(6, 1.0)],
            [1.0, 2.0, 16.0, 30.0]
        );
        assert_eq!([seconds(1, 0.0), seconds(400, 0.0)], [0.5, 15.0]);
        let asked = |seconds| backoff.wait(1, Some(Duration::from_secs(seconds)), 0.0).as_secs_f64();
        assert_eq!([asked(7), asked(1_000_000_000)], [7.5, 300.5]);
    }

    #[test]
    fn both_forms_of_retry_after_are_understood() {
        let now = Duration::from_secs(1_445_412_480 - 20);
        assert_eq!(retry_after(" 120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(20)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
