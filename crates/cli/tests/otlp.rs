//! An agent that watches real guests and sends to a real OpenTelemetry collector. Needs root.

#[path = "common/agent.rs"]
mod agent;

use agent::{Agent, LONG};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::{Metric, metric::Data, number_data_point},
    trace::v1::Span,
};
use prost::Message as _;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use wasmscope_testkit::{
    guest, may_skip, require_root, require_runtime, rotel, rotel::Rotel, runtimes, wait_until, wasmscope,
};

/// What the collector passed on. Each export of metrics replaces the one before.
#[derive(Default)]
struct Arrived {
    logs: Vec<LogRecord>,
    spans: Vec<Span>,
    /// By series, as `/metrics` would write it.
    metrics: BTreeMap<String, f64>,
    resource: BTreeMap<String, String>,
}

/// Takes what the collector passes on, and reads it with the official messages.
fn sink() -> (SocketAddr, Arc<Mutex<Arrived>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let arrived = Arc::<Mutex<Arrived>>::default();
    let shared = Arc::clone(&arrived);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || serve(stream, &shared));
        }
    });
    (address, arrived)
}

/// Requests one after the other, until the other side closes.
fn serve(stream: TcpStream, arrived: &Mutex<Arrived>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut path, mut length, mut gzip) = (String::new(), 0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(posted) = line.strip_prefix("post ") {
                path = posted.split(' ').next().unwrap().to_owned();
            } else if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            } else if line == "content-encoding: gzip" {
                gzip = true;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if gzip {
            let mut plain = vec![];
            GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            body = plain;
        }
        arrived.lock().unwrap().take(&path, &body[..]);
        let reply = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        reader.get_mut().write_all(reply.as_bytes()).unwrap();
    }
}

impl Arrived {
    fn take(&mut self, path: &str, body: &[u8]) {
        match path {
            "/v1/logs" => {
                for of in ExportLogsServiceRequest::decode(body).unwrap().resource_logs {
                    self.resource = texts(&of.resource.unwrap().attributes);
                    self.logs.extend(of.scope_logs.into_iter().flat_map(|scope| scope.log_records));
                }
            }
            "/v1/traces" => {
                for of in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
                    self.spans.extend(of.scope_spans.into_iter().flat_map(|scope| scope.spans));
                }
            }
            "/v1/metrics" => {
                let request = ExportMetricsServiceRequest::decode(body).unwrap();
                let scopes = request.resource_metrics.into_iter().flat_map(|of| of.scope_metrics);
                scopes.flat_map(|scope| scope.metrics).for_each(|metric| self.measure(&metric));
            }
            other => panic!("{other}"),
        }
    }

    /// The mapping of `docs/opentelemetry.md`, backwards.
    fn measure(&mut self, metric: &Metric) {
        let (points, suffix) = match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => (&sum.data_points, if sum.is_monotonic { "_total" } else { "" }),
            Data::Gauge(gauge) => (&gauge.data_points, ""),
            other => panic!("{other:?}"),
        };
        let unit = match metric.unit.as_str() {
            "By" => "_bytes",
            "s" => "_seconds",
            _ => "",
        };
        for point in points {
            assert!(point.start_time_unix_nano <= point.time_unix_nano, "{point:?}");
            let labels = texts(&point.attributes);
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
            let series = format!("{}{unit}{suffix}{{{}}}", metric.name.replace('.', "_"), labels.join(","));
            let value = match point.value.unwrap() {
                number_data_point::Value::AsInt(value) => value as f64,
                number_data_point::Value::AsDouble(value) => value,
            };
            self.metrics.insert(series, value);
        }
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |entry: &KeyValue| match entry.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|entry| (entry.key.clone(), text(entry))).collect()
}

