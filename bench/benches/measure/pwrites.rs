//! A guest that does nothing but system calls, the cheapest that it can do: the worst case.

use crate::{FOUND, LOAD, Stage, in_turn};
use anyhow::{Context as _, Result, ensure};
use std::process::Command;
use wasmscope_bench::{
    agent::Agent,
    floor::{At, Bpftrace, Floor},
    nest::{Nest, Program},
    report::{Report, Row},
    sized,
};

const COUNT: u64 = 300_000;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unwatched,
    Empty,
    Wasmscope,
    BpftraceExit,
    BpftraceEntry,
}

use State::{BpftraceEntry, BpftraceExit, Empty, Unwatched, Wasmscope};

/// Alive while it observes.
enum Observer {
    Nobody,
    Empty(#[expect(dead_code, reason = "detaches when dropped")] Floor),
    Wasmscope(Agent),
    Bpftrace(Bpftrace),
}

pub(crate) fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    let has_bpftrace = Command::new("bpftrace").arg("--version").output().is_ok();
    let states: &[State] = match has_bpftrace {
        true => &[Unwatched, Empty, Wasmscope, BpftraceExit, BpftraceEntry],
        false => &[Unwatched, Empty, Wasmscope],
    };
    let mut times = [const { Vec::new() }; 5];
    for round in 0..sized(15, 3) {
        for state in in_turn(states, round) {
            times[state as usize].push(once(stage, state)?);
        }
    }

    let pairs = |ours: State, peer: State| -> Vec<(f64, f64)> {
        times[ours as usize].iter().copied().zip(times[peer as usize].iter().copied()).collect()
    };
    let row =
        |name: &str, ours, peer| Row::pairs(format!("{COUNT} pwrites: {name}"), "ns", &pairs(ours, peer));
    report.add(row("wasmscope", Wasmscope, Unwatched).at_most(1.15));
    report.add(row("an empty program at sys_exit", Empty, Unwatched));
    report.add(row("wasmscope; peer: the empty program", Wasmscope, Empty));
    if has_bpftrace {
        report.add(row("bpftrace, counting at sys_exit", BpftraceExit, Unwatched));
        report.add(row("bpftrace, counting at sys_enter", BpftraceEntry, Unwatched));
        report.add(row("wasmscope; peer: bpftrace at sys_exit", Wasmscope, BpftraceExit).at_most(1.0));
        report.add(row("wasmscope; peer: bpftrace at sys_enter", Wasmscope, BpftraceEntry).at_most(1.0));
    } else {
        report.note("bpftrace is not installed: not compared with it (tools/setup.sh bench)");
    }
    report.note(
        "pwrites: one byte each, per call, by the guest's own clock; the peer is no observer but where named",
    );
    Ok(())
}

/// Nanoseconds per call.
fn once(stage: &Stage, state: State) -> Result<f64> {
    let name = stage.wasmtime.program().file_name().and_then(|name| name.to_str()).context("a plain name")?;
    let mut nest = Nest::start(LOAD)?;
    let observer = match state {
        Unwatched => Observer::Nobody,
        Empty => Observer::Empty(Floor::attach()?),
        Wasmscope => Observer::Wasmscope(stage.agent(&nest, &[])?),
        BpftraceExit => Observer::Bpftrace(Bpftrace::count(name, At::Exit)?),
        BpftraceEntry => Observer::Bpftrace(Bpftrace::count(name, At::Entry)?),
    };
    let output = nest.run(Program::of(&stage.guest("pwrites", &[&COUNT.to_string()])))?;
    let nanoseconds: f64 = output.trim().parse().context("the guest tells a time")?;
    // Who did not look has an easy time.
    match observer {
        Observer::Wasmscope(agent) => while agent.next(FOUND).context("not told")?.started().is_none() {},
        Observer::Bpftrace(bpftrace) => {
            let seen = bpftrace.finish(libc::SYS_pwrite64)?;
            ensure!(seen >= COUNT, "bpftrace saw {seen} of {COUNT} calls");
        }
        Observer::Nobody | Observer::Empty(_) => {}
    }
    Ok(nanoseconds / COUNT as f64)
}
