//! Where workloads spend their CPU time, sampled by clocks on their threads alone.

mod clock;
mod ring;

pub use ring::{Sample, SampleRing};

use crate::{
    LedgerRow, ledger,
    load::{attempt, slot},
    sensor::{active, degraded},
};
use clock::{Clock, Number};
use libbpf_rs::{
    MapHandle,
    skel::{OpenSkel as _, SkelBuilder as _},
};
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};
use skel::types::stage;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::fd::AsFd as _,
    time::Duration,
};
use wasmscope_model::ProbeReport;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/cpu_sample.skel.rs"));
}

pub(crate) const NAME: &str = "cpu_sample";
pub(crate) const SEES: &str = "which code workloads spend their CPU time in";
pub(crate) const COST: &str = "no guest profile: only how much CPU time a workload takes, not where";

/// Most clocks, and so file descriptors, for one process. What its other threads do is missing from the samples.
pub const MOST_CLOCKS: usize = 64;

/// Most times that the threads of a process are listed until no new one appeared.
const MOST_LISTS: usize = 16;

/// A clock that rings more often would slow down what it watches: see [`CpuSampler::USUAL_PERIOD`].
const LEAST_PERIOD: Duration = Duration::from_millis(1);

/// How much of a process is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Threads that have a clock of their own. Those that they start later inherit it.
    pub clocks: usize,
    /// Whether these are all threads; with more than [`MOST_CLOCKS`] they are not.
    pub complete: bool,
}

/// Why a process cannot be sampled. Nothing of it is sampled then.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Each thread of a process takes a descriptor.
    #[error(
        "no file descriptor is left to sample process {pid}: this process may have {limit} \
         (raise it: `ulimit -n`, systemd's LimitNOFILE=)"
    )]
    Descriptors {
        /// The process that was to be sampled.
        pid: u32,
        /// The soft limit of open files of our own process (`RLIMIT_NOFILE`).
        limit: u64,
    },
    /// It has ended.
    #[error("process {0} has ended")]
    Ended(u32),
    /// We never watch ourselves.
    #[error("a process does not sample itself")]
    Ourselves,
    /// The kernel does not let us.
    #[error("cannot sample process {pid}")]
    Refused {
        /// The process that was to be sampled.
        pid: u32,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// Samples the processes that were added. Dropping it ends all sampling.
///
/// Each thread has a clock of its own that starts with a whole period, so threads that take less CPU time than one period
/// until they end are not seen, and of others the last part of a period is missing.
///
/// Other processes are not interrupted; while any is sampled, each context switch of the host tests one pointer more.
pub struct CpuSampler {
    loaded: skel::ProbeSkel<'static>,
    period: Duration,
    turn: u32,
    processes: BTreeMap<u32, Vec<Clock>>,
}

impl std::fmt::Debug for CpuSampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuSampler").field("processes", &self.processes.len()).finish_non_exhaustive()
    }
}

impl CpuSampler {
    /// What to report once it is loaded.
    pub fn active() -> ProbeReport {
        active(NAME, SEES, false)
    }

    /// About 99 samples per second of CPU time, out of step with the kernel's ticks.
    ///
    /// Measured in a virtual machine, whose timers are expensive: 15 µs per sample, 0.15 % of a busy thread, with an
    /// empty program as with ours (`cost_of_sampling` in `tests/cpu_sample.rs`).
    pub const USUAL_PERIOD: Duration = Duration::from_micros(10_100);

    /// Loads the probe; one sample for each `period` of CPU time, which is at least 1 ms.
    ///
    /// # Errors
    /// The kernel refuses it; the report says why.
    pub fn load(period: Duration) -> Result<Self, Box<ProbeReport>> {
        attempt(|| {
            let loaded = skel::ProbeSkelBuilder::default().open(slot())?.load()?;
            let period = period.max(LEAST_PERIOD);
            // A kernel may know the program but not the clock: try it on this thread.
            drop(Clock::start(0, period, Number::default(), loaded.progs.on_clock.as_fd())?);
            Ok(Self { loaded, period, turn: 0, processes: BTreeMap::new() })
        })
        .map_err(|refusal| Box::new(degraded(NAME, COST, &refusal)))
    }

