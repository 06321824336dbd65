//! How long a workload runs before it is known: from its first guest instruction until its `workload.started` line
//! can be read from the agent's pipe.
//!
//! The guest `stamp` tells the wall-clock time as its first act. Guests run one after the other, a new process each.

use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    os::fd::AsRawFd as _,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};
use wasmscope_bench::{
    agent::Agent,
    bench, monotonic_minus_wall_ns,
    nest::{Nest, Program},
    report::{Report, Row, median, quantile},
    sized, wasmscope,
};
use wasmscope_testkit::{guest, runtimes};

const GOAL_MS: f64 = 200.0;
/// A workload that is not told this long after its end is not told at all.
const GIVE_UP: Duration = Duration::from_secs(2);

/// No machine is up for so long, and no wall clock stands before it.
const YEAR_2001_NS: i128 = 1_000_000_000_000_000_000;

struct Case {
    name: String,
    runs: usize,
    command: Command,
    /// The guest's file is not in the page cache.
    cold_file: bool,
    /// Measured often enough for more than a median.
    detailed: bool,
}

fn main() -> ExitCode {
    bench("latency", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut nest = Nest::start(env!("CARGO_BIN_EXE_wasmscope-bench-load"))?;
    let agent = Agent::watch(&wasmscope()?, nest.pid())?;
    for case in cases(scratch.path())? {
        let (mut known, mut looked, mut missed) = (Vec::new(), Vec::new(), 0);
        for _ in 0..case.runs {
            match one(&case, &mut nest, &agent, &scratch.path().join("output"))? {
                Some((at_pipe, at_look)) => {
                    known.push(at_pipe);
                    looked.push(at_look);
                }
                None => missed += 1,
            }
        }
        let name = |what: &str| format!("{}: {what}", case.name);
        report.add(Row::median(name("median"), "ms", &known));
        if case.detailed {
            report.add(Row::value(name("median of the event's own time"), "ms", median(&looked)));
            report.add(Row::value(name("99 %"), "ms", quantile(&known, 0.99)));
        }
        let most = name(&format!("most of {} runs", case.runs));
        report.add(Row::value(most, "ms", quantile(&known, 1.0)).below(GOAL_MS));
        if missed > 0 {
            report.add(Row::value(name("never known"), "runs", f64::from(missed)).below(1.0));
        }
    }
    report.note("below 0: known before its first instruction, while its code was made");
    report.note("JavaScript tells whole milliseconds: up to 1 ms too much");
    Ok(())
}

fn cases(scratch: &Path) -> Result<Vec<Case>> {
    let stamp = guest("stamp");
    let arguments: [&str; 0] = [];
    let runs = sized(100, 20);
    let wasmtime = runtimes::wasmtime()?;
    let mut cached = wasmtime.command(&stamp, arguments);
    cached.env("XDG_CACHE_HOME", scratch);
    let mut cases = vec![
        Case {
            name: "wasmtime, nothing cached".into(),
            runs,
            command: wasmtime.clone().option("-Ccache=n").command(&stamp, arguments),
            cold_file: true,
            detailed: true,
        },
        Case {
            name: "wasmtime, code cached".into(),
            runs,
            command: cached,
            cold_file: false,
            detailed: true,
        },
    ];
    let others = runtimes::installed().into_iter().filter(|runtime| runtime.name() != wasmtime.name());
    cases.extend(others.map(|runtime| Case {
        name: runtime.name().into(),
        runs: sized(30, 5),
        command: runtime.command(&stamp, arguments),
        cold_file: false,
        detailed: false,
    }));
    Ok(cases)
}

/// Milliseconds from the first guest instruction to the line in the pipe, and to the event's own time; `None` if the
/// workload was never told.
fn one(case: &Case, nest: &mut Nest, agent: &Agent, output: &Path) -> Result<Option<(f64, f64)>> {
    if case.cold_file {
        forget(&guest("stamp"))?;
    }
    let pid = nest.spawn(Program::of(&case.command).into_file(output))?;
    nest.wait(pid)?;
    let text = fs::read_to_string(output)?;
    let told: i128 = text.trim().parse().with_context(|| format!("{} says {text:?}, no time", case.name))?;
    // WAMR's wall clock is the monotonic one.
    let first = if told < YEAR_2001_NS { told } else { told + monotonic_minus_wall_ns() };

    let until = Instant::now() + GIVE_UP;
    while let Ok(line) = agent.next(until.saturating_duration_since(Instant::now())) {
        if line.started() == Some(pid) {
            let since = |nanoseconds: i128| (nanoseconds - first) as f64 / 1e6;
            let looked = line.event["time.monotonic_ns"].as_u64().context("an event has a time")?;
            return Ok(Some((since(line.arrived.as_nanos().cast_signed()), since(looked.into()))));
        }
    }
    Ok(None)
}

/// Lets the page cache forget a file.
fn forget(path: &Path) -> Result<()> {
    let file = fs::File::open(path)?;
    file.sync_all()?; // only clean pages can be forgotten
    // SAFETY: a system call on an open descriptor, without pointers.
    let status = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    ensure!(status == 0, "posix_fadvise: error {status}");
    Ok(())
}
