//! The lines of a recording.

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, time::Duration};
use wasmscope_model::{
    EventKind, GuestStack, LinearMemory, ProcessKey, Record, activity::Word, boundary::HookLine,
};
use wasmscope_workload::{FaultSight, LookError, Sight};

/// What the first line of every recording says it is.
pub const FORMAT: &str = "wasmscope-recording";
/// Version of the format; raised when an older `replay` would misread a newer recording, or the other way round.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Version of the wasmscope that recorded.
    pub wasmscope: String,
    /// The host's boot, which the workloads' ids were derived from.
    pub boot_id: String,
    /// RFC 3339, for people.
    pub started: String,
    /// Time zero of the registry.
    pub monotonic_ns: Nanos,
}

impl Header {
    /// The header of a recording that begins now, at `monotonic`.
    pub fn new(boot_id: String, started: String, monotonic: Duration) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            wasmscope: env!("CARGO_PKG_VERSION").into(),
            boot_id,
            started,
            monotonic_ns: monotonic.into(),
        }
    }
}

/// A time in nanoseconds. In 64 bits no sum of recorded times overflows a [`Duration`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanos(u64);

impl From<Duration> for Nanos {
    fn from(time: Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(time: Nanos) -> Self {
        Self::from_nanos(time.0)
    }
}

/// Every other line. What was asked for in between stands behind the line that led to the asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    // What the registry is told.
    /// A record of the kernel came in.
    Record { now: Nanos, what: Cow<'a, Record> },
    /// Whatever is due was done.
    Tick { now: Nanos },
    /// A running process was found.
    Adopt { now: Nanos, pid: u32 },

    /// Hooks in a process told something.
    Hook { now: Nanos, process: ProcessKey, what: Cow<'a, HookLine> },

    // What the registry is answered.
    /// The time of day of looks.
    Time { now: Nanos },
    /// What a close look found.
    Look { pid: u32, found: Cow<'a, Result<Sight, LookError>> },
    /// Whether an executable is a runtime's.
    IsRuntime { pid: u32, found: Cow<'a, Result<bool, LookError>> },
    /// Whether a process is still there.
    IsAlive { pid: u32, alive: bool },
    /// The sizes of memories, if nothing else changed.
    Glance { pid: u32, found: Cow<'a, Result<Option<Vec<LinearMemory>>, LookError>> },
    /// Which functions led to a call. What was `found` is kept in the slot; without it, it is what the slot has.
    Stack {
        pid: u32,
        slot: u8,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        found: Option<Cow<'a, Result<GuestStack, Word>>>,
    },
    /// What a fault meant.
    Fault { pid: u32, found: Cow<'a, FaultSight> },
    /// The sensor follows a process, and when it saw the first trace of Wasm in it.
    Set { pid: u32, first_trace: Option<Nanos> },

    // What goes out.
    /// The registry's events so far went out, with this wall-clock time at monotonic time zero.
    PassedOn { clock: Nanos },
    /// An event of the sensors themselves went out.
    Told { at: Nanos, clock: Nanos, event: Cow<'a, EventKind> },
    /// Nothing follows: the recording is whole.
    End {},
}

/// Which kind of line, and about which process.
impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, pid) = match self {
            Self::Record { what, .. } => ("Record", Some(what.head().process.pid.0)),
            Self::Tick { .. } => ("Tick", None),
            Self::Adopt { pid, .. } => ("Adopt", Some(*pid)),
            Self::Hook { process, .. } => ("Hook", Some(process.pid.0)),
            Self::Time { .. } => ("Time", None),
            Self::Look { pid, .. } => ("Look", Some(*pid)),
            Self::IsRuntime { pid, .. } => ("IsRuntime", Some(*pid)),
            Self::IsAlive { pid, .. } => ("IsAlive", Some(*pid)),
            Self::Glance { pid, .. } => ("Glance", Some(*pid)),
            Self::Stack { pid, .. } => ("Stack", Some(*pid)),
            Self::Fault { pid, .. } => ("Fault", Some(*pid)),
            Self::Set { pid, .. } => ("Set", Some(*pid)),
            Self::PassedOn { .. } => ("PassedOn", None),
            Self::Told { .. } => ("Told", None),
            Self::End {} => ("End", None),
        };
        match pid {
            Some(pid) => write!(f, "`{kind}` of process {pid}"),
            None => write!(f, "`{kind}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_sensor_proc::ProcessError;

    #[test]
    fn every_failure_of_a_look_comes_back_as_it_was() {
        let failures: [LookError; 5] = [
            ProcessError::Gone(7).into(),
            ProcessError::Denied(7).into(),
            ProcessError::NoMemory(7).into(),
            ProcessError::Other { pid: 7, reason: "I/O error\u{1b}[2J \"quoted\"".into() }.into(),
            LookError::Changed(7),
        ];
        for failure in failures {
            let line = Line::Look { pid: 7, found: Cow::Owned(Err(failure)) };
            let json = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<Line<'static>>(&json).unwrap(), line, "{json}");
        }
    }

    #[test]
    fn no_sum_of_times_overflows() {
        assert_eq!(Nanos::from(Duration::MAX), Nanos(u64::MAX));
        assert!(Duration::from(Nanos(u64::MAX)).checked_mul(1 << 20).is_some());
    }
}
