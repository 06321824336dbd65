//! Doing it.

use crate::{Action, SignalKind};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use wasmscope_model::{BootId, Detection, WorkloadId};
use wasmscope_sensor_proc::Process;

/// How often a command is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What became of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The program that was detected has ended.
    Gone,
    Failed(String),
}

/// Does it, in at most so long.
pub(crate) fn act(action: &Action, detection: &Detection, boot: &BootId, timeout: Duration) -> Outcome {
    let result = match action {
        Action::Signal(kind) => return signal(*kind, detection, boot),
        Action::Command(command) => execute(command, detection, timeout),
        Action::Webhook { url, headers } => post(url, headers, detection, timeout),
    };
    result.map_or_else(Outcome::Failed, |()| Outcome::Done)
}

fn signal(kind: SignalKind, detection: &Detection, boot: &BootId) -> Outcome {
    let signal = match kind {
        SignalKind::Stop => Signal::STOP,
        SignalKind::Kill => Signal::KILL,
    };
    let Some(pid) = i32::try_from(detection.pid.0).ok().and_then(Pid::from_raw) else {
        return Outcome::Failed("no process id".into());
    };
    // The handle first: whoever it is now, it stays that one.
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return Outcome::Gone };
    match Process::open(detection.pid.0) {
        Ok(process) if WorkloadId::new(boot, process.key()) == detection.id => {}
        _ => return Outcome::Gone,
    }
    match pidfd_send_signal(&handle, signal) {
        Ok(()) => Outcome::Done,
        Err(rustix::io::Errno::SRCH) => Outcome::Gone,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn json(detection: &Detection) -> Result<Vec<u8>, String> {
    serde_json::to_vec(detection).map_err(|error| error.to_string())
}

/// The program reads the detection, in its own process group, which is killed when its time is over.
fn execute(command: &[String], detection: &Detection, timeout: Duration) -> Result<(), String> {
    let until = Instant::now() + timeout;
    let mut line = json(detection)?;
    line.push(b'\n');
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot execute {:?}: {error}", command[0]))?;
    // A program that does not read must not hold this up: the pipe is written on a thread that ends with it.
    let writer = child.stdin.take().map(|mut stdin| thread::spawn(move || stdin.write_all(&line)));
    let ended = wait(&mut child, until);
    if ended.is_err() {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| rustix::process::kill_process_group(group, Signal::KILL));
        let _ = child.wait();
    }
    drop(writer);
    ended
}

fn wait(child: &mut Child, until: Instant) -> Result<(), String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("the command ended with {status}")),
            Ok(None) if Instant::now() >= until => return Err("the command took too long".into()),
            Ok(None) => thread::sleep(LOOK_EVERY),
            Err(error) => return Err(io_error("waiting for the command", &error)),
        }
    }
}

fn io_error(what: &str, error: &io::Error) -> String {
    format!("{what}: {error}")
}

fn post(
    url: &str,
    headers: &std::collections::BTreeMap<String, String>,
    detection: &Detection,
    timeout: Duration,
) -> Result<(), String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(timeout)).max_redirects(0).build().into();
    let mut request = agent.post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    // The error names the status, the host or the reason, and none of the headers.
    let answer = request.send(json(detection)?.as_slice()).map_err(|error| error.to_string())?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("the server answered {}", answer.status())),
    }
}
