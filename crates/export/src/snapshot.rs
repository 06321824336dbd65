//! What is known at one moment: plain data, filled by the agent.
//!
//! Everything that can be unknown is an `Option` or may be an empty list, and gives no series then: an
//! unknown is never a zero. Times are [`Duration`]s because sums of them are exact, so that a counter which
//! is a sum never goes down by a rounding error.
//!
//! Every value told as a counter must not go down while its workload is listed, and a name once in a list
//! must stay in it. A workload that was once left out must not come back: what was chosen for it is forgotten.

use std::{borrow::Cow, time::Duration};
use wasmscope_model::{Pid, ProbeState, Sha256, WorkloadId};

/// Amounts by name, in any order. Equal names are added up. The name `other` stands for what the source
/// itself did not tell apart.
pub type ByName<T> = Vec<(Cow<'static, str>, T)>;

/// Everything one scrape tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// One entry per workload; where there are more than can be exported, the first are.
    pub workloads: Vec<WorkloadUsage>,
    /// Workloads that run now, whether listed in `workloads` or not.
    pub running: u64,
    /// Workloads recognised since the agent started, by runtime.
    pub started: ByName<u64>,
    /// Workloads that ended since the agent started, by how: `code`, `signal`, `exec`, `unseen`.
    pub exited: ByName<u64>,
    /// Workloads that the source knows and does not list.
    pub workloads_not_exported: u64,
    /// The agent itself.
    pub agent: AgentUsage,
}

/// What one workload is and what it used since its start, or since it was first seen where the measure
/// cannot look back.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadUsage {
    /// Which workload; an id that was already listed is ignored.
    pub id: WorkloadId,
    /// Its process.
    pub pid: Pid,
    /// False for one that ended and is told for the last times.
    pub running: bool,
    /// Start of its process, since the Unix epoch.
    pub process_started: Option<Duration>,
    /// When it was recognised, since the Unix epoch: nothing that the agent itself counts is older.
    pub recognised: Option<Duration>,
    /// Name of the runtime.
    pub runtime: Option<String>,
    /// Version of the runtime.
    pub version: Option<String>,
    /// Base name of the module's file, or its name; made harmless by [`label`](crate::label).
    pub module: Option<String>,
    /// SHA-256 of the module.
    pub module_sha256: Option<Sha256>,
    /// Container id.
    pub container: Option<String>,
    /// Pod UID.
    pub pod: Option<String>,
    /// CPU time in user mode.
    pub cpu_user: Option<Duration>,
    /// CPU time in the kernel.
    pub cpu_system: Option<Duration>,
    /// Time in which its threads could run and waited for a CPU.
    pub run_queue_wait: Option<Duration>,
    /// Threads now.
    pub threads: Option<u64>,
    /// Resident memory of the process now, in bytes.
    pub resident_bytes: Option<u64>,
    /// Current size of its linear memories, in bytes.
    pub linear_memory_bytes: Option<u64>,
    /// What its linear memories may grow to, in bytes.
    pub linear_memory_limit_bytes: Option<u64>,
    /// Page faults served without I/O.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for I/O.
    pub major_faults: Option<u64>,
    /// System calls by name.
    pub syscalls: ByName<u64>,
    /// Failed system calls by the name of their errno, e.g. `ENOENT`.
    pub syscall_errors: ByName<u64>,
    /// Reads and writes.
    pub io: Vec<IoUsage>,
    /// Open file descriptors now.
    pub open_descriptors: Option<u64>,
    /// Traps by kind.
    pub traps: ByName<u64>,
    /// Detections by rule.
    pub detections: ByName<u64>,
    /// Host calls that a policy refused, where hooks tell.
    pub host_calls_denied: Option<u64>,
    /// What instrumented modules in it count of themselves, by the name of the result.
    pub guest_results: ByName<u64>,
    /// Events about it that were not told because there were too many.
    pub events_withheld: Option<u64>,
    /// CPU time in guest code, by the module that the code belongs to.
    pub guest_cpu: ByName<Duration>,
    /// CPU time outside of guest code: in the runtime and its libraries.
    pub outside_cpu: Option<Duration>,
}

impl WorkloadUsage {
    /// A running workload of which nothing else is known.
    pub fn new(id: WorkloadId, pid: Pid) -> Self {
        Self {
            id,
            pid,
            running: true,
            process_started: None,
            recognised: None,
            runtime: None,
            version: None,
            module: None,
            module_sha256: None,
            container: None,
            pod: None,
            cpu_user: None,
            cpu_system: None,
            run_queue_wait: None,
            threads: None,
            resident_bytes: None,
            linear_memory_bytes: None,
            linear_memory_limit_bytes: None,
            minor_faults: None,
            major_faults: None,
            syscalls: Vec::new(),
            syscall_errors: Vec::new(),
            io: Vec::new(),
            open_descriptors: None,
            traps: Vec::new(),
            detections: Vec::new(),
            host_calls_denied: None,
            guest_results: Vec::new(),
            events_withheld: None,
            guest_cpu: Vec::new(),
            outside_cpu: None,
        }
    }
}

/// What is read from or written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IoKind {
    /// Regular files.
    File,
    /// Internet sockets.
    Network,
    /// Pipes, terminals, local sockets.
    Stream,
}

impl IoKind {
    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Network => "network",
            Self::Stream => "stream",
        }
    }
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Into the workload.
    Read,
    /// Out of it.
    Write,
}

impl Direction {
    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Reads or writes of one kind. Equal kinds and directions are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoUsage {
    /// Of what.
    pub kind: IoKind,
    /// Which way.
    pub direction: Direction,
    /// How many succeeded.
    pub operations: u64,
    /// How much they moved, in bytes.
    pub bytes: u64,
}

/// The agent's own state. Its names are the agent's own words, never the observed's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentUsage {
    /// Version of wasmscope.
    pub version: Cow<'static, str>,
    /// Events told, by `event.name`.
    pub events: ByName<u64>,
    /// Losses by cause, as in `sensor.lost`.
    pub losses: Vec<StageCount>,
    /// The way of the records: how many reached each stage, e.g. `seen`, `submitted`, `decoded`.
    pub records: Vec<StageCount>,
    /// State of each probe.
    pub probes: Vec<(Cow<'static, str>, ProbeState)>,
    /// Queues between the agent's threads.
    pub queues: Vec<QueueUsage>,
    /// CPU time of the agent.
    pub cpu: Option<Duration>,
    /// Resident memory of the agent now, in bytes.
    pub resident_bytes: Option<u64>,
    /// Workloads whose windows of rules were forgotten before they ended.
    pub detection_evictions: Option<u64>,
    /// Acts of hooked workloads of which it could not be said whether a host call explains them.
    pub undecided_acts: Option<u64>,
    /// The rules that events are shown to. Ids are as rules are allowed to have them, and unique.
    pub rules: Vec<RuleInfo>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its id, the `rule` of its detections.
    pub rule: String,
    /// How bad it is what it states: `info` to `critical`.
    pub severity: &'static str,
    /// `experimental`, `incubating`, `stable`.
    pub maturity: &'static str,
}

/// A number of records at one stage. Equal families and stages are added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageCount {
    /// Family of records, e.g. `lifecycle`, `hint`, `all`.
    pub family: Cow<'static, str>,
    /// Stage, e.g. `ring_full`.
    pub stage: Cow<'static, str>,
    /// How many since the agent started.
    pub count: u64,
}

/// One bounded queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUsage {
    /// Its name; a name that was already listed is ignored.
    pub name: Cow<'static, str>,
    /// Entries that wait now.
    pub length: u64,
    /// Entries that can wait.
    pub capacity: u64,
}
