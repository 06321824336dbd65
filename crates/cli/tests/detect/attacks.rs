//! Attack guests and the rules that must tell them; ordinary guests and the rules that must not.

use crate::kit::{Done, PATIENCE, Started, named, shell_line, wasmscope, watch_script};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use tempfile::TempDir;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes, script, workspace_root};

/// The rules of all detections.
fn rules(events: &[Value]) -> BTreeSet<&str> {
    named(events, "workload.detected").iter().map(|e| e["security_rule.name"].as_str().unwrap()).collect()
}

/// Those that are high or critical.
fn serious(events: &[Value]) -> Vec<&Value> {
    let serious = |e: &&Value| ["high", "critical"].contains(&e["detection.severity"].as_str().unwrap());
    named(events, "workload.detected").into_iter().filter(serious).collect()
}

/// The attack guests that say which rules must tell them.
fn attacks() -> Vec<(String, Vec<String>)> {
    let folder = workspace_root().join("workloads/attack");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let expected = fs::read_to_string(path.join("expected-rules.txt")).ok()?;
            let name = path.file_name()?.to_str()?.to_owned();
            Some((name, expected.lines().map(str::to_owned).collect()))
        })
        .collect();
    found.sort();
    found
}

/// Runs a guest in a folder of its own, so often one after the other.
fn watch_guest(wasmtime: &wasmscope_testkit::Runtime, name: &str, times: usize) -> Done {
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("a/b/c");
    fs::create_dir_all(&inner).unwrap();
    let line = shell_line(&wasmtime.clone().dir(&inner).command(&guest(name), [] as [&str; 0]));
    let lines = vec![line; times].join(" & ");
    let done = Started::spawn(watch_script(&format!("cd '{}'; {lines} & wait", inner.display())))
        .finish_within(2 * PATIENCE);
    assert_eq!(done.stderr, "", "{name}");
    done
}

#[test]
fn every_attack_guest_is_told_by_the_rules_that_it_names() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let attacks = attacks();
    assert!(attacks.len() >= 7, "{attacks:?}");
    let mut missed = Vec::new();
    for (name, expected) in &attacks {
        let times = if name == "fuzzy-bounds" { 5 } else { 1 };
        let done = watch_guest(&wasmtime, name, times);
        let events = done.events();
        let found = rules(&events);
        for rule in expected.iter().filter(|rule| !found.contains(rule.as_str())) {
            missed.push(format!("{name}: {rule} is not among {found:?}"));
        }
        for detection in named(&events, "workload.detected") {
            let evidence = detection["detection.evidence"].as_array().unwrap();
            assert_eq!(evidence.last().unwrap()["workload.id"], detection["workload.id"]);
            assert_eq!(detection["wasm.runtime.name"], "wasmtime", "{detection:#}");
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_detection_names_the_guest_function_and_what_to_do() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let events = watch_guest(&wasmtime, "path-probing", 1).events();
    let detections = named(&events, "workload.detected");
    let probing = detections.iter().find(|e| e["security_rule.name"] == "path-escape-probing").unwrap();
    let functions: Vec<_> =
        probing["wasm.stack"].as_array().unwrap().iter().map(|f| f["wasm.function.name"].as_str()).collect();
    assert!(functions.contains(&Some("probe")), "{functions:?}");
    assert_eq!(probing["detection.count"], 10, "{probing:#}");
    assert!(probing["wasm.module.path"].as_str().unwrap().ends_with("path-probing.wasm"), "{probing:#}");
    assert!(probing["detection.advice"].as_str().is_some_and(|advice| !advice.is_empty()));
}

/// Acts of `workloads/python/misbehaving_host.py`, and rules that must tell them.
const MISBEHAVING: &[(&str, &str)] = &[
    ("memfd", "memory-file-made"),
    ("memfd-exec", "memory-file-executed"),
    ("exec", "program-executed"),
    ("fork", "process-forked"),
    ("ptrace", "process-traced"),
    ("procmem", "process-memory-opened"),
    ("setns", "namespace-changed"),
    ("mount", "mount-changed"),
    ("setuid", "privileges-changed"),
    ("bpf", "kernel-probed"),
    ("module", "kernel-code-loaded"),
    ("kill", "signal-sent"),
    ("shadow", "secret-file-opened"),
];

#[test]
fn a_runtime_that_turns_against_the_host_is_told() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let mut command = python.bare_command();
    command.arg(script("python/misbehaving_host.py")).args(MISBEHAVING.iter().map(|(act, _)| act));
    let done = Started::spawn(watch_script(&format!("exec {}", shell_line(&command)))).finish();
    let events = done.events();
    let found = rules(&events);
    let missed: Vec<_> = MISBEHAVING.iter().filter(|(_, rule)| !found.contains(rule)).collect();
    assert!(missed.is_empty(), "{missed:?} of {found:?}");
}

#[test]
fn ordinary_guests_set_off_no_serious_rule() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    for (name, argument) in [("busy-files", "3"), ("grow", "3"), ("hello", ""), ("callchain", "1")] {
        let folder = TempDir::new().unwrap();
        let arguments: &[&str] = if argument.is_empty() { &[] } else { &[argument] };
        let line = shell_line(&wasmtime.clone().dir(folder.path()).command(&guest(name), arguments));
        let script = format!("cd '{}'; {line}", folder.path().display());
        let events = Started::spawn(watch_script(&script)).finish().events();
        assert!(serious(&events).is_empty(), "{name}: {:#?}", serious(&events));
    }
}

#[test]
fn a_recorded_run_has_the_same_detections_when_it_is_replayed() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let (folder, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let recording = folder.path().join("recording");
    let line = shell_line(&wasmtime.dir(files.path()).command(&guest("path-probing"), [] as [&str; 0]));
    let script = format!("exec >/dev/null 2>&1; cd '{}'; {line}", files.path().display());
    let live =
        Started::spawn(wasmscope(["record", text(&recording), "--json", "--", "sh", "-c", &script])).finish();
    assert!(!rules(&live.events()).is_empty(), "{live:?}");
    let again = crate::kit::run(wasmscope(["replay", "--json", text(&recording)]));
    assert!(again.stdout == live.stdout, "recorded:\n{}\nreplayed:\n{}", live.stdout, again.stdout);
    let without = crate::kit::run(wasmscope(["replay", "--json", "--no-shipped-rules", text(&recording)]));
    assert!(rules(&without.events()).is_empty());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
