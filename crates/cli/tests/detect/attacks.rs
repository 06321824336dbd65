//! Attack guests and the rules that must tell them; ordinary guests and the rules that must not.

use crate::kit::{Done, PATIENCE, Started, named, shell_line, wasmscope, watch_script};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Command};
use tempfile::TempDir;
use wasmscope_evaluate::{
    Kind, Vantage,
    corpus::{Corpus, Workload},
};
use wasmscope_testkit::{
    Runtime, component, find_world, guest, host_program, require_root, require_runtime, runtimes, script,
    workspace_root,
};

/// The rules of all detections.
fn rules(events: &[Value]) -> BTreeSet<&str> {
    named(events, "workload.detected").iter().map(|e| e["security_rule.name"].as_str().unwrap()).collect()
}

/// Those that are high or critical.
fn serious(events: &[Value]) -> Vec<&Value> {
    let serious = |e: &&Value| ["high", "critical"].contains(&e["detection.severity"].as_str().unwrap());
    named(events, "workload.detected").into_iter().filter(serious).collect()
}

/// All guests, as `wasmscope evaluate` reads them.
fn corpus() -> Vec<Workload> {
    let root = workspace_root();
    let corpus = Corpus::load(&root.join("workloads"), &root.join("target/guests"));
    corpus.unwrap_or_else(|error| panic!("{error}")).workloads
}

/// Rules that must tell it.
fn expected(guest: &Workload) -> &[String] {
    guest.expected(Vantage::Kernel).map_or(&[], |expected| &expected.expect)
}

/// Runs a guest in a folder of its own, so often at once.
fn watch_guest(wasmtime: &Runtime, entry: &Workload) -> Done {
    let run = entry.run();
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("a/b/c");
    fs::create_dir_all(&inner).unwrap();
    let runtime = wasmtime.clone().dir(&inner);
    // Sockets are only in components, and need leave.
    let command = if find_world(&entry.name).unwrap().is_some() {
        runtime.option("-Sinherit-network").command(&component(&entry.name), &run.arguments)
    } else {
        runtime.command(&guest(&entry.name), &run.arguments)
    };
    let lines = vec![shell_line(&command); run.times].join(" & ");
    let limit = run.open_files.map_or(String::new(), |most| format!("ulimit -n {most}; "));
    let script = format!("cd '{}'; {limit}{lines} & wait", inner.display());
    let done = Started::spawn(watch_script(&script)).finish_within(2 * PATIENCE);
    assert_eq!(done.stderr, "", "{}", entry.name);
    done
}

#[test]
fn every_attack_guest_is_told_by_the_rules_that_it_names() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let corpus = corpus();
    let attacks = corpus.iter().filter(|guest| guest.kind == Kind::Attack && !guest.is_native());
    let told: Vec<_> = attacks.filter(|attack| !expected(attack).is_empty()).collect();
    assert!(told.len() >= 30, "{told:?}");
    let mut missed = Vec::new();
    for attack in told {
        let done = watch_guest(&wasmtime, attack);
        let events = done.events();
        let found = rules(&events);
        for rule in expected(attack).iter().filter(|rule| !found.contains(rule.as_str())) {
            missed.push(format!("{}: {rule} is not among {found:?}", attack.name));
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
    let corpus = corpus();
    let probing = corpus.iter().find(|guest| guest.name == "path-probing").unwrap();
    let events = watch_guest(&wasmtime, probing).events();
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
fn a_host_in_c_that_was_taken_over_is_told_act_by_act() {
    require_root!();
    let library = require_runtime!(runtimes::python_wasmtime()).wasmtime_library();
    let corpus = corpus();
    let cases = corpus.iter().filter(|guest| guest.is_native());
    let cases: Vec<_> = cases.map(|case| (case.run().arguments, expected(case))).collect();
    assert!(cases.len() >= 9, "{cases:?}");
    let acts = cases.iter().flat_map(|(act, _)| act);
    let expected = cases.iter().flat_map(|(act, rules)| rules.iter().map(move |rule| (act, rule)));
    let mut command = Command::new(host_program("escaped"));
    command.args([library, guest("sleeper")]).args(acts);
    let events = Started::spawn(watch_script(&shell_line(&command))).finish().events();
    let found = rules(&events);
    let missed: Vec<_> = expected.filter(|(_, rule)| !found.contains(rule.as_str())).collect();
    assert!(missed.is_empty(), "{missed:?} of {found:?}");
}

#[test]
fn ordinary_guests_set_off_no_serious_rule() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let corpus = corpus();
    // Those that take longer are left to `wasmscope evaluate`.
    let ordinary: Vec<_> =
        corpus.iter().filter(|guest| guest.kind == Kind::Benign && guest.run().seconds <= 30.0).collect();
    assert!(ordinary.len() >= 15, "{ordinary:?}");
    let mut recognised = 0;
    for guest in ordinary {
        let events = watch_guest(&wasmtime, guest).events();
        recognised += usize::from(!named(&events, "workload.started").is_empty());
        assert!(serious(&events).is_empty(), "{}: {:#?}", guest.name, serious(&events));
    }
    // Some are over before anybody could recognise them.
    assert!(recognised >= 20, "{recognised}");
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
