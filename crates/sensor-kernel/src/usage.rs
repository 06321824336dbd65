//! What a workload has asked of the kernel, as counted there.

use crate::{
    calls::{self, CALL_OTHER, Class},
    calls_probe::types::io_kind,
    lifecycle::types,
    record::view,
};
use std::time::Duration;

/// Operations and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Io {
    /// Calls that succeeded.
    pub operations: u64,
    /// What they moved.
    pub bytes: u64,
}

/// What one workload has done since it is measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// System calls by name, those that occurred; `other` are those without a name, and those of another ABI.
    pub calls: Vec<(&'static str, u64)>,
    /// Errors by name, those that occurred.
    pub errors: Vec<(&'static str, u64)>,
    /// Read from files, network, and streams (pipes, terminals, local sockets).
    pub reads: [Io; 3],
    /// Written to them.
    pub writes: [Io; 3],
    /// How long threads that have ended had waited for a processor.
    pub ended_run_delay: Duration,
    /// The process's whole account, once it has ended.
    pub ended: Option<Ended>,
}

/// What a process has cost from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// User time, by ticks.
    pub user_ticks: Duration,
    /// System time, by ticks.
    pub system_ticks: Duration,
    /// CPU time, exact.
    pub run_time: Duration,
    /// Page faults served from memory.
    pub minor_faults: u64,
    /// Page faults that had to wait for a device.
    pub major_faults: u64,
}

impl Usage {
    /// From the bytes of the kernel's map; `None` where they are too few.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let raw: types::usage = view(bytes)?;
        let io = |raw: types::io| Io { operations: raw.operations, bytes: raw.bytes };
        let mut reads = raw.reads.map(io);
        let mut writes = raw.writes.map(io);
        for (side, all, class) in [(0, &mut reads, Class::ReadsAt), (1, &mut writes, Class::WritesAt)] {
            let calls: u64 = calls::of_class(class).map(|number| raw.calls[number]).sum();
            let files = &mut all[io_kind::IO_FILE.0 as usize];
            // The call is counted first: read in between, it is one that has moved nothing yet.
            files.operations += calls.saturating_sub(raw.failures_at_offset[side]);
            files.bytes += raw.bytes_at_offset[side];
        }
        let called = raw.calls.iter().enumerate().filter(|(_, count)| **count > 0);
        let mut other = 0;
        let mut calls = Vec::new();
        for (number, count) in called {
            match calls::name(number as u32).filter(|_| number as u32 != CALL_OTHER) {
                Some(name) => calls.push((name, *count)),
                None => other += count,
            }
        }
        if other > 0 {
            calls.push(("other", other));
        }
        let failed = raw.errors.iter().enumerate().filter(|(_, count)| **count > 0);
        let errors = failed.map(|(number, count)| {
            (calls::error_name(number as u32).filter(|_| number > 0).unwrap_or("other"), *count)
        });
        Some(Self {
            calls,
            errors: errors.collect(),
            reads,
            writes,
            ended_run_delay: Duration::from_nanos(raw.ended_run_delay_ns),
            ended: (raw.ended != 0).then(|| Ended {
                user_ticks: Duration::from_nanos(raw.utime_ns),
                system_ticks: Duration::from_nanos(raw.stime_ns),
                run_time: Duration::from_nanos(raw.runtime_ns),
                minor_faults: raw.minor_faults,
                major_faults: raw.major_faults,
            }),
        })
    }
}
