//! Snapshots to test with.

use crate::{
    AgentUsage, ByName, Direction, IoKind, IoUsage, QueueUsage, RuleInfo, Snapshot, Source, StageCount,
    WorkloadUsage,
};
use std::time::Duration;
use wasmscope_model::{BootId, Pid, ProbeState, ProcessKey, Sha256, WorkloadId};

/// Always the same answer.
pub(super) struct Fixed(pub(super) Snapshot);

impl Source for Fixed {
    fn snapshot(&self, _timeout: Duration) -> Option<Snapshot> {
        Some(self.0.clone())
    }
}

pub(super) fn id(pid: u32) -> WorkloadId {
    WorkloadId::new(&BootId("boot".into()), &ProcessKey::from_kernel(pid, 0, 0))
}

/// `count` names with falling amounts: `name0` has the most.
pub(super) fn names(prefix: &str, count: u64) -> ByName<u64> {
    (0..count).map(|n| (format!("{prefix}{n}").into(), 1_000_000_000 - n)).collect()
}

/// A workload of which everything is known.
pub(super) fn workload(pid: u32) -> WorkloadUsage {
    let io = |kind, direction| IoUsage { kind, direction, operations: 100_000, bytes: 1 << 33 };
    let text = |text: &str| Some(text.to_owned());
    WorkloadUsage {
        runtime: text("wasmtime"),
        version: text("50.0.1"),
        module: text("hello.wasm"),
        module_sha256: Some(Sha256::of(b"hello")),
        container: text(&"c0ffee01".repeat(8)),
        pod: text("1e2b3c4d-0000-4000-8000-123456789abc"),
        cpu_user: Some(Duration::from_millis(12_340)),
        cpu_system: Some(Duration::from_secs(2)),
        run_queue_wait: Some(Duration::from_micros(1_500)),
        threads: Some(4),
        resident_bytes: Some(64 << 20),
        linear_memory_bytes: Some(1 << 20),
        linear_memory_limit_bytes: Some(4 << 30),
        minor_faults: Some(1234),
        major_faults: Some(5),
        syscalls: vec![("read".into(), 7), ("epoll_wait".into(), 1_000_000)],
        syscall_errors: vec![("ENOENT".into(), 3)],
        io: [IoKind::File, IoKind::Network, IoKind::Stream]
            .into_iter()
            .flat_map(|kind| [io(kind, Direction::Read), io(kind, Direction::Write)])
            .collect(),
        open_descriptors: Some(12),
        traps: vec![("unreachable".into(), 1)],
        detections: vec![("path-escape".into(), 2)],
        events_withheld: Some(0),
        host_calls_denied: Some(1),
        guest_results: vec![("violations".into(), 1)],
        guest_cpu: vec![("hello.wasm".into(), Duration::from_secs(11))],
        outside_cpu: Some(Duration::from_millis(3_340)),
        ..WorkloadUsage::new(id(pid), Pid(pid))
    }
}

fn stage(family: &'static str, stage: &'static str, count: u64) -> StageCount {
    StageCount { family: family.into(), stage: stage.into(), count }
}

/// Two workloads, one of which nothing is known, and an agent of which everything is.
pub(super) fn full() -> Snapshot {
    let queue = |name: &'static str, length| QueueUsage { name: name.into(), length, capacity: 16_384 };
    Snapshot {
        workloads: vec![
            workload(4711),
            WorkloadUsage { running: false, ..WorkloadUsage::new(id(1), Pid(1)) },
        ],
        running: 3,
        started: vec![("wasmtime".into(), 4), ("unknown".into(), 1)],
        exited: vec![("code".into(), 1), ("signal".into(), 1)],
        workloads_not_exported: 2,
        agent: AgentUsage {
            version: "0.1.0".into(),
            events: vec![("workload.started".into(), 5)],
            losses: vec![stage("hint", "throttled", 9), stage("all", "output", 0)],
            records: vec![stage("hint", "seen", 100), stage("hint", "submitted", 91)],
            probes: vec![
                ("lifecycle".into(), ProbeState::Active),
                ("module_read".into(), ProbeState::Refused),
            ],
            queues: vec![queue("records", 17), queue("output", 0)],
            cpu: Some(Duration::from_millis(250)),
            resident_bytes: Some(20 << 20),
            detection_evictions: Some(0),
            undecided_acts: Some(0),
            rules: vec![RuleInfo {
                rule: "path-escape".into(),
                severity: "critical",
                maturity: "experimental",
            }],
        },
    }
}

/// That many workloads that each use as many names of everything as they like.
pub(super) fn fleet(workloads: u32, calls: u64, others: u64) -> Snapshot {
    let usage = |pid| WorkloadUsage {
        syscalls: names("a_long_system_call_", calls),
        syscall_errors: names("ELONGERROR", others),
        traps: names("a_long_kind_of_trap_", others),
        detections: names("a-long-name-of-a-rule-", others),
        // These the guest names as it likes.
        guest_results: names(&"r".repeat(60), others),
        guest_cpu: names(&format!("{}.wasm-", "m".repeat(60)), others)
            .into_iter()
            .map(|(name, n)| (name, Duration::from_nanos(n)))
            .collect(),
        module: Some("m".repeat(64)),
        ..workload(pid)
    };
    Snapshot { workloads: (1_000_000..1_000_000 + workloads).map(usage).collect(), ..full() }
}
