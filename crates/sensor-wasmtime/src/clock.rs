//! Time: cheap differences, and now and then the kernel's monotonic clock to hang them on.

use rustix::time::{ClockId, clock_gettime};

/// After so many nanoseconds the kernel is asked again, so that differences of the two clocks do not add up.
const ANCHOR_NS: u64 = 1_000_000_000;

/// Reads the processor's counter where that is steady (a fifth of the price of the kernel's clock), else the kernel's.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    clock: quanta::Clock,
    anchor: (u64, u64),
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock = quanta::Clock::new();
        let anchor = (clock.raw(), monotonic_ns());
        Self { clock, anchor }
    }

    /// Now, in units of its own.
    #[inline]
    pub(crate) fn raw(&self) -> u64 {
        self.clock.raw()
    }

    /// Nanoseconds since `start`, a [`raw`](Self::raw) time.
    #[inline]
    pub(crate) fn since(&self, start: u64) -> u64 {
        self.clock.delta_as_nanos(start, self.clock.raw())
    }

    /// `CLOCK_MONOTONIC` at `raw`, in nanoseconds.
    pub(crate) fn monotonic_ns(&mut self, raw: u64) -> u64 {
        let since = self.clock.delta_as_nanos(self.anchor.0, raw);
        if since < ANCHOR_NS {
            return self.anchor.1 + since;
        }
        self.anchor = (self.clock.raw(), monotonic_ns());
        self.anchor.1 - self.clock.delta_as_nanos(raw, self.anchor.0)
    }
}

/// `CLOCK_MONOTONIC` in nanoseconds.
pub(crate) fn monotonic_ns() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// CPU time of the calling thread in nanoseconds. A system call.
pub(crate) fn thread_cpu_ns() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Neither clock is ever negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lie_between_readings_of_the_kernels_clock() {
        let mut clock = Clock::new();
        let before = monotonic_ns();
        let raw = clock.raw();
        let after = monotonic_ns();
        let told = clock.monotonic_ns(raw);
        // The two clocks are read one after the other when anchored: some microseconds, more when preempted there.
        let slack = 50_000_000;
        assert!((before - slack..=after + slack).contains(&told), "{before} {told} {after}");
    }
}
