//! What `wasmscope run` costs programs that nobody here wrote, beside `wasmtime run` of the same version: CPU time of whole
//! processes, start and end included, in turns.

use anyhow::{Result, ensure};
use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row},
    sized,
    usage::usage,
    wasmscope,
};
use wasmscope_testkit::{REAL_GUESTS, guest, runtimes};

/// What is watched, by options of ours, and how much slower it may be.
const WAYS: [(&str, &[&str], Option<f64>); 4] = [
    ("nothing watched", &[], None),
    ("counted and timed", &["--summary=/dev/null"], Some(1.02)),
    ("told as events", &["--events", "events.jsonl"], Some(1.05)),
    ("sampled", &["--profile", "graph.svg"], None),
];

fn main() -> ExitCode {
    bench_without_root("run", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let ours = wasmscope()?;
    let theirs = runtimes::wasmtime48()?;
    let mut jobs = Vec::new();
    for guest in REAL_GUESTS {
        let dir = tempfile::tempdir()?;
        let command = guest.job(&theirs, dir.path());
        jobs.push((guest.name, dir, command, sized(15, 5)));
    }
    // Mostly start and end.
    let dir = tempfile::tempdir()?;
    jobs.push(("hello", dir, theirs.command(&guest("hello"), [""; 0]), sized(40, 10)));
    for (name, dir, command, rounds) in &jobs {
        for (what, options, goal) in WAYS {
            let pair = |first: bool| -> Result<(f64, f64)> {
                let mine = || cpu(&ours, options, command, dir.path());
                let peer = || cpu(theirs.program(), &[], command, dir.path());
                Ok(if first { (mine()?, peer()?) } else { swap((peer()?, mine()?)) })
            };
            pair(true)?;
            let pairs = (0..*rounds).map(|round| pair(round % 2 == 0)).collect::<Result<Vec<_>>>()?;
            let row = Row::pairs(format!("{name}: {what}; peer: wasmtime run"), "ms of CPU", &pairs);
            report.add(match goal {
                Some(goal) if *name != "hello" => row.at_most(goal),
                _ => row,
            });
        }
    }
    report.note("compiled code comes from Wasmtime's cache, filled before; each round does the same work");
    Ok(())
}

fn swap((a, b): (f64, f64)) -> (f64, f64) {
    (b, a)
}

/// Milliseconds of CPU of `command`, a `wasmtime run`, done by `program` with more options.
fn cpu(program: &Path, options: &[&str], command: &Command, dir: &Path) -> Result<f64> {
    let mut args = command.get_args();
    ensure!(args.next().is_some_and(|word| word == "run"), "the job is no `run`: {command:?}");
    let mut again = Command::new(program);
    again.arg("run").args(options).args(args).current_dir(dir);
    let took = usage(again.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
    ensure!(took.status.success(), "{again:?} ended with {}", took.status);
    Ok(took.cpu.as_secs_f64() * 1e3)
}
