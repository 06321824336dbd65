//! How long the first inventory takes with 2,000 processes, ten of them workloads.
//!
//! `ps` and `watch` run on the tree of these processes only, where each process is looked at through `/proc`. On a
//! whole host an iterator in the kernel finds the few worth a look first: that pass alone is timed besides. It
//! cannot be told to leave others out, so its records are counted if they are of our processes, and dropped.

use anyhow::{Context as _, Result, ensure};
use std::{
    collections::HashSet,
    fs,
    hint::black_box,
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};
use wasmscope_bench::{
    agent::Agent,
    bench,
    nest::{Nest, Program},
    report::{Report, Row},
    sized, wasmscope,
};
use wasmscope_sensor_kernel::{Settings, running_processes};
use wasmscope_testkit::{guest, runtimes};

const PROCESSES: usize = 2_000;
const WORKLOADS: usize = 10;
const GOAL_SECONDS: f64 = 2.0;

fn main() -> ExitCode {
    bench("startup", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let wasmscope = wasmscope()?;
    let mut nest = Nest::start(env!("CARGO_BIN_EXE_wasmscope-bench-load"))?;
    let mut plain = Command::new("sleep");
    plain.arg("3600");
    let sleeper = runtimes::wasmtime()?.command(&guest("sleeper"), ["3600"]);
    let mut pids = Vec::with_capacity(PROCESSES);
    let mut workloads = Vec::new();
    for index in 0..PROCESSES {
        let is_workload = index % (PROCESSES / WORKLOADS) == 0;
        let pid = nest.spawn(Program::of(if is_workload { &sleeper } else { &plain }))?;
        pids.push(pid);
        workloads.extend(is_workload.then_some(pid));
    }
    thread::sleep(Duration::from_secs(3)); // until the last one has started its guest

    let scope = format!("tree:{}", nest.pid());
    let (mut ps, mut watch, mut iterator) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sized(15, 5) {
        let naive = timed(|| read_maps(&pids))?;
        ps.push((timed(|| inventory(&wasmscope, &scope, workloads.len()))?, naive));
        watch.push(timed(|| {
            let agent = Agent::start(&wasmscope, nest.pid())?;
            agent.wait_started(&workloads, Duration::from_secs(60)).map(drop)
        })?);
        iterator.push((timed(|| iterate(&pids))?, timed(|| read_maps(&pids))?));
    }

    report.add(Row::pairs("ps of 2,000 processes; peer: read their maps", "s", &ps).below(GOAL_SECONDS));
    report.add(Row::median("watch until all 10 workloads are told", "s", &watch).below(GOAL_SECONDS));
    report.add(Row::pairs("the kernel's pass over all maps; same peer", "s", &iterator).below(GOAL_SECONDS));
    report.note("the peer only reads /proc/PID/maps of the same processes and throws the text away");
    Ok(())
}

fn timed(action: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    action()?;
    Ok(start.elapsed().as_secs_f64())
}

fn read_maps(pids: &[u32]) -> Result<()> {
    for pid in pids {
        black_box(fs::read(format!("/proc/{pid}/maps"))?);
    }
    Ok(())
}

fn inventory(wasmscope: &std::path::Path, scope: &str, workloads: usize) -> Result<()> {
    let done = Command::new(wasmscope).args(["ps", "--json", "--scope", scope]).output()?;
    let found: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).context("wasmscope ps")?;
    ensure!(found.len() == workloads, "ps found {} of {workloads} workloads", found.len());
    Ok(())
}

fn iterate(pids: &[u32]) -> Result<()> {
    let (records, cut) = running_processes(&Settings::default())
        .map_err(|report| anyhow::anyhow!("the iterator is refused: {}", report.reason))?;
    let seen: HashSet<u32> = records.iter().map(|record| record.process.pid.0).collect();
    let ours = pids.iter().filter(|pid| seen.contains(pid)).count();
    ensure!(!cut && ours == pids.len(), "the pass saw {ours} of {} processes", pids.len());
    Ok(())
}
