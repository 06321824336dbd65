//! What the benchmarks share: who is measured, how, and how it is told.
//!
//! A benchmark starts every process that it measures or lets wasmscope look at, below one parent (a
//! [`Nest`](nest::Nest)), and watches with `--scope tree:` that parent. Both sides of a comparison run in turns in
//! one run, and what is compared are pairs of neighbours in time: machines get slower and faster by themselves.

pub mod agent;
pub mod floor;
pub mod loads;
pub mod nest;
pub mod report;
pub mod usage;

use anyhow::{Context as _, Result, ensure};
use report::Report;
use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

/// Whether a first impression is enough: `QUICK=1` measures shorter and less often.
pub fn quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|value| value != "0" && !value.is_empty())
}

/// One of the two, as [`quick`] says.
pub fn sized<T>(full: T, quickly: T) -> T {
    if quick() { quickly } else { full }
}

/// `CLOCK_MONOTONIC`, the clock of wasmscope's events.
pub fn monotonic() -> Duration {
    clock(rustix::time::ClockId::Monotonic)
}

/// What is to be added to a wall-clock time, in nanoseconds, to have it on `CLOCK_MONOTONIC`.
pub fn monotonic_minus_wall_ns() -> i128 {
    let wall = clock(rustix::time::ClockId::Realtime).as_nanos().cast_signed();
    monotonic().as_nanos().cast_signed() - wall
}

fn clock(id: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(id);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

/// Runs a benchmark, prints its table and writes `target/bench/NAME.json`.
///
/// A goal that does not hold is said and is no failure: the exit status tells only whether it could be measured.
pub fn bench(name: &str, body: impl FnOnce(&mut Report) -> Result<()>) -> ExitCode {
    bench_without_root(name, |report| {
        ensure!(wasmscope_testkit::is_root(), "needs root: it loads eBPF programs");
        body(report)
    })
}

/// Like [`bench`], of what loads no eBPF programs.
pub fn bench_without_root(name: &str, body: impl FnOnce(&mut Report) -> Result<()>) -> ExitCode {
    let mut report = Report::default();
    let measured = (|| {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?");
        println!(
            "{name}: load of the machine before: {load}{}",
            sized("", "; QUICK, a first impression only")
        );
        body(&mut report)?;
        report.write(&wasmscope_testkit::target_dir().join("bench"), name)
    })();
    report.print();
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: could not be measured: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The released `wasmscope`, built now; `WASMSCOPE_BIN` names another one.
///
/// # Errors
/// It does not build.
pub fn wasmscope() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WASMSCOPE_BIN") {
        return Ok(path.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "-p", "wasmscope"])
        .current_dir(wasmscope_testkit::workspace_root())
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "wasmscope does not build");
    // Cargo puts benchmarks into `deps` beside the binaries of the same profile.
    let own = std::env::current_exe().context("finding the build directory")?;
    let binary = own.ancestors().nth(2).context("a benchmark lies in a build directory")?.join("wasmscope");
    ensure!(binary.is_file(), "no {}: set WASMSCOPE_BIN", binary.display());
    Ok(binary)
}
