//! From "something happened in a process" to "this workload, this runtime, this module".
//!
//! Two halves with one seam between them:
//!
//! * [`looker::Looker`] looks at one live process and says what it is: the only part here that does I/O.
//! * [`registry::Registry`] decides *when* to look and what to tell: a state machine over records, looks and
//!   time, without I/O, so that it can be tested and replayed without privileges.

mod acts;
pub mod cache;
pub mod container;
mod counters;
mod inspector;
pub mod looker;
pub mod modules;
pub mod registry;
mod schedule;
mod stacks;

pub use counters::{CounterReader, GuestCounters};
pub use inspector::Inspector;
pub use looker::{Hints, Look, LookError, Looker, ModuleRead, Sight};
pub use registry::{Control, Registry};
pub use stacks::FaultSight;
