//! The documentation of the JSON format against the format.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use wasmscope_model::{
    BootId, CodeImage, Confidence, Container, Detection, Event, EventKind, Evidence, Frame, ImageKind,
    LimitSource, LinearMemory, Loss, Maturity, ModuleFile, ModuleOrigin, Pid, ProbeReport, ProbeState,
    ProcessKey, Recognition, Response, Severity, Sha256, Signal, Verdict, Workload, WorkloadId,
    activity::{
        Actor, CallAct, DnsAct, ExecAct, Fault, FileAct, MemoryAct, NetworkAct, Outcome, SignalAct,
        Throttled, Word,
    },
    boundary::{
        Boundary, GrowthTotals, GuestRun, HookFrame, Hooked, HostCall, Instance, InstanceGrowth,
        InstanceStart, InstanceTotals, RunTotals, Unexplained,
    },
    event::{Exit, FORMAT},
    fields::{Field, Source, Type, Value as FieldValue, fields},
    kind::Kind,
};

fn memory() -> LinearMemory {
    LinearMemory {
        base: 1,
        size_bytes: 1,
        limit_bytes: Some(1),
        limit_source: Some(LimitSource::Module),
        instrumented: true,
    }
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

/// One of every kind that hooks tell, with every field.
fn hooked() -> Vec<EventKind> {
    let instance = || Instance { id: 1, name: "x".into(), tid: Some(1) };
    fn of<T>(what: T) -> Boundary<T> {
        Boundary { id: workload().id, pid: Pid(1), what }
    }
    let call = HostCall {
        interface: "x".into(),
        name: "x".into(),
        class: "sockets".into(),
        arguments: serde_json::Map::new(),
        outcome: "ok".into(),
        error: text(),
        exit_code: Some(1),
        result: Some(Value::Array(Vec::new())),
        duration_ns: 1,
        read_bytes: 1,
        written_bytes: 1,
        denied_by: text(),
    };
    let run = GuestRun {
        name: "x".into(),
        end: "trapped".into(),
        exit_code: Some(1),
        trap: word(),
        message: text(),
        frames: vec![HookFrame { function_index: 1, function: text(), module: text(), offset: Some(1) }],
        cut: true,
        wall_ns: 1,
        cpu_ns: 1,
        host_ns: 1,
        guest_cpu_ns: 1,
        fuel: Some(1),
    };
    let growth = InstanceGrowth {
        what: "memory".into(),
        from: 1,
        asked: 1,
        maximum: Some(1),
        answer: "granted".into(),
    };
    let grown = GrowthTotals { asked: 1, granted: 1, refused: 1, high_water: 1 };
    let totals = InstanceTotals {
        functions: BTreeMap::new(),
        errors: BTreeMap::new(),
        memory: grown,
        table: grown,
        run: RunTotals {
            runs: 1,
            trapped: 1,
            exited: 1,
            failed: 1,
            wall_ns: 1,
            cpu_ns: 1,
            host_ns: 1,
            guest_cpu_ns: 1,
            fuel: 1,
        },
    };
    vec![
        EventKind::InstanceStarted(of(Hooked {
            instance: instance(),
            what: InstanceStart { told: vec!["x".into()] },
        })),
        EventKind::Unexplained(Box::new(Unexplained {
            actor: actor(),
            event: "x".into(),
            at_ns: 1,
            call: Some("x".into()),
            target: text(),
            why: "x".into(),
            during: text(),
        })),
        EventKind::HostCall(of(Hooked { instance: instance(), what: Box::new(call) })),
        EventKind::GuestRan(of(Hooked { instance: instance(), what: Box::new(run) })),
        EventKind::InstanceGrown(of(Hooked { instance: instance(), what: growth })),
        EventKind::InstanceEnded(of(Hooked { instance: instance(), what: Box::new(totals) })),
    ]
}

/// A detection of which everything is known.
fn detection(evidence: Vec<Event>) -> Detection {
    let texts = || vec!["x".to_owned()];
    Detection {
        id: workload().id,
        pid: Pid(1),
        rule: "x".into(),
        title: "x".into(),
        severity: Severity::High,
        confidence: Confidence::percent(1),
        reasons: texts(),
        maturity: Maturity::Stable,
        attack: texts(),
        cwe: texts(),
        threats: texts(),
        advice: "x".into(),
        count: 1,
        since_ns: 1,
        suppressed: 1,
        lossy: true,
        evidence,
        runtime: text(),
        runtime_version: text(),
        module_path: text(),
        module_sha256: Some(Sha256::of(b"")),
        stack: actor().stack,
    }
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
    kinds.extend(hooked());
    kinds.push(EventKind::Responded(Box::new(Response {
        id,
        pid: Pid(1),
        rule: text(),
        name: "x".into(),
        action: "x".into(),
        outcome: "x".into(),
        reason: text(),
        act: "x".into(),
        delay_ms: Some(0.5),
    })));
    let event = |kind| Event { format: FORMAT, time: "x".into(), monotonic_ns: 0, kind };
    let mut events: Vec<Event> = kinds.into_iter().map(event).collect();
    let detected = detection(events.clone());
    events.push(event(EventKind::Detected(Box::new(detected))));
    events
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

/// The names and JSON types of an event's own fields, not those of what it contains.
fn own_fields(event: &Event) -> BTreeMap<String, Value> {
    match serde_json::to_value(event).unwrap() {
        Value::Object(fields) => fields.into_iter().collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_registry_has_every_field_of_every_event_with_its_type() {
    for kind in Kind::ALL {
        let events: Vec<_> = events().into_iter().filter(|event| event.kind.kind() == *kind).collect();
        let written: BTreeMap<_, _> = events.iter().flat_map(own_fields).collect();
        let listed: BTreeSet<_> = fields().filter(|f| f.of.contains(*kind)).map(|f| f.name).collect();
        // In JSON these are fields of what `wasm.modules`, `wasi.call.arguments`, `functions` and `run` hold.
        let within = [
            "wasm.instance.bytes.random",
            "wasm.instance.bytes.written",
            "wasm.instance.calls",
            "wasm.instance.calls.clocks",
            "wasm.instance.calls.poll",
            "wasm.instance.guest_cpu_ns",
            "wasm.instance.wall_ns",
            "wasi.call.creates",
            "wasm.module.name",
            "wasm.module.capabilities",
            "wasm.module.findings",
            "wasi.call.path",
            "wasi.call.address",
        ];
        let missing: Vec<_> = written.keys().filter(|name| !listed.contains(name.as_str())).collect();
        let not_written = |name: &&&str| !written.contains_key(**name) && !within.contains(name);
        let obsolete: Vec<_> = listed.iter().filter(not_written).collect();
        assert!(
            missing.is_empty() && obsolete.is_empty(),
            "{kind:?}: missing {missing:?}, obsolete {obsolete:?}"
        );
        for (name, value) in &written {
            let ty = Field::named(name).unwrap().ty;
            let fits = match ty {
                Type::Bool => value.is_boolean(),
                Type::Int => value.is_i64() || value.is_u64(),
                Type::Double => value.is_number(),
                Type::String | Type::Address => value.is_string(),
                Type::Strings => value.is_array(),
                Type::Objects => value.is_array() || value.is_object(),
            };
            assert!(fits, "{kind:?} {name}: {value} is no {ty}");
        }
        for event in &events {
            check_values(event);
        }
    }
}

/// What conditions read is what is written.
fn check_values(event: &Event) {
    let known = workload();
    for (name, written) in own_fields(event) {
        let field = Field::named(&name).unwrap();
        let Source::Event(get) = field.source else { continue };
        let read = get(&event.kind).unwrap_or_else(|| panic!("{name} of {:?}", event.kind.kind()));
        let same = match read {
            FieldValue::Bool(value) => written == value,
            FieldValue::Int(value) => written == value,
            FieldValue::Double(value) => written.as_f64() == Some(value),
            FieldValue::Str(value) => written == value,
            FieldValue::Address(value) => written == value.to_string(),
            FieldValue::List(list) => written.as_array().unwrap().len() == list.len(),
        };
        assert!(same, "{name}: {written} is read as {read:?}");
    }
    for field in fields() {
        if let Source::Workload(get) = field.source {
            assert!(get(&known).is_some(), "{} of a workload of which everything is known", field.name);
        }
    }
}

const BEGIN: &str = "<!-- Generated from the registry: BLESS=1 cargo test -p wasmscope --test docs -->\n";

fn table() -> String {
    let mut table =
        String::from("\n| field | type | unit | events | meaning |\n| --- | --- | --- | --- | --- |\n");
    for field in fields().filter(|field| !matches!(field.source, Source::JsonOnly)) {
        let unit = field.unit.map(|unit| unit.to_string()).unwrap_or_default();
        let short = |kind: Kind| kind.as_str().strip_prefix("workload.").unwrap_or(kind.as_str()).to_owned();
        let events = match field.source {
            Source::Workload(_) => "all of workloads".to_owned(),
            _ if field.of.iter().count() > 12 => "all".to_owned(),
            _ => field.of.iter().map(short).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(table, "| `{}` | {} | {unit} | {events} | {} |", field.name, field.ty, field.about);
    }
    table
}

#[test]
fn the_page_of_fields_is_that_of_the_registry() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fields.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, written) = page.split_once(BEGIN).expect("the line before the table");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{}", table())).unwrap();
    } else {
        assert!(
            written == table(),
            "docs/fields.md is not current: BLESS=1 cargo test -p wasmscope --test docs"
        );
    }
}
