//! What is written by hand is read with the official messages.

use super::{Envelope, ids, log, metrics, resource::resource, span};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point},
};
use prost::Message as _;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, time::Duration};
use wasmscope_export::{Encoder, Snapshot, WorkloadUsage};
use wasmscope_model::{BootId, Event, EventKind, Pid, ProcessKey, WorkloadId};

fn event(mut fields: Json) -> Event {
    fields["wasmscope.format"] = json!(1);
    fields["time"] = json!("2026-01-02T03:04:05.000006Z");
    fields["time.monotonic_ns"] = json!(7);
    serde_json::from_value(fields).unwrap()
}

fn id() -> WorkloadId {
    serde_json::from_value(json!("00f067aa0ba902b7")).unwrap()
}

/// As JSON, where integers that are too large are texts.
fn json_of(value: &AnyValue) -> Json {
    match value.value.as_ref() {
        None => Json::Null,
        Some(Value::StringValue(text)) => json!(text),
        Some(Value::BoolValue(yes)) => json!(yes),
        Some(Value::IntValue(number)) => json!(number),
        Some(Value::DoubleValue(number)) => json!(number),
        Some(Value::ArrayValue(list)) => list.values.iter().map(json_of).collect(),
        Some(Value::KvlistValue(object)) => Json::Object(attributes(&object.values).into_iter().collect()),
        Some(other) => panic!("{other:?}"),
    }
}

fn attributes(list: &[KeyValue]) -> BTreeMap<String, Json> {
    let all: BTreeMap<_, _> =
        list.iter().map(|entry| (entry.key.clone(), json_of(entry.value.as_ref().unwrap()))).collect();
    assert_eq!(all.len(), list.len(), "an attribute twice");
    all
}

fn envelope() -> Envelope {
    Envelope::new(&resource(Some("agent"), &BTreeMap::from([("team".into(), "ops".into())])))
}

#[test]
fn a_log_record_has_all_fields_of_its_event_with_their_types() {
    let fields = json!({
        "event.name": "boundary.call", "workload.id": id(), "process.pid": 12,
        "wasm.instance.id": 18_446_744_073_709_551_615_u64, "wasm.instance.name": "plug\u{1b}[2J\\in\u{202e}", "thread.id": 3,
        "wasi.call.interface": "wasi:filesystem/types", "wasi.call.name": "open-at", "wasi.call.class": "files",
        "wasi.call.arguments": {"path": "a/é", "flags": ["read", {"deep": [[], {}, -5, 0.25, true, null]}], "long": "x".repeat(9000)},
        "wasi.call.outcome": "error", "error.type": "not-permitted", "wasi.call.duration_ns": 1500, "policy.rule": "p"
    });
    let event = event(fields.clone());
    let mut items = vec![];
    let ids = (ids::trace(id()), [1; 8]);
    log::log(&mut items, &event, 1_000, 2_000, Some(ids));
    log::log(&mut items, &event, 1_000, 2_000, None);
    let request = ExportLogsServiceRequest::decode(envelope().request(&items)).unwrap();
    let resource = attributes(&request.resource_logs[0].resource.as_ref().unwrap().attributes);
    assert_eq!((&resource["service.name"], &resource["team"]), (&json!("agent"), &json!("ops")));
    assert!(resource["process.pid"].is_u64() && resource.contains_key("service.instance.id"));
    let scope = &request.resource_logs[0].scope_logs[0];
    assert_eq!(scope.scope.as_ref().unwrap().name, "wasmscope");
    let [first, second] = &scope.log_records[..] else { panic!() };
    assert_eq!((first.time_unix_nano, first.observed_time_unix_nano), (1_000, 2_000));
    assert_eq!((first.severity_text.as_str(), first.severity_number), ("WARN", 13));
    assert_eq!(first.event_name, "boundary.call");
    assert_eq!((&first.trace_id[..], &first.span_id[..]), (&ids.0[..], &ids.1[..]));
    assert_eq!((second.trace_id.len(), &second.attributes), (0, &first.attributes));

    let mut expected = fields.as_object().unwrap().clone();
    expected.remove("event.name");
    expected.insert("time.monotonic_ns".into(), json!(7));
    expected.insert("wasm.instance.id".into(), json!("18446744073709551615"));
    // Escaped as in the text output, and cut.
    expected.insert("wasm.instance.name".into(), json!("plug\\u{1b}[2J\\\\in\\u{202e}"));
    expected["wasi.call.arguments"]["long"] = json!(format!("{}…", "x".repeat(4096)));
    assert_eq!(Json::Object(attributes(&first.attributes).into_iter().collect()), Json::Object(expected));
}

