//! Running `wasmscope watch -- COMMAND` and reading what it says.

// Each test binary uses its own part.
#![allow(dead_code)]

use serde_json::Value;
use std::{
    process::{Command, Stdio},
    time::Duration,
};
use wasmscope_testkit::{Running, wait_until, wasmscope};

/// A command that runs `command` under `watch`, following only it.
pub(crate) fn watching(command: &Command) -> Command {
    let mut watch = Command::new(wasmscope());
    watch.args(["watch", "--json", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => watch.env(name, value),
            None => watch.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        watch.current_dir(dir);
    }
    watch.env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    watch
}

/// The events among the lines of `output`; guests may print lines of their own.
pub(crate) fn events(output: &str) -> Vec<Value> {
    output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|value| value.get("event.name").is_some())
        .collect()
}

/// Events of this name.
pub(crate) fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event.name"] == name).collect()
}

/// Runs until `enough` is true of the events so far, and returns them.
///
/// # Panics
/// It was not true in time; the message has the events.
pub(crate) fn events_until(
    running: &Running,
    timeout: Duration,
    enough: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let mut last = Vec::new();
    let done = wait_until(
        || {
            last = events(&running.output());
            enough(&last)
        },
        timeout,
    );
    assert!(done, "not seen within {timeout:?}; so far:\n{}", running.output());
    last
}

/// The latest state of the only workload: `started`, overlaid by the last `identified`.
pub(crate) fn latest(events: &[Value]) -> Option<&Value> {
    events
        .iter()
        .rev()
        .find(|e| matches!(e["event.name"].as_str(), Some("workload.started" | "workload.identified")))
}

/// Runs `wasmscope` with these arguments to its end.
pub(crate) fn run(args: &[&str]) -> std::process::Output {
    Command::new(wasmscope()).args(args).stdin(Stdio::null()).output().expect("the binary under test starts")
}

/// SHA-256 of a file, by the tool that a user would check it with.
pub(crate) fn sha256sum(path: &std::path::Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().expect("coreutils");
    String::from_utf8_lossy(&output.stdout)
        .split(' ')
        .next()
        .expect("a hash")
        .trim_start_matches('\\')
        .to_owned()
}
