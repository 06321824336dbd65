//! What processes cost: CPU time, waiting, memory, faults, descriptors of all that are asked for, in one pass.

mod cputime;

use crate::{
    Ended,
    load::{attempt, slot},
    record::{AnyBytes, view},
    sensor::{active, degraded},
};
use cputime::{CpuTime, split};
use libbpf_rs::{
    Iter, IterOpts, Link, MapCore as _, MapFlags,
    skel::{OpenSkel as _, SkelBuilder as _},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{ErrorKind, Read as _},
    time::Duration,
};
use wasmscope_model::{ProbeReport, ProcessKey};

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/task_usage.skel.rs"));
}
use skel::types::usage_record;

pub(crate) const NAME: &str = "task_usage";
pub(crate) const SEES: &str =
    "CPU time, waiting, memory, faults and descriptors of every workload, in one pass";
pub(crate) const COST: &str =
    "what workloads cost is not known, or has to be read from /proc process by process, which takes longer";

/// Most processes in one pass: `MOST_WANTED` in `probe.bpf.c`. More take further passes.
const MOST_WANTED: usize = 4096;

/// `RUN_DELAY_UNKNOWN` in `usage.h`.
const RUN_DELAY_UNKNOWN: u64 = u64::MAX;

// SAFETY: integers only.
unsafe impl AnyBytes for usage_record {}

/// What one process has cost since it started, and what it holds now.
///
/// As `/proc/PID/stat`, `status` and `schedstat` have it, summed over the threads in one consistent moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUsage {
    /// The process.
    pub process: ProcessKey,
    /// When it was read: `CLOCK_MONOTONIC`, in nanoseconds.
    pub monotonic_ns: u64,
    /// CPU time in user mode, of living and ended threads. `cpu_user + cpu_system` is the scheduler's run time, exact
    /// to the microseconds since the last switch or tick; the split follows what the timer ticks found, as in `/proc`.
    pub cpu_user: Duration,
    /// CPU time in the kernel, likewise.
    pub cpu_system: Duration,
    /// How long **living** threads have waited for a CPU although they could run; `None` where the kernel does not
    /// keep it (no `CONFIG_SCHED_INFO`). The kernel forgets a thread's when the thread ends, so this may fall: add up
    /// `run_delay_of` (`bpf/run_delay.bpf.h`) at `sched_process_exit` to have the whole.
    pub run_queue_wait: Option<Duration>,
    /// Threads.
    pub threads: u32,
    /// Resident memory in bytes: file, anonymous and shared pages (`VmRSS`), without huge pages of hugetlbfs.
    pub resident_bytes: u64,
    /// Page faults served from memory, of living and ended threads.
    pub minor_faults: u64,
    /// Page faults that had to wait for a device, likewise.
    pub major_faults: u64,
    /// Open file descriptors; the first 1,048,576 slots of the table are counted.
    pub open_descriptors: u32,
}

/// Counters of the last pass: none may fall.
#[derive(Debug, Clone, Copy)]
struct Before {
    process: ProcessKey,
    cpu: CpuTime,
    minor_faults: u64,
    major_faults: u64,
}

/// The CPU time in user and system mode of a process that has ended, where `before` was told of it while it ran.
pub fn cpu_time(ended: &Ended, before: (Duration, Duration)) -> (Duration, Duration) {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let cpu = |user, system| CpuTime { user: ns(user), system: ns(system) };
    let now = split(cpu(ended.user_ticks, ended.system_ticks), ns(ended.run_time), cpu(before.0, before.1));
    (Duration::from_nanos(now.user), Duration::from_nanos(now.system))
}

/// The iterator, loaded once and read again for each pass.
pub struct TaskUsage {
    loaded: skel::ProbeSkel<'static>,
    link: Link,
    page_bytes: u64,
    /// What the map `wanted` holds.
    wanted: BTreeSet<u32>,
    before: BTreeMap<u32, Before>,
}

impl std::fmt::Debug for TaskUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskUsage").field("wanted", &self.wanted.len()).finish_non_exhaustive()
    }
}

impl TaskUsage {
    /// What to report once it is loaded.
    pub fn active() -> ProbeReport {
        active(NAME, SEES, false)
    }

