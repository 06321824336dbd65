//! A guest that opens files as fast as it can: each is told, with the functions that led to it.

use crate::{FOUND, LOAD, Stage, in_turn};
use anyhow::{Context as _, Result, ensure};
use std::{fs, thread, time::Duration};
use wasmscope_bench::{
    agent::Line,
    nest::{Nest, Program},
    report::{Report, Row},
    sized,
};

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unwatched,
    WithoutStacks,
    WithStacks,
}

use State::{Unwatched, WithStacks, WithoutStacks};

const STATES: [State; 3] = [Unwatched, WithoutStacks, WithStacks];
const COUNT: usize = 10_000;
/// The guest waits until it is known, and looked at for the last time.
const WAIT_MS: &str = "2000";
const LOOKED: Duration = Duration::from_millis(1000);
const NO_LIMIT: &str = "1000000";
/// Nothing comes any more.
const SILENCE: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Taken {
    microseconds: Vec<f64>,
    told: Vec<f64>,
    /// Of the agent, per open.
    cpu: Vec<f64>,
}

pub(crate) fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    let mut taken: [Taken; 3] = Default::default();
    for round in 0..sized(15, 3) {
        for state in in_turn(&STATES, round) {
            once(stage, state, &mut taken[state as usize])?;
        }
    }

    let row = |name: &str, ours: State, peer: State| {
        let of = |state: State| taken[state as usize].microseconds.iter().copied();
        let pairs: Vec<_> = of(ours).zip(of(peer)).collect();
        Row::pairs(format!("{COUNT} opens: {name}"), "us", &pairs)
    };
    report.add(row("with stacks; peer: without stacks", WithStacks, WithoutStacks).at_most(1.3));
    report.add(row("with stacks", WithStacks, Unwatched));
    report.add(row("without stacks", WithoutStacks, Unwatched));
    for (name, state) in [("with stacks", WithStacks), ("without stacks", WithoutStacks)] {
        let Taken { told, cpu, .. } = &taken[state as usize];
        let least = told.iter().copied().fold(f64::INFINITY, f64::min);
        let all = Row::value(format!("{COUNT} opens: told, {name}, at the least"), "opens", least);
        report.add(all.at_least(COUNT as f64));
        report.add(Row::median(format!("{COUNT} opens: wasmscope's own CPU time, {name}"), "us each", cpu));
    }
    report.note("opens: open and close, per pair, by the guest's own clock; told: with a stack of named functions, if asked for");
    Ok(())
}

fn once(stage: &Stage, state: State, taken: &mut Taken) -> Result<()> {
    let mut nest = Nest::start(LOAD)?;
    let options: &[&str] = match state {
        WithoutStacks => &["--calls-per-second", NO_LIMIT, "--no-stacks"],
        _ => &["--calls-per-second", NO_LIMIT],
    };
    let agent = (state != Unwatched).then(|| stage.agent(&nest, options)).transpose()?;
    let output = stage.folder().join("opens");
    let guest = stage.guest("opens", &[&COUNT.to_string(), "wait", WAIT_MS]);
    let pid = nest.spawn(Program::of(&guest).into_file(&output))?;
    let before = match &agent {
        Some(agent) => {
            agent.wait_started(&[pid], FOUND)?;
            thread::sleep(LOOKED);
            agent.cpu()?
        }
        None => Duration::ZERO,
    };
    nest.wait(pid)?;
    let nanoseconds: f64 = fs::read_to_string(&output)?.trim().parse().context("the guest tells a time")?;
    taken.microseconds.push(nanoseconds / 1e3 / COUNT as f64);
    let Some(agent) = agent else { return Ok(()) };

    let (mut told, mut ended) = (0, false);
    while let Ok(line) = agent.next(if ended { SILENCE } else { FOUND }) {
        ended |= line.is("workload.exited") && line.pid() == Some(pid);
        if line.is("workload.file.opened") && line.pid() == Some(pid) && is_ours(&line) {
            ensure!(
                has_stack(&line) == (state == WithStacks),
                "an open with the wrong stack: {}",
                line.event
            );
            told += 1;
        }
    }
    taken.told.push(told as f64);
    taken.cpu.push((agent.cpu()? - before).as_secs_f64() * 1e6 / COUNT as f64);
    Ok(())
}

fn is_ours(line: &Line) -> bool {
    // The first one opens it to write: it may make the file.
    line.event["file.path.requested"].as_str() == Some("wasmscope-opens.txt")
        && line.event["file.open.flags"]
            .as_array()
            .is_some_and(|flags| flags.iter().all(|flag| flag == "read"))
}

/// The function that calls `open` is somewhere on it.
fn has_stack(line: &Line) -> bool {
    let frames = line.event["wasm.stack"].as_array();
    frames.is_some_and(|frames| frames.iter().any(|f| f["wasm.function.name"] == "open_and_close"))
}