/// The series of workloads on a page, with labels in the order of their names.
fn series_of_workloads(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| line.starts_with("wasmscope_workload_"));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
            // Their values hold no comma.
            let mut labels: Vec<_> = labels.split(',').collect();
            labels.sort();
            (format!("{name}{{{}}}", labels.join(",")), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn what_a_guest_does_arrives_behind_a_real_collector() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    if let Some(missing) = rotel::missing() {
        return may_skip("rotel", missing, true);
    }
    for protocol in ["grpc", "http/protobuf"] {
        let (address, arrived) = sink();
        let collector = Rotel::start(address);
        let endpoint = if protocol == "grpc" { collector.grpc } else { collector.http };
        let endpoint = format!("http://{endpoint}");
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
            ("OTEL_SERVICE_NAME", "agent-under-test"),
        ];
        // The flag wins over the variable.
        let mut agent = Agent::with_variables(&["--otlp", &endpoint], &variables);
        agent.run(&wasmtime.command(&guest("traps"), ["oob"]));
        let exited = || agent.value("wasmscope_workloads_exited_total{kind=\"code\"}") == Some(1.0);
        assert!(wait_until(exited, LONG), "{protocol}: {}", agent.page());

        // What ended does not change any more: the same numbers on both ways.
        let page = series_of_workloads(&agent.page());
        assert!(page.len() > 20, "{page:?}");
        let same = || {
            let arrived = arrived.lock().unwrap();
            page.iter().all(|(series, value)| arrived.metrics.get(series) == Some(value))
        };
        let equal = wait_until(same, LONG);
        let all = std::mem::take(&mut *arrived.lock().unwrap());
        let differ = page.iter().filter(|(series, value)| all.metrics.get(*series) != Some(value));
        assert!(equal, "{protocol}: {:?}\n{:?}", differ.collect::<Vec<_>>(), all.metrics);

        assert!(wait_until(|| !arrived.lock().unwrap().spans.is_empty() || !all.spans.is_empty(), LONG));
        drop(agent);
        let rest = arrived.lock().unwrap();
        let [span] = &[&all.spans[..], &rest.spans[..]].concat()[..] else { panic!("{:?}", rest.spans) };
        assert_eq!((span.name.as_str(), span.parent_span_id.len()), ("traps.wasm", 0));
        let about = texts(&span.attributes);
        assert_eq!(about["wasm.runtime.name"], "wasmtime");
        assert!(about["wasm.module.path"].ends_with("/traps.wasm"), "{about:?}");
        assert!(span.start_time_unix_nano < span.end_time_unix_nano);
        let id: String = span.trace_id[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(about["workload.id"], id);

        let logs = [&all.logs[..], &rest.logs[..]].concat();
        let of = |name: &str| {
            logs.iter().find(|log| log.event_name == name).unwrap_or_else(|| panic!("no {name}"))
        };
        assert_eq!(texts(&of("workload.trapped").attributes)["wasm.trap.code"], "MemoryOutOfBounds");
        assert_eq!((of("workload.trapped").severity_number, of("workload.exited").severity_number), (13, 9));
        assert!(logs.iter().filter(|log| !log.trace_id.is_empty()).all(|log| log.trace_id == span.trace_id));
        let resource = if all.resource.is_empty() { &rest.resource } else { &all.resource };
        assert_eq!(resource["service.name"], "agent-under-test");
        assert_eq!(resource["deployment.environment.name"], "test");
    }
}

/// Nobody listens: the agent goes on, says so once, and tells what it lost.
#[test]
fn without_a_collector_the_agent_goes_on_and_tells_what_is_lost() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut watch = Command::new(wasmscope());
    watch.args(["watch", "--json", "--otlp", "http://127.0.0.1:1", "--"]);
    // One that lives long enough to be known on a busy machine.
    let guest = wasmtime.command(&guest("grow"), ["3"]);
    watch.arg(guest.get_program()).args(guest.get_args());
    let begun = std::time::Instant::now();
    let output = watch.stdin(Stdio::null()).output().unwrap();
    assert!(begun.elapsed() < LONG);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("trying again").count(), 1, "{said}");
    assert!(
        said.contains("OpenTelemetry: metrics, logs, traces to http://127.0.0.1:1 (http/protobuf)"),
        "{said}"
    );
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let lost = |family: &str| {
        let of = lines
            .iter()
            .filter(|event| event["event.name"] == "sensor.lost" && event["loss.family"] == family);
        of.filter(|event| event["loss.stage"] == "unsent")
            .filter_map(|event| event["loss.count"].as_u64())
            .sum::<u64>()
    };
    let events = lines.iter().filter(|event| {
        event["event.name"].is_string()
            && !event["loss.family"].as_str().is_some_and(|of| of.starts_with("otlp"))
    });
    assert_eq!(lost("otlp_logs"), events.count() as u64, "{lines:?}");
    assert_eq!(lost("otlp_traces"), 1);
    assert!(lost("otlp_metrics") > 20);
}

#[test]
fn a_value_that_cannot_be_is_refused_before_anything_starts() {
    let watch = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut watch = Command::new(wasmscope());
        watch.arg("watch").args(arguments).args(["--duration", "0"]).envs(variables.iter().copied());
        let output = watch.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        watch(&["--otlp", "c:4317"], &[]).contains("--otlp: must be an address like http://127.0.0.1:4317")
    );
    assert!(watch(&["--otlp-sample", "2"], &[]).contains("no number from 0 to 1"));
    let secret = [("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")];
    let said = watch(&["--otlp", "http://127.0.0.1:1"], &secret);
    assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS") && !said.contains("hunter2"), "{said}");
}
