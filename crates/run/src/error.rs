//! What is wrong before the guest runs.

use std::{io, path::PathBuf};
use wasmscope_admission::{PolicyError, Violation};

/// Why nothing was run: what the caller of this crate asked for cannot be done, or the policy refuses it. What `wasmtime`
/// itself refuses is an [`End`](crate::End), with its words.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The policy file could not be read.
    #[error("cannot read the policy {}: {error}", path.display())]
    ReadPolicy {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The policy file is not one.
    #[error("{}: {error}", path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Where, and what would be right.
        error: PolicyError,
    },
    /// The module cannot be held against the policy.
    #[error("cannot hold {module} against the policy: {reason}")]
    Unjudged {
        /// The module's file.
        module: String,
        /// Why.
        reason: String,
    },
    /// The module cannot be instrumented.
    #[error("cannot instrument {module}: {reason}")]
    NotInstrumented {
        /// The module's file.
        module: String,
        /// Why.
        reason: String,
    },
    /// The policy refuses the module.
    #[error("the policy refuses {module}")]
    Refused {
        /// The module's file.
        module: String,
        /// What speaks against it. Names in it are the module's own: escape them when showing them.
        violations: Vec<Violation>,
    },
    /// A file that is to be written cannot be.
    #[error("cannot write {what} to {}: {error}", path.display())]
    Output {
        /// What was to be written.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No agent takes what the hooks would tell.
    #[error("no agent at {}: {error}; start `wasmscope watch --hooks` first", path.display())]
    Agent {
        /// The socket.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// This process cannot run it.
    #[error("cannot start: {0}")]
    Start(io::Error),
}
