//! How much is too much.

/// Bounds for the calls that a rule matches, for each instance by itself. Bytes are those read and written; the call
/// that reaches a bound of bytes still succeeds, the next one is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    pub(crate) calls: Option<u64>,
    pub(crate) per_second: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) bytes_per_second: Option<u64>,
}

impl Limit {
    /// At most so many calls.
    #[must_use]
    pub fn calls(self, calls: u64) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// At most so many calls within a second. Seconds begin with the first call after the last one is over.
    #[must_use]
    pub fn calls_per_second(self, calls: u64) -> Self {
        Self { per_second: Some(calls), ..self }
    }

    /// At most so many bytes.
    #[must_use]
    pub fn bytes(self, bytes: u64) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    /// At most so many bytes within a second.
    #[must_use]
    pub fn bytes_per_second(self, bytes: u64) -> Self {
        Self { bytes_per_second: Some(bytes), ..self }
    }
}

/// What was used of a limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    calls: u64,
    bytes: u64,
    second: u64,
    calls_in_second: u64,
    bytes_in_second: u64,
}

impl Used {
    /// Whether another call that gives `bytes` is within the limit at `now`, in nanoseconds.
    pub(crate) fn has_room(&mut self, limit: &Limit, now: u64, bytes: u64) -> bool {
        if now.saturating_sub(self.second) >= 1_000_000_000 {
            (self.second, self.calls_in_second, self.bytes_in_second) = (now, 0, 0);
        }
        let below = |used: u64, bound: Option<u64>| bound.is_none_or(|bound| used < bound);
        let fits = |used: u64, bound: Option<u64>| {
            bound.is_none_or(|bound| used < bound && used.saturating_add(bytes) <= bound)
        };
        below(self.calls, limit.calls)
            && below(self.calls_in_second, limit.per_second)
            && fits(self.bytes, limit.bytes)
            && fits(self.bytes_in_second, limit.bytes_per_second)
    }

    pub(crate) fn call(&mut self) {
        self.calls += 1;
        self.calls_in_second += 1;
    }

    pub(crate) fn moved(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes_in_second = self.bytes_in_second.saturating_add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_room_again_in_the_next_second() {
        let limit = Limit::default().calls_per_second(2);
        let mut used = Used::default();
        let mut call = |now| {
            let room = used.has_room(&limit, now, 0);
            if room {
                used.call();
            }
            room
        };
        let start = 5_000_000_000;
        assert_eq!([call(start), call(start + 1), call(start + 2)], [true, true, false]);
        assert!(!call(start + 999_999_999));
        assert!(call(start + 1_000_000_000));
    }

    #[test]
    fn bytes_that_are_known_before_must_fit_and_others_are_counted_after() {
        let limit = Limit::default().bytes(10);
        let mut used = Used::default();
        assert!(!used.has_room(&limit, 0, 11));
        assert!(used.has_room(&limit, 0, 10));
        used.moved(9);
        assert!(used.has_room(&limit, 0, 0));
        used.moved(100);
        assert!(!used.has_room(&limit, 0, 0));
    }
}
