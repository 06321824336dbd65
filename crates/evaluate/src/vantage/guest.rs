//! Guest: its instrumented module runs in an unmodified runtime, and a check that fails ends it by a trap.
//!
//! Whether one failed is read from the runtime's message: the trap is in a function of ours, whose name is in the trace.

use super::{Bench, Scratch};
use crate::{
    EvaluateError,
    corpus::Workload,
    judge::{Told, Tried},
    runtime::Runtime,
    shell::{Job, Shell},
    vantage::live::{Place, last_words},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use wasmscope_model::Severity;

/// Passes that need to be told nothing.
const CHECKS: [&str; 4] = ["canaries", "shadow-stack", "red-zones", "constants"];
/// The function in which a failed check traps.
const TRAP: &str = "wasmscope.violation";

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Unable {
    /// It does not run here.
    NotRun(String),
    /// No pass finds anything to do in it.
    Nothing(String),
}

/// Instruments it with each pass that finds something to do, and runs it with one after the other.
pub(crate) fn guest(
    bench: &Bench,
    workload: &Workload,
    runtime: &Runtime,
) -> Result<Result<Tried, Unable>, EvaluateError> {
    let Some(module) = workload.module.as_deref().filter(|module| module.is_file()) else {
        return Ok(Err(Unable::NotRun("there is no module to instrument".into())));
    };
    let expected = workload.expected(crate::Vantage::Guest);
    let edges = expected.map_or(&[][..], |expected| &expected.edges);
    let mut passes: Vec<&str> = CHECKS.to_vec();
    for pass in expected.iter().flat_map(|expected| &expected.expect) {
        if !passes.contains(&pass.as_str()) {
            passes.push(pass);
        }
    }
    let scratch = Scratch::new()?;
    let (mut refused, mut tried) = (None, Tried { seconds: Some(0.0), ..Tried::default() });
    let mut ran = false;
    for pass in passes {
        let output = scratch.inner.join(format!("../{pass}.wasm"));
        match instrument(bench, module, &output, pass, edges)? {
            Ok(()) => {}
            Err(reason) => {
                refused = Some(reason);
                continue;
            }
        }
        let instrumented = Workload { module: Some(output), ..workload.clone() };
        let job = match Place::Runtime(runtime).job(&instrumented, &scratch.inner) {
            Ok(job) => Job { times: 1, ..job },
            Err(reason) => return Ok(Err(Unable::NotRun(reason))),
        };
        let io = |error| EvaluateError::Io("run a shell", error);
        let limit = Duration::from_secs_f64(workload.run().seconds);
        let ended =
            Shell::start(&scratch.inner, bench.home.path()).map_err(io)?.run(&job, limit).map_err(io)?;
        ran = true;
        tried.seconds = tried.seconds.map(|seconds| seconds + ended.seconds);
        tried.hung |= ended.hung;
        tried.workload_seconds += ended.seconds;
        if ended.stderr.contains(TRAP) {
            tried.told.push(Told {
                name: pass.to_owned(),
                severity: Severity::High,
                threats: Vec::new(),
                act_ms: None,
                start_ms: Some(ended.seconds * 1e3),
            });
        } else if workload.metadata.is_some()
            && !workload.run().fails
            && ended.statuses.iter().any(|s| *s != 0)
        {
            let words = last_words(&ended.stderr);
            tried.failed.get_or_insert(format!("with {pass} it ended otherwise than without: {words}"));
        }
    }
    match ran {
        true => Ok(Ok(tried)),
        false => Ok(Err(Unable::Nothing(refused.unwrap_or_else(|| "no pass applies".into())))),
    }
}

/// Writes the instrumented module, or says why there is none.
fn instrument(
    bench: &Bench,
    module: &Path,
    output: &PathBuf,
    pass: &str,
    edges: &[String],
) -> Result<Result<(), String>, EvaluateError> {
    let io = |error| EvaluateError::Io("start `wasmscope instrument`", error);
    let mut command = Command::new(&bench.wasmscope);
    command.arg("instrument").arg(module).arg("-o").arg(output).args(["--pass", pass]);
    if pass == "indirect" {
        let list = output.with_extension("edges");
        fs::write(&list, edges.join("\n") + "\n").map_err(io)?;
        command.arg("--allow-list").arg(list);
    }
    let done = command.output().map_err(io)?;
    match done.status.success() {
        true => Ok(Ok(())),
        false => {
            let words = last_words(&String::from_utf8_lossy(&done.stderr));
            // Behind the name of the command and that of the file.
            Ok(Err(words.rsplit_once(".wasm: ").map_or(words.clone(), |(_, reason)| reason.to_owned())))
        }
    }
}
