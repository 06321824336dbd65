//! Everything that a run of the agent took in, as a file, and the same run again from it.
//!
//! A [`Registry`](wasmscope_workload::Registry) is a state machine: what it is told (records, ticks, processes to adopt)
//! and what it is answered (by looks, the sensor and the clock) decides every event. A recording holds exactly these, one
//! JSON line each, in their order. [`RecordedRegistry`] writes them down while it passes them on; [`Replay`] asks a
//! fresh registry the same and answers the same. So a replay needs no privileges, no process and no kernel, and tests
//! whatever lies behind the sensors.
//!
//! The format is described in `docs/recording.md`.

mod file;
mod line;
mod read;
mod recorded;
mod replay;
mod stacks;
mod write;

pub use file::Target;
pub use line::{FORMAT, Header, VERSION};
pub use read::{MOST_LINE_BYTES, ReplayError};
pub use recorded::{Recorded, RecordedRegistry};
pub use replay::{Replay, Told};
pub use write::{Log, Recorder};
