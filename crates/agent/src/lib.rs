//! The agent: threads, bounded queues, losses, shutdown.
//!
//! ```text
//!  kernel rings ─▶ drain thread ─▶ records (bounded) ─▶ watch loop ─▶ events (bounded) ─▶ output thread
//!                                                            └───▶ exporter's thread, if there is a collector
//!  hooks' socket ─▶ hooks thread ─▶ lines (bounded) ─────▲
//! ```
//!
//! Nothing ever waits for the stage behind it: a full queue drops and counts, so a slow consumer of the output costs
//! events, not the observation, and never the observed processes. The one exception is a recording, which must have no
//! gap: a slow disk makes the watch loop wait, and then the queue of records drops and counts.

pub mod census;
mod clock;
pub mod command;
mod detect;
mod hooks;
mod ledger;
mod meter;
mod output;
mod replay;
mod traits;
mod watch;

pub use clock::{Clock, monotonic};
pub use detect::{Baseline, Learnt, Rules};
pub use hooks::{HookSocket, HookSocketError};
pub use ledger::Row;
pub use output::{Ended, Sink};
pub use replay::{Stopped, replay};
pub use watch::{Options, Outcome, Queues, WatchError, watch};
