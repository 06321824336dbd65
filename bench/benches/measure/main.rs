//! What it costs to measure what workloads do: the workload itself, and everybody else while it runs.

mod guests;
mod latency;
mod opens;
mod others;
mod pwrites;

use anyhow::{Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};
use tempfile::TempDir;
use wasmscope_bench::{
    agent::{Agent, everything_on},
    bench,
    nest::Nest,
    report::Report,
    wasmscope,
};
use wasmscope_testkit::{Runtime, guest, runtimes};

type Part = fn(&Stage, &mut Report) -> Result<()>;
/// `cargo bench -p wasmscope-bench --bench measure -- opens` runs one alone; the file of results has only that then.
const PARTS: [(&str, Part); 5] = [
    ("pwrites", pwrites::measure),
    ("guests", guests::measure),
    ("others", others::measure),
    ("opens", opens::measure),
    ("latency", latency::measure),
];

const LOAD: &str = env!("CARGO_BIN_EXE_wasmscope-bench-load");
/// A workload is told this long after its start at the most, on a busy machine.
const FOUND: Duration = Duration::from_secs(30);

/// What all parts need.
struct Stage {
    wasmscope: PathBuf,
    /// Options that make it do all that it can.
    everything: Vec<&'static str>,
    wasmtime: Runtime,
    scratch: TempDir,
}

fn main() -> ExitCode {
    bench("measure", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let wasmscope = wasmscope()?;
    let everything = everything_on(&wasmscope)?;
    let stage =
        Stage { wasmscope, everything, wasmtime: runtimes::wasmtime()?, scratch: tempfile::tempdir()? };
    // Cargo adds an option of its own.
    let asked: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    ensure!(asked.iter().all(|name| PARTS.iter().any(|(part, _)| part == name)), "no such part: {asked:?}");
    for (_, part) in PARTS.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|a| a == name)) {
        part(&stage, report)?;
    }
    Ok(())
}

impl Stage {
    /// A guest of ours, with a directory for its files and compiled code at hand.
    fn guest(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.wasmtime.clone().dir(self.scratch.path()).command(&guest(name), arguments);
        command.env("XDG_CACHE_HOME", self.scratch.path());
        command
    }

    /// Everything on, for what runs below `nest`.
    fn agent(&self, nest: &Nest, more: &[&str]) -> Result<Agent> {
        Agent::watch_with(&self.wasmscope, nest.pid(), &[&self.everything, more].concat())
    }

    fn folder(&self) -> &Path {
        self.scratch.path()
    }
}

/// The states in the order of this round: each comes first, second and so on equally often.
fn in_turn<S: Copy>(states: &[S], round: usize) -> impl Iterator<Item = S> {
    (0..states.len()).map(move |turn| states[(round + turn) % states.len()])
}