    /// Samples all threads of `pid` from now on, until [`remove`](Self::remove) or its next exec; a process that was
    /// added before starts anew. Call it while the process is pinned (an open `/proc/PID`).
    ///
    /// # Errors
    /// It has ended, is ourselves, the kernel does not allow it, or there are not enough descriptors.
    pub fn add(&mut self, pid: u32) -> Result<Coverage, SampleError> {
        self.remove(pid);
        if pid == std::process::id() {
            return Err(SampleError::Ourselves);
        }
        self.turn = self.turn.wrapping_add(1);
        let mut known = BTreeSet::new();
        let mut clocks = Vec::new();
        for _ in 0..MOST_LISTS {
            let mut new = 0;
            for tid in threads(pid)? {
                if !known.insert(tid) {
                    continue;
                }
                new += 1;
                if clocks.len() == MOST_CLOCKS {
                    return Ok(self.keep(pid, clocks, false));
                }
                let number = Number { turn: self.turn, clock: clocks.len() as u32 };
                match Clock::start(tid, self.period, number, self.loaded.progs.on_clock.as_fd()) {
                    Ok(clock) => clocks.push(clock),
                    // This thread has ended, which says nothing of the others.
                    Err(error) if is(&error, Errno::SRCH) => {}
                    Err(error) => return Err(failed(pid, error)),
                }
            }
            if new == 0 {
                return if clocks.is_empty() {
                    Err(SampleError::Ended(pid))
                } else {
                    Ok(self.keep(pid, clocks, true))
                };
            }
        }
        // It starts threads faster than we list them; those that our clocks cover inherit them.
        Ok(self.keep(pid, clocks, false))
    }

    fn keep(&mut self, pid: u32, clocks: Vec<Clock>, complete: bool) -> Coverage {
        let coverage = Coverage { clocks: clocks.len(), complete };
        self.processes.insert(pid, clocks);
        coverage
    }

    /// Ends sampling of `pid`: for one that has ended too, as its clocks hold descriptors until then.
    pub fn remove(&mut self, pid: u32) {
        self.processes.remove(&pid);
    }

    /// The ring that the samples come through, for the one thread that reads it.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn ring(&self) -> libbpf_rs::Result<SampleRing> {
        SampleRing::new(&MapHandle::try_from(&self.loaded.maps.sample_ring)?)
    }

    /// Samples that were due, passed to the ring, and lost as it was full. Nothing is throttled: CPU time bounds them.
    ///
    /// # Errors
    /// The kernel refuses to read the map, which it does not.
    pub fn ledger(&self) -> libbpf_rs::Result<LedgerRow> {
        let cell = |column: stage| ledger::sum(&self.loaded.maps.sample_ledger, column.0);
        Ok(LedgerRow {
            seen: cell(stage::STAGE_SEEN)?,
            submitted: cell(stage::STAGE_SUBMITTED)?,
            ring_full: cell(stage::STAGE_RING_FULL)?,
            ..LedgerRow::default()
        })
    }
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

fn failed(pid: u32, error: io::Error) -> SampleError {
    if is(&error, Errno::MFILE) || is(&error, Errno::NFILE) {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        SampleError::Descriptors { pid, limit }
    } else if is(&error, Errno::NOENT) || is(&error, Errno::SRCH) {
        SampleError::Ended(pid)
    } else {
        SampleError::Refused { pid, source: error }
    }
}

fn threads(pid: u32) -> Result<Vec<u32>, SampleError> {
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| failed(pid, error))? {
        let name = entry.map_err(|error| failed(pid, error))?.file_name();
        threads.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(threads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::time::{ClockId, clock_gettime};

    #[test]
    fn two_clocks_on_one_thread_count_once() {
        wasmscope_testkit::require_root!();
        let used = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("not negative");
        let sampler = CpuSampler::load(CpuSampler::USUAL_PERIOD).expect("root may");
        let mut ring = sampler.ring().expect("a ring");
        let program = || sampler.loaded.progs.on_clock.as_fd();
        let clocks = [0, 1, 2].map(|clock| {
            let number = Number { turn: 1, clock };
            Clock::start(0, sampler.period, number, program()).expect("a clock")
        });
        let start = used();
        while used() - start < Duration::from_millis(500) {}
        drop(clocks);
        let (mut sampled, own) = (Duration::ZERO, rustix::thread::gettid().as_raw_nonzero().get() as u32);
        ring.consume(|sample| {
            assert_eq!((sample.process.pid.0, sample.tid), (std::process::id(), own));
            sampled += Duration::from_nanos(sample.cpu_ns);
        })
        .expect("readable");
        assert!(sampled.abs_diff(used() - start) < Duration::from_millis(75), "{sampled:?}");
    }
}
