//! The kernel vantage point: eBPF probes over processes that nobody modified.
//!
//! Each probe is a folder `probes/<name>/` with its C program and its Rust driver, and an object of its own:
//! one that the running kernel refuses costs only itself, and [`doctor`] says what that is. Records are
//! defined once, in `bpf/records.h`; [`record`] decodes them without privileges, purely.
//!
//! ```no_run
//! use wasmscope_sensor_kernel::{Sensor, Settings};
//! let (sensor, reports) = Sensor::load(&Settings::default())?;
//! for report in &reports {
//!     println!("{}: {:?} {}", report.name, report.state, report.reason);
//! }
//! # Ok::<(), wasmscope_sensor_kernel::LoadError>(())
//! ```

pub mod calls;
mod calls_record;
pub mod doctor;
mod host;
mod ledger;
mod load;
pub mod record;
mod rings;
mod scope;
mod sensor;
mod slots;
mod tracker;
mod usage;

#[path = "../probes/calls/mod.rs"]
mod calls_probe;
#[path = "../probes/cpu_sample/mod.rs"]
mod cpu_sample;
#[path = "../probes/kinds/mod.rs"]
mod kinds;
#[path = "../probes/lifecycle/mod.rs"]
mod lifecycle;
#[path = "../probes/module_read/mod.rs"]
mod module_read;
#[path = "../probes/reservation/mod.rs"]
mod reservation;
#[path = "../probes/task_usage/mod.rs"]
mod task_usage;
#[path = "../probes/task_vma/mod.rs"]
mod task_vma;
#[path = "../probes/traps/mod.rs"]
mod traps;

pub use cpu_sample::{Coverage, CpuSampler, MOST_CLOCKS, Sample, SampleError, SampleRing};
pub use ledger::{Ledger, LedgerRow};
pub use load::LoadError;
pub use record::{VmaRecord, VmaWhat};
pub use rings::{Arrivals, DrainError, Family, Rings};
pub use scope::{Scope, ScopeError};
pub use sensor::{Sensor, Settings, Sizes, running_processes};
pub use task_usage::{ProcessUsage, TaskUsage, cpu_time};
pub use tracker::Tracker;
pub use usage::{Ended, Io, Usage};
