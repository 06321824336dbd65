//! The words wasmscope speaks: ids, units, evidence, workloads and events.
//!
//! Everything may use this crate; it uses nothing of ours, does no I/O and knows no async runtime.
//! All content that comes from an observed process (names, paths, symbols) is attacker-controlled:
//! it is carried as it was read, bounded by whoever read it, and escaped by [`text`] wherever it is shown.

pub mod activity;
pub mod boundary;
pub mod call;
pub mod code;
pub mod detection;
pub mod event;
pub mod fields;
pub mod finding;
pub mod ids;
pub mod kind;
pub mod memory;
pub mod probe;
mod raw;
pub mod recognition;
pub mod record;
mod response;
pub mod stack;
pub mod text;
pub mod workload;

pub use call::{Call, Signalled};
pub use code::{CodeImage, Function, ImageKind};
pub use detection::{Detection, Maturity};
pub use event::{Event, EventKind, Loss};
pub use finding::{Finding, FindingFunction, Severity};
pub use ids::{BootId, Pid, ProcessKey, Sha256, WorkloadId};
pub use kind::{Kind, Kinds};
pub use memory::{LimitSource, LinearMemory};
pub use probe::{Interest, ProbeReport, ProbeState};
pub use recognition::{Confidence, Evidence, Recognition, Signal, Verdict};
pub use record::{FileVersion, FrameRecord, Head, RawStack, Record};
pub use response::Response;
pub use stack::{Frame, GuestStack, StackProblem};
pub use workload::{Container, ModuleFile, ModuleOrigin, Workload};
