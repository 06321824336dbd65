//! The agent: threads, bounded queues, losses, shutdown.
//!
//! ```text
//!  kernel rings ─▶ drain thread ─▶ records (bounded) ─▶ watch loop ─▶ events (bounded) ─▶ output thread
//! ```
//!
//! Nothing ever waits for the stage behind it: a full queue drops and counts, so a slow consumer of the output costs
//! events, not the observation, and never the observed processes.

pub mod census;
mod clock;
pub mod command;
mod ledger;
mod meter;
mod output;
mod watch;

pub use clock::{Clock, monotonic};
pub use ledger::Row;
pub use output::{Ended, Sink};
pub use watch::{Options, Outcome, Queues, WatchError, watch};
