//! What the host lets a sensor see.

use serde::{Deserialize, Serialize};

/// State of one probe after it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeState {
    /// Loaded and attached.
    Active,
    /// Works in part, or through a weaker substitute.
    Degraded,
    /// The kernel does not let us.
    Refused,
}

/// What `doctor` says of one probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Stable name, also the name of the probe's folder where it has one.
    pub name: String,
    /// Result of the trial.
    pub state: ProbeState,
    /// The true reason, from the kernel's own answer and the state of the host; empty when active.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// What is seen through it (active) or what stays unseen without it.
    pub visibility: String,
    /// What the operator can do; empty when there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub remedy: String,
    /// Whether wasmscope is of no use without it (exit status 3).
    pub required: bool,
}

/// How much a sensor should report of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interest {
    /// A runtime that runs no module now: its end, and every file that a dedicated runtime reads.
    Host {
        /// Report reads of files of any name.
        any_file: bool,
    },
    /// A workload: forks, growth and new code as well.
    Workload {
        /// Report reads of files of any name.
        any_file: bool,
    },
}
