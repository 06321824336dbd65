//! Runs WASI commands and `wasi:http` proxies as `wasmtime run` and `wasmtime serve` do, with the hooks of
//! [`wasmscope_sensor_wasmtime`] around every call: counted, told as events, refused by a policy, sampled for a flame graph.
//!
//! The engine, WASI and the options are Wasmtime's own crates of the same version, linked and configured as its command
//! does, so that guests cannot tell the difference. Nothing is printed here but what the guest prints, and what `wasmtime`
//! prints for `--invoke`.
//!
//! ```no_run
//! use wasmscope_run::{Options, Watch, run};
//!
//! let watch = Watch { summary: true, ..Watch::default() };
//! let outcome = run(Options { watch, ..Options::new("app.wasm") })?;
//! if let Some(report) = &outcome.report {
//!     eprint!("{}", wasmscope_run::summary_text(report));
//! }
//! std::process::exit(outcome.end.status());
//! # Ok::<(), wasmscope_run::SetupError>(())
//! ```

mod command;
mod component;
mod error;
mod guard;
mod host;
mod instrument;
mod invoke;
mod load;
mod options;
mod outcome;
mod profile;
mod serve;
mod summary;
mod wasi;
mod watch;

pub use command::run;
pub use error::SetupError;
pub use instrument::Instrument;
pub use options::{Options, Serve, Watch};
pub use outcome::{End, Outcome, Report};
pub use serve::{Told, serve};
pub use summary::summary_text;
pub use wasmscope_instrument::reading::Reading;
pub use wasmtime_cli_flags::CommonOptions;
