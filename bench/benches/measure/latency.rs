//! How long after a system call its line can be read.

use crate::{FOUND, LOAD, Stage};
use anyhow::{Context as _, Result};
use std::time::Duration;
use wasmscope_bench::{
    agent::Line,
    nest::{Nest, Program},
    report::{Report, Row, quantile},
    sized,
};

const GOAL_MS: f64 = 20.0;
/// Between two opens, milliseconds: a moderate rate, below the limit of events per second.
const PAUSE_MS: &str = "2";
const WAIT_MS: &str = "1000";
/// The last lines have come after this.
const LAST: Duration = Duration::from_millis(500);

pub(crate) fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    let count = sized(4_000, 500);
    for (name, flooded) in [("idle", false), ("beside a flood", true)] {
        let latencies = run(stage, count, flooded)?;
        let name = |what: &str| format!("call to line, {name}: {what}");
        let told = Row::value(name(&format!("told of {count}")), "opens", latencies.len() as f64);
        report.add(told.at_least(f64::from(count)));
        report.add(Row::median(name("median"), "ms", &latencies));
        report.add(Row::value(name("99 %"), "ms", quantile(&latencies, 0.99)).below(GOAL_MS));
        report.add(Row::value(name("most"), "ms", quantile(&latencies, 1.0)));
    }
    report.note("call to line: from the end of the system call until its JSON line is read from the pipe, one open in 2 ms");
    report.note(
        "flood: another workload opens files without a pause; wasmscope's own limit of events is as shipped",
    );
    Ok(())
}

/// Milliseconds of each open.
fn run(stage: &Stage, count: u32, flooded: bool) -> Result<Vec<f64>> {
    let mut nest = Nest::start(LOAD)?;
    let agent = stage.agent(&nest, &[])?;
    if flooded {
        let flood = nest.spawn(Program::of(&stage.guest("opens", &["1000000000", "keep"])))?;
        agent.wait_started(&[flood], FOUND)?;
    }
    let guest = stage.guest("opens", &[&count.to_string(), "keep", "wait", WAIT_MS, "pause", PAUSE_MS]);
    let pid = nest.spawn(Program::of(&guest))?;
    nest.wait(pid)?;
    agent.drain(LAST).filter(|line| is_open_of(line, pid)).map(|line| latency(&line)).collect()
}

fn is_open_of(line: &Line, pid: u32) -> bool {
    line.is("workload.file.opened")
        && line.pid() == Some(pid)
        && line.event["file.path.requested"].as_str() == Some("wasmscope-opens.txt")
        // The first one opens it to make it.
        && line.event["file.open.flags"].as_array().is_some_and(|flags| flags.iter().all(|flag| flag == "read"))
}

fn latency(line: &Line) -> Result<f64> {
    let happened = line.event["time.monotonic_ns"].as_u64().context("an event has a time")?;
    Ok((line.arrived.as_nanos() as f64 - happened as f64) / 1e6)
}
