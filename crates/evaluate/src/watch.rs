//! `wasmscope watch --json` as a child process that looks at one shell only, and what it says.

use crate::{
    EvaluateError,
    process::{Group, Tail, each_line, lock, wait_until},
};
use serde::Deserialize;
use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use wasmscope_model::Severity;

/// Probes are attached after this, or never.
const START: Duration = Duration::from_secs(60);
/// After a run, workloads are seen to end within this.
const SETTLE: Duration = Duration::from_secs(5);
/// A detection that is made with the last event is told within this.
const REST: Duration = Duration::from_millis(250);
/// `watch` ends within this after it was asked to.
const END: Duration = Duration::from_secs(20);
/// Longest line that is looked at, bytes. Detections have their evidence with them.
const MOST_LINE: usize = 4 << 20;
/// Most detections that are kept of a run; the rest is counted.
const MOST_DETECTIONS: usize = 4096;
const STDERR_BYTES: usize = 4096;

/// Something that a rule stated.
#[derive(Debug, Clone)]
pub(crate) struct Detection {
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) threats: Vec<String>,
    /// Path of the module, where one is told.
    pub(crate) module: Option<String>,
    /// Whether hooks told any of its evidence.
    pub(crate) of_hooks: bool,
    /// When the event was that completed the evidence, `CLOCK_MONOTONIC`.
    pub(crate) event_ns: u64,
    /// When the line was read here.
    pub(crate) read_ns: u64,
}

/// What `watch` said of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Events of all kinds.
    pub(crate) events: u64,
    pub(crate) detections: Vec<Detection>,
    /// Detections beyond those.
    pub(crate) detections_not_kept: u64,
    pub(crate) started: u64,
    pub(crate) exited: u64,
    /// Seconds of all workloads that ended.
    pub(crate) workload_seconds: f64,
    /// Records and events that were lost.
    pub(crate) lost: u64,
    /// Lines that were too long, or no event.
    pub(crate) unreadable: u64,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "event.name")]
    name: String,
    #[serde(rename = "time.monotonic_ns")]
    at: u64,
    #[serde(rename = "security_rule.name")]
    rule: Option<String>,
    #[serde(rename = "detection.severity")]
    severity: Option<Severity>,
    #[serde(rename = "detection.threats", default)]
    threats: Vec<String>,
    #[serde(rename = "detection.evidence", default)]
    evidence: Vec<Named>,
    #[serde(rename = "wasm.module.path")]
    module: Option<String>,
    #[serde(rename = "workload.duration")]
    duration: Option<f64>,
    #[serde(rename = "loss.count")]
    lost: Option<u64>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "event.name")]
    name: String,
}

impl Seen {
    fn take(&mut self, read_ns: u64, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            self.unreadable += 1;
            return;
        };
        self.events += 1;
        match line.name.as_str() {
            "workload.started" => self.started += 1,
            "workload.exited" => {
                self.exited += 1;
                self.workload_seconds += line.duration.unwrap_or_default();
            }
            "sensor.lost" => self.lost += line.lost.unwrap_or(1),
            "workload.detected" if self.detections.len() >= MOST_DETECTIONS => self.detections_not_kept += 1,
            "workload.detected" => {
                self.detections.extend(line.rule.zip(line.severity).map(|(rule, severity)| Detection {
                    rule,
                    severity,
                    threats: line.threats,
                    module: line.module,
                    of_hooks: line.evidence.iter().any(|event| event.name.starts_with("boundary.")),
                    event_ns: line.at,
                    read_ns,
                }))
            }
            _ => {}
        }
    }
}

/// A running `watch`.
#[derive(Debug)]
pub(crate) struct Watch {
    group: Group,
    seen: Arc<Mutex<Seen>>,
    reader: thread::JoinHandle<()>,
    stderr: Tail,
}

impl Watch {
    /// Watches the process `pid` and its descendants, and nothing else, from when this returns.
    pub(crate) fn start(wasmscope: &Path, pid: u32, hooks: Option<&Path>) -> Result<Self, EvaluateError> {
        let io = |error| EvaluateError::Io("start `wasmscope watch`", error);
        let mut command = Command::new(wasmscope);
        command.args(["watch", "--json", "--scope", &format!("tree:{pid}")]);
        if let Some(socket) = hooks {
            command.arg([OsStr::new("--hooks="), socket.as_os_str()].into_iter().collect::<OsString>());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(&mut command).map_err(io)?;
        let missing = || io(std::io::Error::other("a pipe is missing"));
        let stdout = group.child.stdout.take().ok_or_else(missing)?;
        let stderr = Tail::follow(group.child.stderr.take().ok_or_else(missing)?, STDERR_BYTES);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let into = Arc::clone(&seen);
        let reader = thread::spawn(move || {
            let too_long = each_line(stdout, MOST_LINE, |at, line| lock(&into).take(at, line));
            lock(&into).unreadable += too_long;
        });
        let this = Self { group, seen, reader, stderr };
        // It tells what became of its probes once they are attached.
        let ready = || lock(&this.seen).events > 0 || this.group.has_ended();
        if wait_until(START, ready) && !this.group.has_ended() {
            return Ok(this);
        }
        let said = this.stderr.text();
        let line = said.lines().next_back().unwrap_or("it says nothing").to_owned();
        Err(EvaluateError::Watch(line.trim_start_matches("wasmscope: ").to_owned()))
    }

    /// Waits until what has happened is told, ends it, and gives what it said.
    pub(crate) fn finish(self) -> Seen {
        let Self { mut group, seen, reader, stderr: _ } = self;
        let settled = || {
            let seen = lock(&seen);
            seen.exited >= seen.started
        };
        // One that is recognised late, or not at all, is told within this.
        thread::sleep(REST);
        wait_until(SETTLE, settled);
        group.terminate();
        wait_until(END, || group.has_ended());
        group.kill();
        wait_until(END, || reader.is_finished());
        lock(&seen).clone()
    }
}

/// Milliseconds between two times of `CLOCK_MONOTONIC`.
pub(crate) fn ms(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 / 1e6
}
