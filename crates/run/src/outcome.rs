//! How it ended, and what was seen.

use crate::Reading;
use std::{fmt, io, time::Duration};
use wasmscope_sensor_wasmtime::Summary;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

/// How a guest ended.
pub enum End {
    /// It returned.
    Returned,
    /// It exited with this status.
    Exited(i32),
    /// It trapped.
    Trapped(wasmtime::Error),
    /// It could not be run, or the host failed.
    Failed(wasmtime::Error),
}

impl End {
    /// `wasi`: whether exits are known, as in `wasmtime run`.
    pub(crate) fn of(result: wasmtime::Result<()>, wasi: bool) -> Self {
        match result {
            Ok(()) => Self::Returned,
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) if wasi => Self::Exited(exit.0),
                _ if error.is::<Trap>() => Self::Trapped(error),
                _ => Self::Failed(error),
            },
        }
    }

    /// Exit status that `wasmtime run` ends with: 134 for a trap, as if by SIGABRT; 1 for other errors.
    pub fn status(&self) -> i32 {
        match self {
            Self::Returned => 0,
            Self::Exited(status) => *status,
            Self::Trapped(_) => rustix::process::EXIT_SIGNALED_SIGABRT,
            Self::Failed(_) => 1,
        }
    }

    /// What `wasmtime run` prints to standard error after `Error: `.
    pub fn error(&self) -> Option<&wasmtime::Error> {
        match self {
            Self::Returned | Self::Exited(_) => None,
            Self::Trapped(error) | Self::Failed(error) => Some(error),
        }
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("Returned"),
            Self::Exited(status) => write!(f, "Exited({status})"),
            Self::Trapped(error) => write!(f, "Trapped({error:#})"),
            Self::Failed(error) => write!(f, "Failed({error:#})"),
        }
    }
}

/// A guest that ended.
#[derive(Debug)]
pub struct Outcome {
    /// How.
    pub end: End,
    /// What was seen, if anything was watched.
    pub report: Option<Report>,
    /// Files that could not be written to their end: which one, and why.
    pub unwritten: Vec<(&'static str, io::Error)>,
}

/// What was seen.
#[derive(Debug)]
pub struct Report {
    /// Everything that was counted.
    pub summary: Summary,
    /// Events that did not reach the file.
    pub lost_events: u64,
    /// Samples in the flame graph, and those that did not fit into it.
    pub samples: Option<(u64, u64)>,
    /// What the guest counted of itself, if it was instrumented and could be asked.
    pub counted: Option<Reading>,
    /// From the start of the engine to the end of the guest, compilation included.
    pub elapsed: Duration,
}
