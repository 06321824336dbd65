//! What the probes cost other processes: loads that have nothing to do with Wasm, with and without the agent.
//!
//! The agent watches the tree that the loads run in. So they pay what every process of the host pays, and on top
//! what a process in scope does: a bound from above for a host-wide agent.
//!
//! Each round runs every load in three states, in changing order: without the agent, with it, and with it and one
//! sleeping workload, which keeps the probe at system-call exit attached.

use anyhow::{Context as _, Result};
use std::{
    path::Path,
    process::{Command, ExitCode},
    time::Duration,
};
use wasmscope_bench::{
    agent::Agent,
    bench,
    loads::{Inputs, Load, Time},
    nest::{Nest, Program},
    report::{Report, Row},
    sized, wasmscope,
};
use wasmscope_testkit::{guest, runtimes};

const LOAD: &str = env!("CARGO_BIN_EXE_wasmscope-bench-load");

#[derive(Clone, Copy, PartialEq)]
enum State {
    Without,
    With,
    WithWorkload,
}

const STATES: [State; 3] = [State::Without, State::With, State::WithWorkload];
const EXECS: usize = 2_000;
const STARTS: &str = "fork+exec";

fn main() -> ExitCode {
    bench("others", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let wasmscope = wasmscope()?;
    let scratch = tempfile::tempdir()?;
    let mut loads = loads(scratch.path())?;
    let sleeper = runtimes::wasmtime()?.command(&guest("sleeper"), ["3600"]);
    let mut agent_per_exec = Vec::new();

    for round in 0..sized(15, 4) {
        // Each state comes first, second and last equally often.
        for turn in 0..STATES.len() {
            let state = STATES[(round + turn) % STATES.len()];
            let mut nest = Nest::start(LOAD)?;
            let agent =
                (state != State::Without).then(|| Agent::watch(&wasmscope, nest.pid())).transpose()?;
            if let (State::WithWorkload, Some(agent)) = (state, &agent) {
                let pid = nest.spawn(Program::of(&sleeper))?;
                agent.wait_started(&[pid], Duration::from_secs(30))?;
                std::thread::sleep(Duration::from_secs(1));
            }
            for load in &mut loads {
                let before = agent.as_ref().map(Agent::cpu).transpose()?;
                load.run(&mut nest, state as usize)?;
                if let (Some(agent), Some(before), STARTS) = (&agent, before, load.name) {
                    agent_per_exec.push((agent.cpu()? - before).as_secs_f64() * 1e6 / EXECS as f64);
                }
            }
        }
    }

    for (state, what) in [(State::With, "agent"), (State::WithWorkload, "agent and a workload")] {
        for load in &loads {
            let name = format!("{what}: {}", load.name);
            let cpu_name = format!("{name}, its CPU time");
            for (name, time) in [(name, Time::Elapsed), (cpu_name, Time::Cpu)] {
                let pairs = load.pairs(time, state as usize, State::Without as usize);
                let row = Row::pairs(name, load.unit, &pairs);
                report.add(if load.real { row.no_slowdown() } else { row });
            }
        }
    }
    report.add(Row::median("agent's own CPU time per exec in scope", "us", &agent_per_exec));
    report.note("peer: the same without the agent; `agent` alone is a host where no Wasm runs");
    report.note("the loads are in scope: others on the host pay less");
    report.note("elapsed times include the agent's work on the same cores; CPU times are of the load alone");
    Ok(())
}

fn loads(scratch: &Path) -> Result<Vec<Load>> {
    let inputs = Inputs::make(scratch)?;
    let text = inputs.text.to_str().context("a plain path")?;
    Ok(vec![
        Load::bare("getppid", LOAD, 5_000_000, &["getppid"]),
        Load::bare("mmap+munmap 64 KiB", LOAD, 300_000, &["mmap"]),
        Load::bare("pread, first page", LOAD, 2_000_000, &["pread", text, "0"]),
        Load::bare("pread, later page", LOAD, 2_000_000, &["pread", text, "4194304"]),
        Load::starts(STARTS, LOAD, EXECS, &Command::new("/bin/true")),
        inputs.gzip(LOAD),
        inputs.compiler(LOAD),
    ])
}
