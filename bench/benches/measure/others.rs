//! Everybody else, while a workload runs: the probe at system-call exit is attached then.
//!
//! No observer of system calls is cheaper than an empty program at the same place; what that costs is the kernel's, and
//! is shown beside.

use crate::{FOUND, LOAD, Stage, in_turn};
use anyhow::{Context as _, Result};
use std::{path::Path, thread, time::Duration};
use wasmscope_bench::{
    floor::Floor,
    loads::{Inputs, Load, Time},
    nest::{Nest, Program},
    report::{Report, Row},
    sized,
};

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unwatched,
    Empty,
    Workload,
}

const STATES: [State; 3] = [State::Unwatched, State::Empty, State::Workload];
/// The looks that follow a workload's start are over then, but for the rare last ones.
const SETTLE: Duration = Duration::from_secs(1);
const BARE_GOAL: f64 = 1.10;

pub(crate) fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    let mut loads = loads(stage.folder())?;
    for round in 0..sized(15, 3) {
        for state in in_turn(&STATES, round) {
            let mut nest = Nest::start(LOAD)?;
            let _floor = (state == State::Empty).then(Floor::attach).transpose()?;
            let agent = (state == State::Workload).then(|| stage.agent(&nest, &[])).transpose()?;
            if let Some(agent) = &agent {
                let pid = nest.spawn(Program::of(&stage.guest("sleeper", &["3600"])))?;
                agent.wait_started(&[pid], FOUND)?;
                thread::sleep(SETTLE);
            }
            for load in &mut loads {
                load.run(&mut nest, state as usize)?;
            }
        }
    }

    for load in &loads {
        let row = |what: &str, time, ours: State, peer: State| {
            let pairs = load.pairs(time, ours as usize, peer as usize);
            Row::pairs(format!("others, {}: {what}", load.name), load.unit, &pairs)
        };
        let watched = |what: &str, time| row(what, time, State::Workload, State::Unwatched);
        if load.real {
            report.add(watched("wasmscope and a workload", Time::Elapsed).no_slowdown());
            report.add(watched("the same, its CPU time", Time::Cpu).no_slowdown());
            continue;
        }
        // They never wait and the probe runs in their time, so CPU time says all, with less noise.
        report.add(watched("wasmscope and a workload", Time::Cpu).at_most(BARE_GOAL));
        report.add(row("an empty program at sys_exit", Time::Cpu, State::Empty, State::Unwatched));
        let over = row("wasmscope; peer: the empty program", Time::Cpu, State::Workload, State::Empty);
        report.add(over.at_most(BARE_GOAL));
    }
    report.note(
        "others: in wasmscope's scope, but no workloads; what the empty program adds, no observer can avoid; bare calls: CPU time",
    );
    Ok(())
}

fn loads(scratch: &Path) -> Result<Vec<Load>> {
    let inputs = Inputs::make(scratch)?;
    let text = inputs.text.to_str().context("a plain path")?;
    let written = scratch.join("written");
    let written = written.to_str().context("a plain path")?;
    let count = sized(2_000_000, 500_000);
    Ok(vec![
        Load::bare("getppid", LOAD, count, &["getppid"]),
        Load::bare("pread", LOAD, count, &["pread", text, "4194304"]),
        Load::bare("pwrite", LOAD, count, &["pwrite", written]),
        inputs.gzip(LOAD),
        inputs.compiler(LOAD),
    ])
}
