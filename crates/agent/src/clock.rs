//! One clock for order, another for people.

use std::time::Duration;
use wasmscope_model::{Event, EventKind, event::FORMAT};
pub use wasmscope_sensor_proc::monotonic;

/// Translates monotonic time to wall-clock time as of the last [`refresh`](Self::refresh), so that the events of one
/// batch keep their distances even if the host's clock steps between them.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall_minus_monotonic: Duration,
}

impl Default for Clock {
    fn default() -> Self {
        let mut clock = Self { wall_minus_monotonic: Duration::ZERO };
        clock.refresh();
        clock
    }
}

impl Clock {
    /// Follows the host's clock.
    pub fn refresh(&mut self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let wall =
            Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0));
        self.wall_minus_monotonic = wall.saturating_sub(monotonic());
    }

    /// A clock that showed `offset` when monotonic time was zero.
    pub(crate) fn at(offset: Duration) -> Self {
        Self { wall_minus_monotonic: offset }
    }

    /// The wall-clock time when monotonic time was zero.
    pub(crate) fn offset(&self) -> Duration {
        self.wall_minus_monotonic
    }

    /// What happened `at` this time, as it goes out.
    pub(crate) fn event(&self, at: Duration, kind: EventKind) -> Event {
        Event {
            format: FORMAT,
            time: self.wall(at),
            monotonic_ns: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
            kind,
        }
    }

    /// RFC 3339, UTC, microseconds.
    pub fn wall(&self, at: Duration) -> String {
        let since_epoch = self.wall_minus_monotonic + at;
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_microsecond(micros) {
            Ok(time) => format!("{time:.6}"),
            Err(_) => format!("{}", jiff::Timestamp::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_has_microseconds_and_a_zone() {
        let clock = Clock { wall_minus_monotonic: Duration::from_secs(1_700_000_000) };
        assert_eq!(clock.wall(Duration::from_millis(1500)), "2023-11-14T22:13:21.500000Z");
        assert!(Clock::default().wall(monotonic()).starts_with("20"));
    }
    #[test]
    fn a_step_of_the_hosts_clock_changes_times_of_later_batches_only() {
        let at = Duration::from_secs;
        let before = Clock { wall_minus_monotonic: at(1_700_000_000) };
        let batch = [before.wall(at(10)), before.wall(at(11))];
        assert_eq!(
            batch,
            ["2023-11-14T22:13:30.000000Z", "2023-11-14T22:13:31.000000Z"],
            "they keep their distance"
        );
        // An hour back: what happened later is told as earlier, which is why order is another clock's.
        let after = Clock { wall_minus_monotonic: at(1_700_000_000 - 3600) };
        assert_eq!(after.wall(at(12)), "2023-11-14T21:13:32.000000Z");
        // Before 1970, or beyond any date: still a time.
        let mut odd = Clock { wall_minus_monotonic: Duration::MAX / 2 };
        assert_eq!(odd.wall(at(1)).len(), "9999-12-30T22:00:00.999999999Z".len());
        odd.refresh();
        assert!(odd.wall(monotonic()).starts_with("20"), "{}", odd.wall(monotonic()));
    }
}
