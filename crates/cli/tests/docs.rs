//! The documentation of the JSON format against the format.

use serde_json::Value;
use std::collections::BTreeSet;
use wasmscope_model::{
    BootId, CodeImage, Confidence, Container, Event, EventKind, Evidence, Frame, ImageKind, LimitSource,
    LinearMemory, Loss, ModuleFile, ModuleOrigin, Pid, ProbeReport, ProbeState, ProcessKey, Recognition,
    Sha256, Signal, Verdict, Workload, WorkloadId,
    activity::{
        Actor, CallAct, DnsAct, ExecAct, Fault, FileAct, MemoryAct, NetworkAct, Outcome, SignalAct,
        Throttled, Word,
    },
    event::{Exit, FORMAT},
};

fn memory() -> LinearMemory {
    LinearMemory { base: 1, size_bytes: 1, limit_bytes: Some(1), limit_source: Some(LimitSource::Module) }
}

fn text() -> Option<String> {
    Some("x".into())
}

/// A workload of which everything is known.
fn workload() -> Workload {
    let key = ProcessKey { pid: Pid(1), start_ticks: 1, exec_stamp: 1 };
    Workload {
        id: WorkloadId::new(&BootId("b".into()), &key),
        pid: Pid(1),
        namespace_pid: Some(Pid(1)),
        parent_pid: Pid(1),
        uid: 0,
        started_unix: 0.0,
        executable: text(),
        recognition: Recognition {
            verdict: Verdict::Workload,
            runtime: text(),
            version: text(),
            confidence: Confidence::percent(1),
            evidence: vec![Evidence {
                signal: Signal::CodeImage,
                runtime: text(),
                weight: Confidence::percent(1),
                detail: "x".into(),
            }],
        },
        modules: vec![ModuleFile {
            path: text(),
            sha256: Some(Sha256::of(b"")),
            size_bytes: Some(1),
            name: text(),
            origin: ModuleOrigin::Read,
            capabilities: Some(vec!["x".into()]),
            findings: vec!["x".into()],
        }],
        images: vec![CodeImage {
            base: 1,
            size_bytes: 1,
            kind: ImageKind::Module,
            engine_version: text(),
            text_base: 1,
            text_bytes: 1,
            modules: 1,
            functions: 1,
            symbols_sha256: Some(Sha256::of(b"")),
            module_sha256: Some(Sha256::of(b"")),
            file: text(),
            problems: vec!["x".into()],
        }],
        memories: vec![memory()],
        container: Container { id: text(), pod_uid: text(), systemd_unit: text() },
        unknown: vec!["x".into()],
    }
}

fn word() -> Option<Word> {
    Some("x".into())
}

/// All that is known of an act.
fn actor() -> Actor {
    let frame = Frame { module_index: 0, function_index: 1, name: text(), offset: Some(1) };
    Actor {
        id: workload().id,
        pid: Pid(1),
        tid: 1,
        stack: vec![frame],
        stack_cut: true,
        stack_missing: word(),
        untrusted: vec!["x".into()],
    }
}

fn outcome() -> Outcome {
    Outcome { call: "x".into(), result: Some(1), error: word() }
}

