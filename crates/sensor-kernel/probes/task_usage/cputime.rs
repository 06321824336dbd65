//! Splitting precise run time into user and system time.

/// CPU time in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CpuTime {
    pub(super) user: u64,
    pub(super) system: u64,
}

/// Splits `runtime` as the timer ticks were split, and takes nothing back of what was said before.
///
/// The scheduler knows precisely how long a process ran; in which mode, only the ticks tell, some hundred times a
/// second. This is the kernel's own answer for `/proc/PID/stat` (`cputime_adjust` in kernel/sched/cputime.c).
pub(super) fn split(ticks: CpuTime, runtime: u64, before: CpuTime) -> CpuTime {
    if before.user.saturating_add(before.system) >= runtime {
        return before;
    }
    let system = if ticks.system == 0 {
        0
    } else if ticks.user == 0 {
        runtime
    } else {
        let all = u128::from(ticks.user) + u128::from(ticks.system);
        // At most `runtime`.
        (u128::from(ticks.system) * u128::from(runtime) / all) as u64
    };
    // Neither falls; both together are the run time.
    let system = system.max(before.system).min(runtime - before.user);
    CpuTime { user: runtime - system, system }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTHING: CpuTime = CpuTime { user: 0, system: 0 };

    #[test]
    fn run_time_is_split_like_the_ticks() {
        assert_eq!(
            split(CpuTime { user: 30, system: 10 }, 1000, NOTHING),
            CpuTime { user: 750, system: 250 }
        );
        assert_eq!(split(CpuTime { user: 0, system: 10 }, 7, NOTHING), CpuTime { user: 0, system: 7 });
        assert_eq!(split(NOTHING, 7, NOTHING), CpuTime { user: 7, system: 0 });
    }

    #[test]
    fn what_was_said_stands() {
        let before = CpuTime { user: 60, system: 40 };
        assert_eq!(split(CpuTime { user: 99, system: 1 }, 110, before), CpuTime { user: 70, system: 40 });
        assert_eq!(split(CpuTime { user: 1, system: 99 }, 110, before), CpuTime { user: 60, system: 50 });
        assert_eq!(split(CpuTime { user: 1, system: 1 }, 90, before), before);
    }

    proptest! {
        #[test]
        fn neither_falls_and_the_sum_is_exact(
            user: u64, system: u64, first in 0..u64::MAX, more: u64, user2: u64, system2: u64,
        ) {
            let before = split(CpuTime { user, system }, first, NOTHING);
            prop_assert_eq!(before.user + before.system, first);
            let runtime = first.saturating_add(more);
            let now = split(CpuTime { user: user2, system: system2 }, runtime, before);
            prop_assert!(now.user >= before.user && now.system >= before.system);
            prop_assert_eq!(u128::from(now.user) + u128::from(now.system), u128::from(runtime));
        }
    }
}
