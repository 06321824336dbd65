//! Workloads that act when the watcher knows them, and not before; and reading what was told of them.

use crate::kit::{Done, PATIENCE, Started, named, shell_line, watch_script};
use serde_json::Value;
use std::{collections::HashMap, path::Path, process::Command, thread, time::Duration};
use wasmscope_testkit::{Runtime, script, wait_until};

/// After a workload is known, a little more is learned of it.
const SETTLE: Duration = Duration::from_millis(400);

/// Watches this command; its own output goes nowhere.
pub(crate) fn watch(command: &Command) -> Done {
    let done = Started::spawn(watch_script(&format!("exec {}", shell_line(command)))).finish();
    check_attribution(&done.events());
    done
}

/// `workloads/python/misbehaving_host.py` with these acts.
pub(crate) fn misbehaving(python: &Runtime, acts: &[&str]) -> Command {
    let mut command = python.bare_command();
    command.arg(script("python/misbehaving_host.py")).args(acts);
    command
}

/// The line of shell that runs `code` from within a guest's function `misbehave`, in `folder`, once `folder/cue` is there.
pub(crate) fn python_line(python: &Runtime, folder: &Path, code: &str) -> String {
    let mut command = python.bare_command();
    command.args(["-B", "-c", include_str!("host.py")]).arg(folder.join("cue")).arg(code);
    format!("cd '{}'; exec {}", folder.display(), shell_line(&command))
}

/// Gives the cue in `folder` as soon as a workload is known.
pub(crate) fn cue(watch: &Started, folder: &Path) {
    watch.wait_for("workload", |events| !named(events, "workload.started").is_empty());
    thread::sleep(SETTLE);
    std::fs::write(folder.join("cue"), "").unwrap();
}

/// Runs `code` from within a guest, in `folder`, and gives all that was told of it.
pub(crate) fn act_in(python: &Runtime, folder: &Path, code: &str) -> Done {
    let watch = Started::spawn(watch_script(&python_line(python, folder, code)));
    cue(&watch, folder);
    let done = watch.finish_within(4 * PATIENCE);
    check_attribution(&done.events());
    done
}

/// The same in a folder that nobody needs to know.
pub(crate) fn act(python: &Runtime, code: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let done = act_in(python, folder.path(), code);
    assert_eq!(done.status, 0, "{done:?}");
    done.events()
}

/// Waits until the only workload is known, so that all that follows is told.
pub(crate) fn wait_known(watch: &Started) {
    watch.wait_for("workload", |events| !named(events, "workload.started").is_empty());
    thread::sleep(SETTLE);
}

/// Guest functions, innermost first.
pub(crate) fn functions(event: &Value) -> Vec<&str> {
    let frames = event["wasm.stack"].as_array().map(Vec::as_slice).unwrap_or_default();
    frames.iter().map(|frame| frame["wasm.function.name"].as_str().unwrap_or("")).collect()
}

/// These functions are in the stack, in this order, perhaps with others between.
#[track_caller]
pub(crate) fn assert_chain(event: &Value, expected: &[&str]) {
    let functions = functions(event);
    let mut rest = functions.iter();
    let found = expected.iter().all(|name| rest.any(|function| function == name));
    assert!(found, "{expected:?} is not in {functions:?}: {event:#}");
}

/// Names of the fields that were read from memory of the process.
pub(crate) fn untrusted(event: &Value) -> Vec<&str> {
    let names = event["untrusted"].as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap()).collect()
}

/// The one event for which this holds.
#[track_caller]
pub(crate) fn only<'a>(events: &'a [Value], what: &str, holds: impl Fn(&Value) -> bool) -> &'a Value {
    let found: Vec<_> = events.iter().filter(|event| holds(event)).collect();
    assert_eq!(found.len(), 1, "{what}: {found:#?}");
    found[0]
}

/// Events that tell of acts: not of the agent, nor what a workload is, nor what rules make of it.
pub(crate) fn acts(events: &[Value]) -> impl Iterator<Item = &Value> {
    let about = [
        "sensor.state",
        "sensor.lost",
        "workload.started",
        "workload.identified",
        "workload.exited",
        "workload.detected",
    ];
    events.iter().filter(move |event| !about.contains(&event["event.name"].as_str().unwrap()))
}

/// Every act belongs to a workload that was told before, and was done in its time.
#[track_caller]
pub(crate) fn check_attribution(events: &[Value]) {
    let mut pids = HashMap::new();
    let mut ends = HashMap::new();
    let at = |event: &Value| event["time.monotonic_ns"].as_u64().unwrap();
    let key =
        |event: &Value| (event["workload.id"].as_str().map(str::to_owned), event["process.pid"].as_u64());
    for event in named(events, "workload.exited") {
        ends.insert(key(event), at(event));
    }
    for event in events {
        if event["event.name"] == "workload.started" {
            pids.insert(event["workload.id"].as_str().unwrap(), event["process.pid"].as_u64().unwrap());
        }
        let Some(id) = event["workload.id"].as_str() else { continue };
        assert!(pids.contains_key(id), "before its workload: {event:#}");
        // What a look found has the time of the look, which may come late.
        let found =
            ["workload.started", "workload.identified"].contains(&event["event.name"].as_str().unwrap());
        let end = ends.get(&key(event)).filter(|_| !found);
        assert!(end.is_none_or(|end| at(event) <= *end), "after its end: {event:#}");
    }
}

/// Waits for a line of text in what a program that is no JSON has written.
#[track_caller]
pub(crate) fn wait_text(watch: &Started, text: &str) {
    assert!(wait_until(|| watch.stdout().contains(text), PATIENCE), "no {text:?}: {}", watch.stdout());
}
