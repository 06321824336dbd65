//! `wasmscope run`

use super::guest::{Wasmtime, Watched, refused};
use crate::Failure;
use std::{ffi::OsString, fmt, path::PathBuf};

/// Run a module or a command component as `wasmtime run` does, and see what it asks of the host.
///
/// Options, output and exit status are those of `wasmtime run` (48): the guest's own status, 134 for a trap, 1 for what cannot be
/// run. Needs no root. Not offered, because their calls would not be observed: WASI preview 0 and 3, wasi-nn, wasi-config,
/// wasi-keyvalue, wasi-tls.
///
/// Exit status 2: usage, or a policy or output file of ours. Exit status 1 also if the policy refuses the module.
#[derive(clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    wasmtime: Wasmtime,
    #[command(flatten)]
    watched: Watched,
    /// Call this export, with the arguments as its parameters. Of components, a call as WAVE has it: `name(1, "two")`.
    #[arg(long, value_name = "FUNCTION")]
    invoke: Option<String>,
    /// Instantiate this module first, for imports by this name.
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = preload)]
    preloads: Vec<(String, PathBuf)>,
    /// What the guest gets as its own name.
    #[arg(long)]
    argv0: Option<String>,
    /// The module or component (binary or text, `-` for standard input), and what is passed to it.
    #[arg(value_name = "WASM", trailing_var_arg = true, required = true)]
    module_and_args: Vec<OsString>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("module_and_args", &self.module_and_args).finish_non_exhaustive()
    }
}

fn preload(text: &str) -> Result<(String, PathBuf), &'static str> {
    let (name, path) = text.split_once('=').ok_or("must contain exactly one equals character ('=')")?;
    Ok((name.into(), path.into()))
}

impl Run {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let mut words = self.module_and_args.into_iter();
        let module = words.next().unwrap_or_default();
        let (mut options, summary) = self.watched.options(self.wasmtime, module);
        options.args = words.collect();
        (options.invoke, options.preloads, options.argv0) = (self.invoke, self.preloads, self.argv0);
        let wanted = options.watch.summary;
        match wasmscope_run::run(options) {
            Ok(outcome) => summary.conclude(outcome, wanted),
            Err(error) => refused(error),
        }
    }
}
