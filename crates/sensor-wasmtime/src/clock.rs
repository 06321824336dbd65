//! Time: cheap differences, and now and then the kernel's monotonic clock to hang them on.

use rustix::time::{ClockId, clock_gettime};

/// After so many nanoseconds the kernel is asked again, so that differences of the two clocks do not add up.
const ANCHOR_NS: u64 = 1_000_000_000;

/// Which clock is read.
#[derive(Debug, Clone)]
enum Source {
    /// The processor's counter where that is steady, which costs a fifth of the kernel's clock; else the kernel's.
    Counter(quanta::Clock),
    /// The kernel's, which needs no calibration.
    Kernel,
}

/// Reads times.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    source: Source,
    anchor: (u64, u64),
}

impl Clock {
    /// The processor's counter. The first one of a process is calibrated, for 0.2 s at most.
    pub(crate) fn counter() -> Self {
        let clock = quanta::Clock::new();
        let anchor = (clock.raw(), monotonic_ns());
        Self { source: Source::Counter(clock), anchor }
    }

    /// The kernel's clock.
    pub(crate) fn kernel() -> Self {
        Self { source: Source::Kernel, anchor: (0, 0) }
    }

    /// Whether its times are exactly those of the kernel's events.
    pub(crate) fn is_kernel(&self) -> bool {
        matches!(self.source, Source::Kernel)
    }

    /// Now, in units of its own.
    #[inline]
    pub(crate) fn raw(&self) -> u64 {
        match &self.source {
            Source::Counter(clock) => clock.raw(),
            Source::Kernel => monotonic_ns(),
        }
    }

    /// Nanoseconds since `start`, a [`raw`](Self::raw) time.
    #[inline]
    pub(crate) fn since(&self, start: u64) -> u64 {
        self.between(start, self.raw())
    }

    #[inline]
    fn between(&self, start: u64, end: u64) -> u64 {
        match &self.source {
            Source::Counter(clock) => clock.delta_as_nanos(start, end),
            Source::Kernel => end.saturating_sub(start),
        }
    }

    /// `CLOCK_MONOTONIC` at `raw`, in nanoseconds.
    pub(crate) fn monotonic_ns(&mut self, raw: u64) -> u64 {
        if matches!(self.source, Source::Kernel) {
            return raw;
        }
        let since = self.between(self.anchor.0, raw);
        if since < ANCHOR_NS {
            return self.anchor.1 + since;
        }
        self.anchor = (self.raw(), monotonic_ns());
        self.anchor.1.saturating_sub(self.between(raw, self.anchor.0))
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
        // The two clocks are read one after the other when anchored: some microseconds, more when preempted there.
        for (mut clock, slack) in [(Clock::counter(), 50_000_000), (Clock::kernel(), 0)] {
            let before = monotonic_ns();
            let raw = clock.raw();
            let after = monotonic_ns();
            let told = clock.monotonic_ns(raw);
            assert!((before - slack..=after + slack).contains(&told), "{before} {told} {after}");
            assert!(clock.since(raw) <= monotonic_ns() - before + slack);
        }
    }
}