/// One of every kind of act, with every field.
fn acts() -> Vec<EventKind> {
    let file = FileAct {
        actor: actor(),
        outcome: outcome(),
        path: text(),
        requested: text(),
        directory: text(),
        target: text(),
        target_directory: text(),
        flags: vec!["read".into()],
        beneath: Some(true),
        confined: Some(true),
        system: word(),
    };
    let network = NetworkAct {
        actor: actor(),
        outcome: outcome(),
        transport: word(),
        local_address: "::1".parse().ok(),
        local_port: Some(1),
        peer_address: "127.0.0.1".parse().ok(),
        peer_port: Some(1),
        path: text(),
    };
    let fault = Fault {
        actor: actor(),
        signal: 11,
        code: 1,
        trap: word(),
        address: Some(1),
        instruction: 1,
        handled: true,
    };
    let (id, pid) = (workload().id, Pid(1));
    let executed = ExecAct {
        id,
        pid,
        child: Some(Pid(2)),
        name: "x".into(),
        memfd: true,
        args: vec!["x".into()],
        untrusted: vec!["x".into()],
    };
    let called = CallAct {
        actor: actor(),
        outcome: outcome(),
        arguments: vec!["0x1".into()],
        texts: vec!["x".into()],
        foreign_abi: true,
    };
    let sent = SignalAct { actor: actor(), outcome: outcome(), signal: 1, target: Some(1) };
    let memory = MemoryAct { actor: actor(), outcome: outcome(), address: 1, bytes: 1 };
    let asked = DnsAct { network: network.clone(), name: text(), record_type: word() };
    let throttled = Throttled { id, pid, count: Some(1), since_ns: 1, budget: "rare".into() };
    let files = [
        EventKind::Opened,
        EventKind::Created,
        EventKind::Removed,
        EventKind::Renamed,
        EventKind::Linked,
        EventKind::Truncated,
    ];
    let networks =
        [EventKind::Connected, EventKind::Accepted, EventKind::Bound, EventKind::Listening, EventKind::Peer];
    let others = [
        EventKind::Forked { id, pid, child: Pid(2) },
        EventKind::Executed(executed),
        EventKind::Asked(asked),
        EventKind::WritableExecutable(memory),
        EventKind::Sensitive(called),
        EventKind::SignalSent(sent),
        EventKind::Trapped(fault.clone()),
        EventKind::Crashed(fault),
        EventKind::Throttled(throttled),
    ];
    let files = files.map(|kind| kind(file.clone())).into_iter();
    files.chain(networks.map(|kind| kind(network.clone()))).chain(others).collect()
}

/// One event of every kind, with every field.
fn events() -> Vec<Event> {
    let id = workload().id;
    let report = ProbeReport {
        name: "x".into(),
        state: ProbeState::Refused,
        reason: "x".into(),
        visibility: "x".into(),
        remedy: "x".into(),
        required: false,
    };
    let exited = |how| EventKind::Exited { id, pid: Pid(1), how, seconds: 0.0 };
    let mut kinds = vec![
        EventKind::Started { workload: Box::new(workload()), found_running: true, delay_ms: Some(0.0) },
        EventKind::Identified { workload: Box::new(workload()), changed: vec!["x".into()] },
        EventKind::Grown { id, pid: Pid(1), memory: memory(), previous_bytes: 0 },
        exited(Exit::Code { code: 0 }),
        exited(Exit::Signal { signal: 9, core_dumped: false }),
        EventKind::Lost(Loss { family: "x".into(), stage: "x".into(), count: 1 }),
        EventKind::Sensor(report),
    ];
    kinds.extend(acts());
    let event = |kind| Event { format: FORMAT, time: "x".into(), monotonic_ns: 0, kind };
    kinds.into_iter().map(event).collect()
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                into.insert(name.clone());
                keys(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn every_field_and_event_is_documented_and_no_other() {
    let page = include_str!("../../../docs/events.md");
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<String> = first_cells.map(|(name, _)| name.to_owned()).collect();
    let mut written = BTreeSet::new();
    for event in events() {
        let json = serde_json::to_value(&event).unwrap();
        written.insert(json["event.name"].as_str().unwrap().to_owned());
        keys(&json, &mut written);
        let back: Event = serde_json::from_value(json).unwrap();
        assert_eq!(back, event, "an event comes back as it was");
    }
    let missing: Vec<_> = written.difference(&documented).collect();
    let obsolete: Vec<_> = documented.difference(&written).collect();
    assert!(missing.is_empty() && obsolete.is_empty(), "missing: {missing:?}, obsolete: {obsolete:?}");
}
