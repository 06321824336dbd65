//! What wasmscope detects, how soon, and at what cost: a corpus of guests, run in unmodified runtimes, seen from each vantage point.
//!
//! Everything is driven from outside: the executable `wasmscope` and the runtimes are child processes, and what is judged is
//! what `wasmscope` prints. The corpus is not trusted. Each run has directories of its own, a time limit for its whole process
//! group, and bounds on what is kept of its output. `docs/evaluation.md` says what is measured and what is not.

pub mod corpus;
mod error;
mod judge;
mod plan;
mod process;
pub mod report;
mod runtime;
mod shell;
mod soak;
mod stats;
mod vantage;
mod watch;

pub use error::EvaluateError;
pub use plan::{Options, evaluate};
pub use runtime::{Runtime, RuntimeError};

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// From where a workload is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Vantage {
    /// System calls and faults of an unmodified runtime: `watch`.
    Kernel,
    /// Calls between guest and host: `run --agent` and `watch --hooks`.
    Boundary,
    /// The module before it runs: `scan`.
    Module,
    /// The guest's own memory: `instrument`.
    Guest,
}

impl Vantage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Kernel, Self::Boundary, Self::Module, Self::Guest];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Boundary => "boundary",
            Self::Module => "module",
            Self::Guest => "guest",
        }
    }

    /// Why most classes of threats that are not seen from here are not.
    pub fn usual_reason(self) -> &'static str {
        match self {
            Self::Kernel => "it stays within the guest: no system call or fault comes of it",
            Self::Boundary => "no call between guest and host comes of it",
            Self::Module => "what it does when it runs does not show in its bytes",
            Self::Guest => "no instrumentation pass looks for it",
        }
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Vantage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|vantage| vantage.as_str() == text);
        found.ok_or_else(|| format!("there is no vantage point {text:?}: kernel, boundary, module, guest"))
    }
}

/// What a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It has the form of an attack.
    Attack,
    /// An ordinary one: whatever is detected is a false alarm.
    Benign,
    /// Nobody said.
    Unknown,
}

impl Kind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attack => "attack",
            Self::Benign => "benign",
            Self::Unknown => "unknown",
        }
    }
}

/// The JSON Schema of an evaluation.
pub fn json_schema() -> Schema {
    schemars::schema_for!(report::Evaluation)
}
