//! What leaves a host by OpenTelemetry and Prometheus: the same numbers and names as the events.

use opentelemetry::logs::{AnyValue, LoggerProvider as _, Severity};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use prometheus_client::{encoding::text::encode, registry::Registry};
use std::{collections::HashMap, thread::JoinHandle};
use wasmscope_sensor_wasmtime::{Hooks, Mode, Observe, OpenTelemetrySink, Sensor, SensorBuilder, p1, run};
use wasmtime::{Engine, Linker, Module, Store};
use wasmtime_wasi::{WasiCtx, p1::WasiP1Ctx};

struct State {
    wasi: WasiP1Ctx,
    hooks: Hooks,
}

impl Observe for State {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

/// Yields twice, and traps.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (drop (call $yield)) (drop (call $yield)) unreachable))"#;

fn trap(sensor: &Sensor) {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST).unwrap();
    let mut linker = Linker::<State>::new(&engine);
    p1::add_to_linker_sync(&mut linker, |state| &mut state.wasi).unwrap();
    let state = State { wasi: WasiCtx::builder().build_p1(), hooks: sensor.instance("plugin\u{1b}[2J") };
    let mut store = Store::new(&engine, state);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    assert!(run(&mut store, "_start", |store| start.call(store, ())).is_err());
}

fn to_opentelemetry(
    builder: SensorBuilder,
    exporter: &InMemoryLogExporter,
    capacity: usize,
) -> (Sensor, JoinHandle<()>, SdkLoggerProvider) {
    let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let (sink, thread) = OpenTelemetrySink::start(provider.logger("plugins"), capacity).unwrap();
    // What a logger is given when its provider is gone, the SDK throws away.
    (builder.sink(sink).build(), thread, provider)
}

#[test]
fn events_are_log_records_with_the_same_fields() {
    let exporter = InMemoryLogExporter::default();
    let (sensor, thread, _provider) = to_opentelemetry(Sensor::builder().modes(Mode::Events), &exporter, 64);
    trap(&sensor);
    assert_eq!(sensor.lost(), 0);
    drop(sensor);
    thread.join().unwrap();

    let logs = exporter.get_emitted_logs().unwrap();
    let names: Vec<_> = logs.iter().map(|log| log.record.event_name().unwrap()).collect();
    let expected = [
        "boundary.instance.started",
        "boundary.call",
        "boundary.call",
        "boundary.run",
        "boundary.instance.ended",
    ];
    assert_eq!(names, expected);
    let fields = |n: usize| -> HashMap<_, _> {
        logs[n]
            .record
            .attributes_iter()
            .map(|(key, value)| (key.as_str().to_owned(), value.clone()))
            .collect()
    };
    let call = fields(1);
    assert_eq!(call["wasi.call.name"], AnyValue::from("sched_yield"));
    assert_eq!(call["wasi.call.outcome"], AnyValue::from("ok"));
    assert_eq!(call["wasm.instance.name"], AnyValue::from("plugin\u{1b}[2J"), "who shows it escapes it");
    assert!(matches!(call["thread.id"], AnyValue::Int(id) if id > 0), "{call:?}");
    let run = fields(3);
    assert_eq!(run["wasm.trap.code"], AnyValue::from("UnreachableCodeReached"));
    assert_eq!(logs[3].record.severity_number(), Some(Severity::Warn));
    assert_eq!(logs[1].record.severity_number(), Some(Severity::Info));
    assert!(logs.windows(2).all(|pair| pair[0].record.timestamp() <= pair[1].record.observed_timestamp()));
}

#[test]
fn what_the_logger_is_too_slow_for_is_counted() {
    let exporter = InMemoryLogExporter::default();
    let (sensor, thread, _provider) = to_opentelemetry(Sensor::builder().modes(Mode::Events), &exporter, 1);
    (0..100).for_each(|_| drop(sensor.instance("short")));
    let lost = sensor.lost();
    drop(sensor);
    thread.join().unwrap();
    assert!(lost > 0, "200 events at once do not fit into one place");
    assert_eq!(exporter.get_emitted_logs().unwrap().len() as u64 + lost, 200);
}

#[test]
fn counters_are_series_of_a_prometheus_registry() {
    let sensor = Sensor::builder().build();
    trap(&sensor);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(sensor));
    let mut page = String::new();
    encode(&mut page, &registry).unwrap();
    let value = |series: &str| {
        let line =
            page.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("{page}"));
        line.trim().parse::<f64>().unwrap()
    };
    let calls = r#"wasmscope_boundary_calls_total{class="process",interface="wasi_snapshot_preview1",function="sched_yield"}"#;
    assert_eq!(value(calls), 2.0);
    assert_eq!(value("wasmscope_boundary_instances_started_total "), 1.0);
    assert!(page.ends_with("# EOF\n"), "{page}");
}
