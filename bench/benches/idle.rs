//! What the agent takes while nothing happens: without a workload, and with 200 that sleep.

use anyhow::Result;
use std::{process::ExitCode, thread, time::Duration};
use wasmscope_bench::{
    agent::{Agent, Occupied},
    bench, monotonic,
    nest::{Nest, Program},
    report::{Report, Row},
    sized, wasmscope,
};
use wasmscope_testkit::{guest, runtimes};

const WORKLOADS: usize = 200;
/// 200 runtimes need this long at the most to start and to be found, on a busy machine.
const FOUND: Duration = Duration::from_secs(180);
/// The last look that follows a workload's start comes 4 s after it.
const SETTLE: Duration = Duration::from_secs(15);
const CPU_GOAL_PERCENT: f64 = 0.1;
const MEMORY_GOAL_MIB: f64 = 50.0;

struct Idle {
    cpu_percent: f64,
    occupied: Occupied,
}

fn main() -> ExitCode {
    bench("idle", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let mut nest = Nest::start(env!("CARGO_BIN_EXE_wasmscope-bench-load"))?;
    let agent = Agent::watch(&wasmscope()?, nest.pid())?;
    thread::sleep(SETTLE / 3);
    let without = idle(&agent)?;

    let sleeper = runtimes::wasmtime()?.command(&guest("sleeper"), ["3600"]);
    let pids: Vec<u32> = (0..WORKLOADS).map(|_| nest.spawn(Program::of(&sleeper))).collect::<Result<_>>()?;
    let before = agent.cpu()?;
    let known = agent.wait_started(&pids, FOUND)?.len();
    thread::sleep(SETTLE);
    let starting = agent.cpu()? - before;
    let with = idle(&agent)?;

    for (workloads, idle) in [(0, &without), (known, &with)] {
        let row = |what, unit, value| Row::value(format!("{workloads} workloads: {what}"), unit, value);
        report.add(row("CPU", "% of a core", idle.cpu_percent).below(CPU_GOAL_PERCENT));
        report.add(row("resident memory", "MiB", idle.occupied.resident).below(MEMORY_GOAL_MIB));
        report.add(row("its share of it (Pss)", "MiB", idle.occupied.proportional));
        report.add(row("anonymous", "MiB", idle.occupied.anonymous));
        report.add(row("in the kernel (maps, programs)", "MiB", idle.occupied.kernel));
    }
    report.add(Row::value(
        format!("CPU time to take in {known} starts"),
        "ms each",
        starting.as_secs_f64() * 1e3 / known as f64,
    ));
    report.note("CPU is that of the agent's threads; the probes run at the cost of others, see `others`");
    Ok(())
}

fn idle(agent: &Agent) -> Result<Idle> {
    let (start, cpu) = (monotonic(), agent.cpu()?);
    thread::sleep(sized(Duration::from_secs(60), Duration::from_secs(20)));
    let (cpu, wall) = (agent.cpu()? - cpu, monotonic() - start);
    Ok(Idle { cpu_percent: 100.0 * cpu.as_secs_f64() / wall.as_secs_f64(), occupied: agent.occupied()? })
}