    /// Loads the probe. Nothing runs in the kernel between passes.
    ///
    /// # Errors
    /// The kernel refuses it; the report says why.
    pub fn load() -> Result<Self, Box<ProbeReport>> {
        attempt(|| {
            let mut open = skel::ProbeSkelBuilder::default().open(slot())?;
            let rodata = open.maps.rodata_data.as_deref_mut().expect("the probe has constants");
            rodata.own_pid = std::process::id();
            rodata.possible_cpus = u32::try_from(libbpf_rs::num_possible_cpus()?).unwrap_or(1);
            let loaded = open.load()?;
            let link = loaded.progs.on_task.attach_iter_with_opts(IterOpts::None)?;
            let page_bytes = rustix::param::page_size() as u64;
            Ok(Self { loaded, link, page_bytes, wanted: BTreeSet::new(), before: BTreeMap::new() })
        })
        .map_err(|refusal| Box::new(degraded(NAME, COST, &refusal)))
    }

    /// What these processes have cost until now, in the order of their threads' ids. Our own process, and those that
    /// have ended, are left out. Compare the start in [`ProcessUsage::process`]: an id may be another process's now.
    ///
    /// A pass goes over all tasks of the host, but reads nothing of those that are not asked for.
    ///
    /// # Errors
    /// The kernel has no memory or file descriptor left.
    pub fn usage(&mut self, pids: &[u32]) -> libbpf_rs::Result<Vec<ProcessUsage>> {
        let asked: BTreeSet<u32> = pids.iter().copied().collect();
        self.before.retain(|pid, _| asked.contains(pid));
        let asked: Vec<u32> = asked.into_iter().collect();
        let mut found = Vec::with_capacity(asked.len());
        for part in asked.chunks(MOST_WANTED) {
            self.want(part.iter().copied().collect())?;
            self.pass(&mut found)?;
        }
        Ok(found)
    }

    /// Makes the map hold these, with as few system calls as it takes: mostly none.
    fn want(&mut self, pids: BTreeSet<u32>) -> libbpf_rs::Result<()> {
        let map = &self.loaded.maps.wanted;
        for pid in self.wanted.difference(&pids) {
            map.delete(&pid.to_ne_bytes())?;
        }
        self.wanted.retain(|pid| pids.contains(pid));
        let new: Vec<u32> = pids.difference(&self.wanted).copied().collect();
        if !new.is_empty() {
            let keys: Vec<u8> = new.iter().flat_map(|pid| pid.to_ne_bytes()).collect();
            let count = u32::try_from(new.len()).expect("at most MOST_WANTED");
            map.update_batch(&keys, &vec![0; keys.len()], count, MapFlags::ANY, MapFlags::ANY)?;
        }
        self.wanted = pids;
        Ok(())
    }

    fn pass(&mut self, found: &mut Vec<ProcessUsage>) -> libbpf_rs::Result<()> {
        const BYTES: usize = size_of::<usage_record>();
        if self.wanted.is_empty() {
            return Ok(());
        }
        let mut iter = Iter::new(&self.link)?;
        let mut buffer = [0; 32 * 1024];
        let mut kept = 0;
        loop {
            let read = match iter.read(&mut buffer[kept..]) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                // After a million tasks without a word the kernel takes a breath (kernel/bpf/bpf_iter.c).
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // A read may end inside a record: keep the rest for the next.
            let filled = kept + read;
            let whole = filled - filled % BYTES;
            for record in buffer[..whole].chunks_exact(BYTES).filter_map(view::<usage_record>) {
                found.push(self.understand(&record));
            }
            buffer.copy_within(whole..filled, 0);
            kept = filled - whole;
        }
    }

    fn understand(&mut self, record: &usage_record) -> ProcessUsage {
        let process = ProcessKey::from_kernel(record.pid, record.start_ns, record.start_stack);
        let before = self.before.get(&record.pid).filter(|before| before.process == process);
        let ticks = CpuTime { user: record.utime_ns, system: record.stime_ns };
        let now = Before {
            process,
            cpu: split(ticks, record.runtime_ns, before.map(|b| b.cpu).unwrap_or_default()),
            minor_faults: record.minor_faults.max(before.map_or(0, |b| b.minor_faults)),
            major_faults: record.major_faults.max(before.map_or(0, |b| b.major_faults)),
        };
        self.before.insert(record.pid, now);
        let wait = record.run_delay_ns;
        ProcessUsage {
            process,
            monotonic_ns: record.time_ns,
            cpu_user: Duration::from_nanos(now.cpu.user),
            cpu_system: Duration::from_nanos(now.cpu.system),
            run_queue_wait: (wait != RUN_DELAY_UNKNOWN).then(|| Duration::from_nanos(wait)),
            threads: record.threads,
            resident_bytes: record.resident_pages.saturating_mul(self.page_bytes),
            minor_faults: now.minor_faults,
            major_faults: now.major_faults,
            open_descriptors: u32::try_from(record.open_descriptors).unwrap_or(u32::MAX),
        }
    }
}