#[test]
fn severities_are_ordered_as_detections_are() {
    let severity = |severity: &str| {
        let event = event(json!({
            "event.name": "workload.detected", "workload.id": id(), "process.pid": 1, "security_rule.name": "r",
            "security_rule.description": "It \u{7} is", "detection.severity": severity, "detection.confidence": 50,
            "detection.maturity": "stable", "detection.advice": "a", "detection.count": 1, "detection.since_ns": 1,
            "detection.evidence": []
        }));
        let mut items = vec![];
        log::log(&mut items, &event, 1, 1, None);
        let request = ExportLogsServiceRequest::decode(envelope().request(&items)).unwrap();
        let record = request.resource_logs[0].scope_logs[0].log_records[0].clone();
        assert_eq!(json_of(&record.body.unwrap()), json!("It \\u{7} is"));
        (record.severity_number, record.severity_text)
    };
    let all = ["info", "low", "medium", "high", "critical"].map(severity);
    let numbers: Vec<_> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [9, 13, 14, 17, 18]);
    assert_eq!(all[4].1, "ERROR2");
}

#[test]
fn a_workload_is_a_span_and_its_calls_are_children() {
    let started = event(json!({
        "event.name": "workload.started", "workload.id": id(), "process.pid": 12, "process.parent_pid": 1,
        "process.user.id": 0, "process.creation.time": 1_700_000_000.25, "verdict": "workload",
        "workload.found_running": false,
        "wasm.runtime.name": "wasmtime", "wasm.recognition.confidence": 99, "wasm.recognition.evidence": [],
        "wasm.modules": [{"wasm.module.path": "/srv/evil\u{1b}]0;\"name.wasm", "wasm.module.origin": "open"}],
        "wasm.images": [], "wasm.memories": []
    }));
    let EventKind::Started { workload, .. } = &started.kind else { panic!() };
    let exited = event(json!({
        "event.name": "workload.exited", "workload.id": id(), "process.pid": 12, "workload.exit.kind": "code",
        "process.exit.code": 3, "workload.duration": 1.5
    }));
    let called = event(json!({
        "event.name": "boundary.call", "workload.id": id(), "process.pid": 12, "wasm.instance.id": 1,
        "wasm.instance.name": "i", "wasi.call.interface": "wasi:cli/exit", "wasi.call.name": "exit",
        "wasi.call.class": "cli", "wasi.call.arguments": {}, "wasi.call.outcome": "ok", "wasi.call.duration_ns": 40
    }));
    let EventKind::HostCall(of) = &called.kind else { panic!() };
    let begun = span::Begun::new(workload);
    let mut items = vec![];
    let end = 1_700_000_001_750_000_000;
    span::workload(&mut items, id(), &begun, &exited, end);
    span::call(&mut items, &called, id(), &of.what.what, 77, end - 100);
    let request = ExportTraceServiceRequest::decode(envelope().request(&items)).unwrap();
    let [root, call] = &request.resource_spans[0].scope_spans[0].spans[..] else { panic!() };
    assert_eq!(root.trace_id, call.trace_id);
    assert_eq!(root.trace_id[..8], 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!((&root.span_id, root.parent_span_id.len()), (&call.parent_span_id, 0));
    assert_eq!((root.start_time_unix_nano, root.end_time_unix_nano), (1_700_000_000_250_000_000, end));
    assert_eq!((call.start_time_unix_nano, call.end_time_unix_nano), (end - 100, end - 60));
    assert_eq!((root.name.as_str(), call.name.as_str()), ("evil__0__name.wasm", "wasi:cli/exit#exit"));
    let status = root.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "exit status 3"));
    assert!(call.status.is_none());
    let told = attributes(&root.attributes);
    assert_eq!((&told["process.pid"], &told["process.exit.code"]), (&json!(12), &json!(3)));
    assert_eq!(told["wasm.module.path"], "/srv/evil\\u{1b}]0;\"name.wasm");
    assert_eq!(told["workload.id"], "00f067aa0ba902b7");
}

