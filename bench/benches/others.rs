//! What the probes cost other processes: loads that have nothing to do with Wasm, with and without the agent.
//!
//! The agent watches the tree that the loads run in. So they pay what every process of the host pays, and on top
//! what a process in scope does: a bound from above for a host-wide agent.
//!
//! Each round runs every load in three states, in changing order: without the agent, with it, and with it and one
//! sleeping workload, which keeps the probe at system-call exit attached.

use anyhow::{Context as _, Result};
use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    time::Duration,
};
use wasmscope_bench::{
    agent::Agent,
    bench,
    nest::{Nest, Program},
    report::{Report, Row},
    sized, wasmscope,
};
use wasmscope_testkit::{guest, runtimes};

const LOAD: &str = env!("CARGO_BIN_EXE_wasmscope-bench-load");

struct Load {
    name: &'static str,
    unit: &'static str,
    per: f64,
    program: Program,
    /// Real work: must not become slower.
    real: bool,
    /// How long it took, by [`STATES`].
    seconds: [Vec<f64>; 3],
    /// What of it was CPU time, of the load itself.
    cpu: [Vec<f64>; 3],
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Without,
    With,
    WithWorkload,
}

const STATES: [State; 3] = [State::Without, State::With, State::WithWorkload];
const EXECS: usize = 2_000;

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
                load.run(&mut nest, state)?;
                if let (Some(agent), Some(before), "fork+exec") = (&agent, before, load.name) {
                    agent_per_exec.push((agent.cpu()? - before).as_secs_f64() * 1e6 / EXECS as f64);
                }
            }
        }
    }

    for (state, what) in [(State::With, "agent"), (State::WithWorkload, "agent and a workload")] {
        for load in &loads {
            let name = format!("{what}: {}", load.name);
            let cpu_name = format!("{name}, its CPU time");
            for (name, times) in [(name, &load.seconds), (cpu_name, &load.cpu)] {
                let row = Row::pairs(name, load.unit, &load.pairs(times, state));
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
    let text = scratch.join("text");
    let source = scratch.join("small.c");
    fs::write(&text, words(8 << 20))?;
    fs::write(&source, SOURCE)?;
    let (text, source) = (text.to_str().context("a plain path")?, source.to_str().context("a plain path")?);
    let load = |name, unit, count: usize, arguments: &[&str], real| {
        let mut command = Command::new(LOAD);
        let (first, rest) = arguments.split_first().expect("a load has a name");
        command.arg(first).arg(count.to_string()).args(rest);
        let per = if unit == "s" { 1.0 } else { count as f64 };
        let program = Program::of(&command);
        Load { name, unit, per, program, real, seconds: Default::default(), cpu: Default::default() }
    };
    Ok(vec![
        load("getppid", "ns", 5_000_000, &["getppid"], false),
        load("mmap+munmap 64 KiB", "ns", 300_000, &["mmap"], false),
        load("pread, first page", "ns", 2_000_000, &["pread", text, "0"], false),
        load("pread, later page", "ns", 2_000_000, &["pread", text, "4194304"], false),
        load("fork+exec", "us", EXECS, &["run", "/bin/true"], false),
        load("gzip 8 MiB x4", "s", 4, &["run", "gzip", "-c", text], true),
        load("compile C x20", "s", 20, &["run", "cc", "-O1", "-S", "-o", "/dev/null", source], true),
    ])
}

impl Load {
    fn run(&mut self, nest: &mut Nest, state: State) -> Result<()> {
        let output = nest.run(Program::of(&self.program.command()?))?;
        let mut nanoseconds = output.split_whitespace().map(str::parse::<f64>);
        let scale = self.per
            * match self.unit {
                "ns" => 1.0,
                "us" => 1e3,
                _ => 1e9,
            };
        for times in [&mut self.seconds, &mut self.cpu] {
            times[state as usize].push(nanoseconds.next().context("a load tells two times")?? / scale);
        }
        Ok(())
    }

    fn pairs(&self, times: &[Vec<f64>; 3], state: State) -> Vec<(f64, f64)> {
        let without = &times[State::Without as usize];
        times[state as usize].iter().copied().zip(without.iter().copied()).collect()
    }
}

/// Text that compresses as text does, the same each time.
fn words(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut text = Vec::with_capacity(bytes + 32);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend_from_slice(format!("word{} ", state % 5000).as_bytes());
    }
    text
}

/// Small, but with the headers that most programs include.
const SOURCE: &str = "
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
	int *numbers = malloc(argc * sizeof(int));
	for (int i = 0; i < argc; i++)
		numbers[i] = atoi(argv[i]);
	qsort(numbers, argc, sizeof(int), compare);
	for (int i = 0; i < argc; i++)
		printf(\"%d %zu\\n\", numbers[i], strlen(argv[i]));
	return 0;
}
";
