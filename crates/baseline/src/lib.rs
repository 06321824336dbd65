//! Baselines: what is usual for a module, learnt from events, and what is new or far off.
//!
//! A [`Monitor`] is shown event after event. It learns a [`Profile`] per module and runtime (if it is told to), and states
//! what no run that was learnt from has done as ordinary [`Detection`](wasmscope_model::Detection)s, whose rules
//! [`rules()`] lists. [`Baselines`] are all profiles: they are merged, edited, and read and written as a file.
//!
//! Everything here is bounded: whoever does ever new things makes patterns coarser, never more. Joining two profiles is
//! commutative and associative, coarsening included, so that it does not matter who learnt what, and when.
//! `docs/baselines.md` has the whole story.
//!
//! ```
//! use wasmscope_baseline::{Baselines, Limits, Monitor, Needs};
//!
//! let mut monitor = Monitor::new(Baselines::default(), true, Needs::default(), Limits::default());
//! let event = serde_json::from_str(r#"{
//!     "wasmscope.format": 1, "time": "2026-01-01T00:00:00.000000Z", "time.monotonic_ns": 1,
//!     "event.name": "workload.exited", "workload.id": "00000000000000aa", "process.pid": 7,
//!     "workload.exit.kind": "code", "process.exit.code": 0, "workload.duration": 1.5
//! }"#)?;
//! let mut found = Vec::new();
//! monitor.observe(&event, &mut found);
//! assert!(found.is_empty(), "nothing is known of the module");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod book;
mod dimension;
mod edit;
mod features;
mod file;
mod histogram;
mod monitor;
mod path;
mod patterns;
mod peer;
mod profile;
mod quantity;
mod rules;

pub use book::{Baselines, Chosen, Key};
pub use dimension::Dimension;
pub use edit::{BadPattern, Edit};
pub use file::{BaselineFile, FileError, MOST_FILE_BYTES, json_schema};
pub use histogram::Histogram;
pub use monitor::{Counts, Limits, Monitor, Needs};
pub use patterns::{How, Patterns, Seen};
pub use profile::Profile;
pub use quantity::Quantity;
pub use rules::{About, rules};