/// The lines of a page for Prometheus, made of OTLP metrics by the mapping of the documentation.
fn page(list: &[Metric]) -> BTreeMap<String, f64> {
    let mut lines = BTreeMap::new();
    for metric in list {
        let (points, suffix) = match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => (&sum.data_points, if sum.is_monotonic { "_total" } else { "" }),
            Data::Gauge(gauge) => (&gauge.data_points, ""),
            other => panic!("{other:?}"),
        };
        let unit = match metric.unit.as_str() {
            "By" => "_bytes",
            "s" => "_seconds",
            annotation => {
                assert!(annotation.is_empty() || annotation.starts_with('{'), "{annotation}");
                ""
            }
        };
        let name = format!("{}{unit}{suffix}", metric.name.replace('.', "_"));
        for point in points {
            let labels: Vec<_> = point
                .attributes
                .iter()
                .map(|entry| format!("{}={}", entry.key, json_of(entry.value.as_ref().unwrap())))
                .collect();
            let value = match point.value.unwrap() {
                number_data_point::Value::AsInt(value) => value as f64,
                number_data_point::Value::AsDouble(value) => value,
            };
            assert!(0 < point.start_time_unix_nano && point.start_time_unix_nano <= point.time_unix_nano);
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            assert!(lines.insert(format!("{name}{labels}"), value).is_none(), "{name}{labels} twice");
        }
    }
    lines
}

#[test]
fn the_metrics_are_those_of_the_page() {
    let second = Duration::from_secs;
    let workload = |pid: u32| WorkloadUsage {
        runtime: Some("wasmtime".into()),
        module: Some("a \"b\".wasm".into()),
        process_started: Some(second(1000)),
        recognised: Some(second(1001)),
        cpu_user: Some(Duration::from_micros(1_234_567)),
        cpu_system: Some(second(2)),
        run_queue_wait: Some(Duration::from_nanos(1)),
        threads: Some(3),
        resident_bytes: Some(1 << 40),
        minor_faults: Some(5),
        syscalls: (0..100).map(|n| (format!("call{n}").into(), 1000 - n)).collect(),
        guest_results: vec![("violations".into(), u64::from(pid))],
        detections: vec![("rule".into(), 1)],
        ..WorkloadUsage::new(
            WorkloadId::new(&BootId("b".into()), &ProcessKey::from_kernel(pid, 0, 0)),
            Pid(pid),
        )
    };
    let mut snapshot =
        Snapshot { workloads: (1..=300).map(workload).collect(), running: 300, ..Snapshot::default() };
    snapshot.agent.version = "1".into();
    snapshot.agent.cpu = Some(second(1));
    let written = Encoder::default().openmetrics(snapshot.clone());
    let expected: BTreeMap<String, f64> = written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(series, value)| (series.to_owned(), value.parse().unwrap()))
        .collect();
    let table = Encoder::default().table(snapshot);
    let (mut list, mut points, mut parts) = (vec![], 0, 0);
    metrics::metrics(&table, second(900), second(2000), |bytes, of_it| {
        let request = ExportMetricsServiceRequest::decode(envelope().request(bytes)).unwrap();
        list.extend(request.resource_metrics[0].scope_metrics[0].metrics.iter().cloned());
        points += of_it;
        parts += 1;
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    });
    assert_eq!(page(&list), expected);
    assert_eq!(points as usize, expected.len());
    assert!(parts > list.iter().map(|metric| &metric.name).collect::<std::collections::BTreeSet<_>>().len());
    let start = |name: &str| {
        let metric = list.iter().find(|metric| metric.name == name).unwrap();
        let Some(Data::Sum(sum)) = &metric.data else { panic!("{name}") };
        assert_eq!(sum.aggregation_temporality, 2);
        sum.data_points[0].start_time_unix_nano / 1_000_000_000
    };
    assert_eq!(start("wasmscope.workload.cpu"), 1000);
    assert_eq!(start("wasmscope.workload.syscalls"), 1001);
    assert_eq!(start("wasmscope.agent.cpu"), 900);
}
