//! Runs that never were.

// Each test binary uses its own part.
#![allow(dead_code)]

use wasmscope_baseline::{Baselines, Counts, Limits, Monitor, Needs};
use wasmscope_detect::samples;
use wasmscope_model::{BootId, Detection, Event, EventKind, ProcessKey, Sha256, WorkloadId};

/// Asked after the first run.
pub(crate) const AT_ONCE: Needs = Needs { runs: 1, time: std::time::Duration::MAX };

/// Events of one run, written as samples of rules are; a start before them, an end after them.
pub(crate) fn run(number: u32, lines: &str) -> Vec<Event> {
    run_of("module", number, lines)
}

/// The same, of another module.
pub(crate) fn run_of(module: &str, number: u32, lines: &str) -> Vec<Event> {
    let hash = Sha256::of(module.as_bytes());
    let started = format!(
        r#"{{"event.name": "workload.started", "wasm.runtime.name": "wasmtime", "wasm.modules": [{{"wasm.module.path": "/srv/{module}.wasm", "wasm.module.sha256": "{hash}", "wasm.module.origin": "mapped"}}]}}"#
    );
    let exited = r#"{"event.name": "workload.exited", "workload.exit.kind": "code", "process.exit.code": 0}"#;
    let text: Vec<&str> =
        [started.as_str(), lines, exited].into_iter().filter(|text| !text.is_empty()).collect();
    let mut read = samples::read(&text.join("\n"), true).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(read.len(), 1, "one stream");
    let id = WorkloadId::new(&BootId("b".into()), &ProcessKey::from_kernel(number, 0, 0));
    let mut events = read.remove(0).1;
    events.iter_mut().for_each(|event| set_id(event, id));
    events
}

fn set_id(event: &mut Event, id: WorkloadId) {
    match &mut event.kind {
        EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => workload.id = id,
        EventKind::Exited { id: of, .. } | EventKind::Grown { id: of, .. } => *of = id,
        EventKind::Opened(act) | EventKind::Created(act) | EventKind::Removed(act) => act.actor.id = id,
        EventKind::Connected(act) | EventKind::Accepted(act) => act.actor.id = id,
        EventKind::Asked(act) => act.network.actor.id = id,
        EventKind::Sensitive(act) => act.actor.id = id,
        EventKind::HostCall(of) => of.id = id,
        EventKind::Throttled(of) => of.id = id,
        EventKind::Lost(_) => {}
        other => panic!("give {} the id of its run", other.name()),
    }
}

/// What is known after these runs.
pub(crate) fn learn(runs: &[Vec<Event>]) -> Baselines {
    learn_with(runs, Limits::default()).0
}

pub(crate) fn learn_with(runs: &[Vec<Event>], limits: Limits) -> (Baselines, Counts) {
    let never = Needs { runs: u32::MAX, ..AT_ONCE };
    let mut monitor = Monitor::new(Baselines::default(), true, never, limits);
    let mut found = Vec::new();
    runs.iter().flatten().for_each(|event| monitor.observe(event, &mut found));
    assert!(found.is_empty(), "a module in learning raises nothing: {found:#?}");
    monitor.finish()
}

/// What is unusual about these events.
pub(crate) fn ask(known: &Baselines, events: &[Event]) -> Vec<Detection> {
    ask_with(known, AT_ONCE, events)
}

pub(crate) fn ask_with(known: &Baselines, needs: Needs, events: &[Event]) -> Vec<Detection> {
    let mut monitor = Monitor::new(known.clone(), false, needs, Limits::default());
    let mut found = Vec::new();
    events.iter().for_each(|event| monitor.observe(event, &mut found));
    found
}

/// The rules of detections.
pub(crate) fn rules(found: &[Detection]) -> Vec<&str> {
    found.iter().map(|detection| detection.rule.as_str()).collect()
}

pub(crate) fn opened(path: &str) -> String {
    format!(
        r#"{{"event.name": "workload.file.opened", "file.path": "{path}", "file.open.flags": ["read"], "syscall.result": 3}}"#
    )
}

pub(crate) fn connected(address: &str, port: u16) -> String {
    format!(
        r#"{{"event.name": "workload.network.connected", "network.transport": "tcp", "network.peer.address": "{address}", "network.peer.port": {port}}}"#
    )
}

pub(crate) fn asked(name: &str) -> String {
    format!(
        r#"{{"event.name": "workload.dns.asked", "dns.question.name": "{name}", "network.transport": "udp", "network.peer.address": "10.0.0.2", "network.peer.port": 53}}"#
    )
}

pub(crate) fn sensitive(call: &str) -> String {
    format!(r#"{{"event.name": "workload.call.sensitive", "syscall.name": "{call}"}}"#)
}

pub(crate) fn host_call(name: &str) -> String {
    format!(
        r#"{{"event.name": "boundary.call", "wasm.instance.id": 1, "wasm.instance.name": "x", "wasi.call.interface": "wasi_snapshot_preview1", "wasi.call.name": "{name}", "wasi.call.class": "files", "wasi.call.outcome": "ok", "wasi.call.duration_ns": 5}}"#
    )
}

pub(crate) fn lines(lines: &[String]) -> String {
    lines.join("\n")
}
