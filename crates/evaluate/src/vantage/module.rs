//! Module: `scan` before anything runs.

use super::{Bench, live::last_words};
use crate::{
    EvaluateError,
    corpus::Workload,
    judge::{Told, Tried},
    process::{Group, Tail, each_line, lock, wait_until},
};
use serde::Deserialize;
use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use wasmscope_model::Severity;

/// A scan takes a second per MiB at most; this is for modules of any size.
const LIMIT: Duration = Duration::from_secs(120);
/// Largest report that is read, bytes.
const MOST_REPORT: usize = 256 << 20;
const STDERR_BYTES: usize = 4096;

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    severity: Severity,
}

/// Scans the module.
pub(crate) fn module(bench: &Bench, workload: &Workload) -> Result<Result<Tried, String>, EvaluateError> {
    let io = |error| EvaluateError::Io("start `wasmscope scan`", error);
    let Some(module) = workload.module.as_deref().filter(|module| module.is_file()) else {
        return Ok(Err("there is no module to scan".into()));
    };
    let began = Instant::now();
    let mut command = Command::new(&bench.wasmscope);
    command.args(["scan", "--json", "--"]).arg(module);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(&mut command).map_err(io)?;
    let missing = || io(std::io::Error::other("a pipe is missing"));
    let stdout = group.child.stdout.take().ok_or_else(missing)?;
    let stderr = Tail::follow(group.child.stderr.take().ok_or_else(missing)?, STDERR_BYTES);
    let report = Arc::new(Mutex::new(None));
    let into = Arc::clone(&report);
    let reader = thread::spawn(move || {
        each_line(stdout, MOST_REPORT, |_, line| {
            if let Ok(read) = serde_json::from_slice::<Report>(line) {
                *lock(&into) = Some(read);
            }
        });
    });
    let ended = wait_until(LIMIT, || reader.is_finished());
    let seconds = began.elapsed().as_secs_f64();
    group.kill();
    if !ended {
        return Ok(Ok(Tried { hung: true, ..Tried::default() }));
    }
    let Some(report) = lock(&report).take() else { return Ok(Err(last_words(&stderr.text()))) };
    let told = report.findings.into_iter().map(|finding| Told {
        name: finding.rule,
        severity: finding.severity,
        threats: Vec::new(),
        act_ms: None,
        start_ms: Some(seconds * 1e3),
    });
    Ok(Ok(Tried { told: told.collect(), seconds: Some(seconds), ..Tried::default() }))
}
