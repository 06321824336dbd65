//! The exporter against collectors that take what it sends, and others.

mod collector;
mod tls;

use collector::{Collector, LONG, Mode, wait_until};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    sync::Arc,
    time::{Duration, Instant},
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use wasmscope_export::Snapshot;
use wasmscope_model::Event;
use wasmscope_otlp::{Config, Exporter, Flags, Signal};

const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

fn event(name: &str, fields: Value) -> Arc<Event> {
    let mut all = json!({
        "wasmscope.format": 1, "time": "2026-01-02T03:04:05.000006Z", "time.monotonic_ns": 7, "event.name": name,
        "workload.id": "00f067aa0ba902b7", "process.pid": 12
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Arc::new(serde_json::from_value(all).unwrap())
}

fn forked(child: usize) -> Arc<Event> {
    event("workload.process.forked", json!({"process.child.pid": child}))
}

/// A configuration by variables, with short waits.
fn config(endpoint: &str, protocol: &str, more: &[(&str, &str)]) -> Config {
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    let find = |name: &str| {
        let value = more.iter().chain(&variables).find(|(key, _)| *key == name);
        value.map(|(_, value)| OsString::from(*value))
    };
    let mut config = Config::new(&Flags::default(), &find).unwrap().unwrap();
    config.limits.delay = Duration::from_millis(1);
    config.limits.backoff.first = Duration::from_millis(10);
    config.limits.backoff.most = Duration::from_millis(20);
    config
}

fn at(collector: &Collector, protocol: &str, more: &[(&str, &str)]) -> Exporter {
    Exporter::start(&config(&format!("http://{}", collector.address), protocol, more), None).unwrap()
}

/// Without what is 0: nearly everything.
type Told = BTreeMap<(Signal, &'static str), u64>;

fn told(counts: &[wasmscope_otlp::Count]) -> Told {
    counts
        .iter()
        .filter(|count| count.count > 0)
        .map(|count| ((count.signal, count.stage), count.count))
        .collect()
}

fn logs<const N: usize>(list: [(&'static str, u64); N]) -> Told {
    list.into_iter().map(|(stage, count)| ((Signal::Logs, stage), count)).collect()
}

fn lost(exporter: &Exporter, stage: &str) -> u64 {
    exporter.counts().iter().find(|count| count.signal == Signal::Logs && count.stage == stage).unwrap().count
}

#[test]
fn everything_arrives_by_both_protocols_plain_and_compressed() {
    for protocol in PROTOCOLS {
        for compression in ["none", "gzip"] {
            let collector = Collector::start(Mode::Take);
            let exporter = at(&collector, protocol, &[("OTEL_EXPORTER_OTLP_COMPRESSION", compression)]);
            exporter.send(&event(
                "workload.started",
                json!({
                    "process.parent_pid": 1, "process.user.id": 0, "process.creation.time": 1_700_000_000.5,
                    "workload.found_running": false, "verdict": "workload", "wasm.recognition.confidence": 99,
                    "wasm.recognition.evidence": [], "wasm.modules": [], "wasm.images": [], "wasm.memories": []
                }),
            ));
            for tid in 0..3 {
                exporter.send(&event(
                    "boundary.call",
                    json!({
                        "wasm.instance.id": 1, "wasm.instance.name": "i", "thread.id": tid, "wasi.call.interface": "i",
                        "wasi.call.name": "f", "wasi.call.class": "files", "wasi.call.outcome": "ok",
                        "wasi.call.duration_ns": 5
                    }),
                ));
            }
            exporter.send(&event(
                "workload.exited",
                json!({"workload.exit.kind": "exec", "workload.duration": 1.0}),
            ));
            // A loss of its own is not told to the one who did not take it.
            let own = json!({"loss.family": "otlp_logs", "loss.stage": "refused", "loss.count": 1});
            exporter.send(&event("sensor.lost", own));
            let snapshot = Snapshot { running: 4, ..Snapshot::default() };
            let counts = told(&exporter.finish(Some(snapshot), LONG));
            let seen = collector.seen();
            let points = seen.metrics.len() as u64;
            assert!(points >= 3 && seen.metrics.iter().any(|metric| metric.name == "wasmscope.workloads"));
            let expected = [(Signal::Metrics, points), (Signal::Logs, 5), (Signal::Traces, 4)];
            let expected = expected
                .into_iter()
                .flat_map(|(signal, n)| [((signal, "made"), n), ((signal, "delivered"), n)]);
            assert_eq!(counts, expected.collect(), "{protocol} {compression}");
            let names: Vec<_> = seen.logs.iter().map(|log| log.event_name.as_str()).collect();
            assert_eq!(names[0], "workload.started");
            assert_eq!((names.len(), names[4]), (5, "workload.exited"));
            let (roots, calls): (Vec<&Span>, Vec<_>) =
                seen.spans.iter().partition(|span| span.parent_span_id.is_empty());
            assert_eq!((roots.len(), calls.len()), (1, 3));
            assert!(calls.iter().all(|call| call.parent_span_id == roots[0].span_id));
            // The record of a call belongs to the span of the call, others to the workload's.
            assert_eq!(seen.logs[1].span_id, calls[0].span_id);
            assert_eq!(seen.logs[0].span_id, roots[0].span_id);
            assert!(
                seen.headers
                    .iter()
                    .all(|headers| headers["user-agent"].to_str().unwrap().contains("wasmscope"))
            );
        }
    }
}

#[test]
fn what_cannot_be_taken_is_lost_and_counted() {
    for (status, stage) in [
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (413, "too_large"),
        (500, "refused"),
        (302, "refused"),
    ] {
        let collector = Collector::start(Mode::Http(status, None));
        let exporter = at(&collector, "http/protobuf", &[]);
        (0..10).for_each(|n| exporter.send(&forked(n)));
        assert!(wait_until(|| lost(&exporter, stage) == 10), "{status}: {:?}", exporter.counts());
        // What comes later has its own chance.
        collector.becomes(Mode::Take);
        exporter.send(&forked(10));
        let counts = told(&exporter.finish(None, LONG));
        assert_eq!(counts, logs([("made", 11), (stage, 10), ("delivered", 1)]), "{status}");
    }
    for (code, stage) in [
        (Code::InvalidArgument, "refused"),
        (Code::Unimplemented, "refused"),
        (Code::Internal, "refused"),
        (Code::ResourceExhausted, "refused"),
    ] {
        let collector = Collector::start(Mode::Grpc(Status::new(code, "no")));
        let exporter = at(&collector, "grpc", &[]);
        (0..10).for_each(|n| exporter.send(&forked(n)));
        assert!(wait_until(|| lost(&exporter, stage) == 10), "{code:?}: {:?}", exporter.counts());
        assert_eq!(told(&exporter.finish(None, LONG)), logs([("made", 10), (stage, 10)]), "{code:?}");
    }
}

#[test]
fn what_may_be_taken_later_is_tried_again() {
    let retry_info = |seconds| {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(seconds)));
        Mode::Grpc(Status::with_error_details(Code::ResourceExhausted, "busy", details))
    };
    for (protocol, mode, at_least) in [
        ("http/protobuf", Mode::Http(429, Some("1")), 1),
        ("http/protobuf", Mode::Http(429, None), 0),
        ("http/protobuf", Mode::Http(502, None), 0),
        ("http/protobuf", Mode::Http(503, Some("nonsense")), 0),
        ("http/protobuf", Mode::Http(504, None), 0),
        ("grpc", Mode::Grpc(Status::unavailable("")), 0),
        ("grpc", Mode::Grpc(Status::deadline_exceeded("")), 0),
        ("grpc", Mode::Grpc(Status::aborted("")), 0),
        ("grpc", retry_info(1), 1),
        ("http/protobuf", Mode::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n"), 0),
        ("grpc", Mode::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n"), 0),
        ("http/protobuf", Mode::Bytes(b""), 0),
        ("grpc", Mode::Bytes(b""), 0),
    ] {
        let collector = Collector::start(mode.clone());
        let exporter = at(&collector, protocol, &[]);
        exporter.send(&forked(1));
        // Where it asked for a second, it has that second.
        let tries = if at_least > 0 { 1 } else { 3 };
        assert!(wait_until(|| collector.seen().requests >= tries), "{mode:?}");
        let asked = Instant::now();
        collector.becomes(Mode::Take);
        assert!(wait_until(|| lost(&exporter, "delivered") == 1), "{mode:?}: {:?}", exporter.counts());
        // Five milliseconds pass until the first request is seen here.
        assert!(asked.elapsed() + Duration::from_millis(50) > Duration::from_secs(at_least), "{mode:?}");
        assert_eq!(told(&exporter.finish(None, LONG)), logs([("made", 1), ("delivered", 1)]), "{mode:?}");
        assert_eq!(collector.seen().logs.len(), 1);
    }
}

#[test]
fn a_collector_that_hangs_is_left_after_the_timeout() {
    for protocol in PROTOCOLS {
        let collector = Collector::start(Mode::Hang);
        let exporter = at(&collector, protocol, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "50")]);
        exporter.send(&forked(1));
        assert!(wait_until(|| collector.seen().requests >= 3), "{protocol}");
        collector.becomes(Mode::Take);
        assert_eq!(told(&exporter.finish(None, LONG)), logs([("made", 1), ("delivered", 1)]), "{protocol}");
        // At the end it is not waited for longer than was said.
        let collector = Collector::start(Mode::Hang);
        let exporter = at(&collector, protocol, &[]);
        exporter.send(&forked(1));
        let counts = told(&exporter.finish(None, Duration::from_millis(200)));
        assert_eq!(counts, logs([("made", 1), ("unsent", 1)]), "{protocol}");
    }
}

#[test]
fn an_answer_that_is_none_is_no_success() {
    for page in ["<html>It works!</html>", "{}", "OK\n"] {
        let collector = Collector::start(Mode::Page(page));
        let exporter = at(&collector, "http/protobuf", &[]);
        (0..3).for_each(|n| exporter.send(&forked(n)));
        assert_eq!(told(&exporter.finish(None, LONG)), logs([("made", 3), ("garbled", 3)]), "{page}");
    }
    let endless = "x".repeat(1 << 20).leak();
    let collector = Collector::start(Mode::Page(endless));
    let exporter = at(&collector, "http/protobuf", &[]);
    exporter.send(&forked(1));
    assert_eq!(told(&exporter.finish(None, LONG)), logs([("made", 1), ("garbled", 1)]));
}

#[test]
fn what_a_collector_rejects_of_a_request_is_counted() {
    for protocol in PROTOCOLS {
        let collector = Collector::start(Mode::Partial(4));
        let exporter = at(&collector, protocol, &[]);
        (0..10).for_each(|n| exporter.send(&forked(n)));
        let counts = told(&exporter.finish(None, LONG));
        assert_eq!(counts[&(Signal::Logs, "made")], 10);
        let delivered = counts.get(&(Signal::Logs, "delivered")).copied().unwrap_or(0);
        assert_eq!(counts[&(Signal::Logs, "rejected")] + delivered, 10, "{counts:?}");
    }
}

/// Nobody listens at first; more comes than can wait.
#[test]
fn an_outage_loses_what_does_not_fit_and_delivers_the_rest() {
    for protocol in PROTOCOLS {
        let address = Collector::start(Mode::Take).address.to_string();
        let mut config = config(&format!("http://{address}"), protocol, &[]);
        config.limits.items = 1000;
        config.limits.batch_items = 100;
        let exporter = Exporter::start(&config, None).unwrap();
        (0..5000).for_each(|n| exporter.send(&forked(n)));
        assert!(wait_until(|| lost(&exporter, "queue_full") == 4250), "{:?}", exporter.counts());
        assert_eq!(lost(&exporter, "delivered"), 0);
        let collector = Collector::start_with(Mode::Take, None, &address);
        let counts = told(&exporter.finish(None, LONG));
        assert_eq!(counts, logs([("made", 5000), ("queue_full", 4250), ("delivered", 750)]), "{protocol}");
        assert_eq!(collector.seen().logs.len(), 750);
    }
}

#[test]
fn many_events_at_once_overflow_only_the_queue_that_says_so() {
    let collector = Collector::start(Mode::Take);
    let mut config = config(&format!("http://{}", collector.address), "grpc", &[]);
    config.limits.events = 100;
    let exporter = Exporter::start(&config, None).unwrap();
    (0..100_000).for_each(|n| exporter.send(&forked(n)));
    let counts = told(&exporter.finish(None, LONG));
    let of = |stage| counts.get(&(Signal::Logs, stage)).copied().unwrap_or(0);
    assert!(of("queue_full") > 0 && of("delivered") >= 100, "{counts:?}");
    assert_eq!((of("made"), of("delivered") + of("queue_full")), (100_000, 100_000));
    assert_eq!(collector.seen().logs.len() as u64, of("delivered"));
}

#[test]
fn headers_arrive_with_every_request() {
    for protocol in PROTOCOLS {
        let collector = Collector::start(Mode::Take);
        let headers = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20token,x-tenant=a")];
        let exporter = at(&collector, protocol, &headers);
        exporter.send(&forked(1));
        exporter.finish(Some(Snapshot::default()), LONG);
        let seen = collector.seen();
        assert_eq!(seen.headers.len(), 2);
        let mut paths = seen.paths.clone();
        paths.sort();
        let logs = if protocol == "grpc" {
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        } else {
            "/v1/logs"
        };
        assert_eq!(paths[0], logs);
        for headers in &seen.headers {
            assert_eq!(
                (&headers["authorization"], &headers["x-tenant"]),
                (&"Bearer token".parse().unwrap(), &"a".parse().unwrap())
            );
        }
    }
}
