//! Detections from events: rules, windows over time, the capability envelope.
//!
//! [`RuleSet::load`] reads rules from [`Files`] (the shipped ones, a folder of the user's above them), checks every
//! condition against the field registry of `wasmscope-model` and compiles it. An [`Engine`] is then told event after event
//! and gives [`Detection`](wasmscope_model::Detection)s. `docs/rules.md` says how to write a rule.
//!
//! Rules are trusted as much as configuration is: they are bounded, and a bad one is an error with its place. Events are
//! hostile: nothing that they say makes the engine's state grow without bound, and what it forgets is counted.
//!
//! ```
//! use wasmscope_detect::{Engine, Files, Limits, RuleSet};
//!
//! let rules = RuleSet::load(&[Files::shipped()])?;
//! let mut engine = Engine::new(rules, Limits::default());
//! let event = serde_json::from_str(r#"{
//!     "wasmscope.format": 1, "time": "2026-01-01T00:00:00.000000Z", "time.monotonic_ns": 1,
//!     "event.name": "workload.call.sensitive", "workload.id": "00000000000000aa", "process.pid": 7, "thread.id": 7,
//!     "syscall.name": "ptrace", "syscall.result": 0, "syscall.arguments": ["0x10"]
//! }"#)?;
//! let mut found = Vec::new();
//! engine.observe(&event, &mut found);
//! assert_eq!(found[0].rule, "process-traced");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod condition;
mod engine;
mod envelope;
mod error;
mod explain;
mod files;
mod rules;
pub mod samples;
mod window;

pub use engine::{Counts, Engine, Limits};
pub use error::{Invalid, Problem};
pub use files::{FileError, Files};
pub use rules::{Origin, Rule, RuleSet, WindowKind};

use schemars::Schema;

/// The JSON schema of a detection: the fields of a `workload.detected` beyond those of every event.
pub fn json_schema() -> Schema {
    schemars::schema_for!(wasmscope_model::Detection)
}
