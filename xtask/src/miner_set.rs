//! `cargo xtask miner-set`: how many guests like miners are found, and how many other modules are taken for one.

mod report;
mod set;

use anyhow::Result;
use clap::Args;

/// How far guests are changed.
#[derive(Args)]
pub(crate) struct Options {
    /// Changed copies of each guest.
    #[arg(long, default_value_t = 5)]
    copies: u64,
    /// Changes to each copy, one after the other.
    #[arg(long, default_value_t = 20)]
    changes: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let samples = set::all(options)?;
    report::write(&samples, options)
}
