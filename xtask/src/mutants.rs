//! `cargo xtask mutants`: in a program of its own, built with optimisations and an allocator that counts.

use std::process::Command;

use anyhow::Result;
use clap::Args;
use wasmscope_testkit::{target_dir, workspace_root};

use crate::runtimes::succeed;

/// How many and which.
#[derive(Args)]
pub(crate) struct Options {
    /// `--count`, `--from`, `--seed`, `--jobs`, `--most-bytes`; `-- --help` says what they mean.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace_root());
    cargo.args(["run", "--quiet", "--release", "--package", "wasmscope-trial", "--bin", "mutants", "--"]);
    succeed(cargo.arg("--keep").arg(target_dir().join("mutants")).args(&options.options))
}
