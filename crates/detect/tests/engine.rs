//! The engine: windows, suppression, limits, loss, clocks, bounds, other rules while it runs.

mod common;

use common::{engine, events, files, observe, only, rule};
use wasmscope_detect::{Engine, Limits, RuleSet};
use wasmscope_model::{BootId, Event, EventKind, ProcessKey, WorkloadId};

const OPENED: &str = "events: [workload.file.opened]\ncondition: file.path.startsWith('/s')";

fn opened(path: &str) -> String {
    format!(r#"{{"event.name": "workload.file.opened", "file.path": "{path}"}}"#)
}

fn workload(number: u32) -> WorkloadId {
    WorkloadId::new(&BootId("b".into()), &ProcessKey::from_kernel(number, 0, 0))
}

/// The event, as another workload's and at another time.
fn of(event: &Event, id: WorkloadId, at: u64) -> Event {
    let mut event = event.clone();
    event.monotonic_ns = at;
    if let EventKind::Opened(act) = &mut event.kind {
        act.actor.id = id;
    }
    event
}

#[test]
fn a_detection_has_its_rule_its_events_and_what_is_known_of_the_workload() {
    let mut engine = engine(&format!("{OPENED}\nwindow: {{within: 1s, count: 3}}"));
    let stream = events(&format!(
        "{}\n{}",
        r#"{"event.name": "workload.started", "wasm.runtime.name": "wasmtime", "wasm.modules": [{"wasm.module.path": "/a.wasm", "wasm.module.origin": "mapped"}]}"#,
        r#"{"event.name": "workload.file.opened", "file.path": "/s{n}", "wasm.stack": ["f", "main"], "sample.repeat": 5}"#
    ));
    let found = observe(&mut engine, &stream);
    let [detection] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((detection.rule.as_str(), detection.count), ("r", 3));
    assert_eq!(detection.since_ns, stream[1].monotonic_ns);
    assert_eq!(detection.evidence, stream[1..4]);
    assert_eq!(detection.runtime.as_deref(), Some("wasmtime"));
    assert_eq!(detection.module_path.as_deref(), Some("/a.wasm"));
    assert_eq!(detection.stack[0].name.as_deref(), Some("f"));
    assert!(!detection.lossy && detection.reasons.is_empty());
    let schema = serde_json::to_value(wasmscope_detect::json_schema()).unwrap();
    let json = serde_json::to_value(detection).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json), "{json:#}");
}

#[test]
fn the_same_is_withheld_for_a_while_and_counted() {
    let mut engine = engine(&format!("{OPENED}\nsuppress: {{for: 10s, per: file.path}}"));
    let text = format!("{}\n{}\n{}", opened("/s1"), opened("/s1"), opened("/s2"));
    let found = observe(&mut engine, &events(&text));
    assert_eq!(found.iter().map(|d| d.suppressed).collect::<Vec<_>>(), [0, 0], "one of each path");
    let late = r#"{"event.name": "workload.file.opened", "file.path": "/s1", "sample.after_ms": 20000}"#;
    let found = observe(&mut engine, &events(late));
    assert_eq!(found[0].suppressed, 1);
    assert_eq!(engine.counts().suppressed, 1);
}

#[test]
fn a_rule_tells_no_more_than_its_limit_however_many_workloads_there_are() {
    let mut engine = engine(&format!("{OPENED}\nlimit: {{detections: 3, per: 1m}}"));
    let event = &events(&opened("/s"))[0];
    let many: Vec<_> = (0..100).map(|n| of(event, workload(n), event.monotonic_ns)).collect();
    assert_eq!(observe(&mut engine, &many).len(), 3);
    assert_eq!(engine.counts().limited, 97);
    let later = of(event, workload(200), event.monotonic_ns + 60_000_000_000);
    assert_eq!(observe(&mut engine, &[later]).len(), 1);
}

#[test]
fn what_was_lost_within_a_window_makes_it_less_sure_and_is_told() {
    let lossy = |lost: &str| {
        let mut engine = engine(&format!("{OPENED}\nconfidence: 50\nwindow: {{within: 1s, count: 2}}"));
        let text = format!("{}\n{lost}\n{}", opened("/s"), opened("/s"));
        let found = observe(&mut engine, &events(&text));
        (found[0].lossy, found[0].confidence.get(), found[0].reasons.len())
    };
    let lost = |family: &str, stage: &str| {
        format!(
            r#"{{"event.name": "sensor.lost", "loss.family": "{family}", "loss.stage": "{stage}", "loss.count": 1}}"#
        )
    };
    assert_eq!(lossy(&lost("call", "ring_full")), (true, 40, 1));
    assert_eq!(lossy(r#"{"event.name": "workload.throttled"}"#), (true, 40, 1));
    assert_eq!(lossy(&lost("sample", "ring_full")), (false, 50, 0), "no events");
    assert_eq!(lossy(&lost("event", "output")), (false, 50, 0), "lost behind the rules");
    assert_eq!(lossy(&lost("call", "throttled")), (false, 50, 0), "of another workload");
}

#[test]
fn a_finding_about_the_module_makes_it_surer() {
    let mut engine = engine(&format!("{OPENED}\nconfidence: 50\nraised_by: [miner-constants]"));
    let started = r#"{"event.name": "workload.started", "wasm.modules": [{"wasm.module.origin": "mapped", "wasm.module.findings": ["miner-constants"]}]}"#;
    let found = observe(&mut engine, &events(&format!("{started}\n{}", opened("/s"))));
    assert_eq!((found[0].confidence.get(), found[0].reasons.len()), (70, 1), "{:?}", found[0].reasons);
}

#[test]
fn a_clock_that_goes_back_a_little_is_late_and_much_begins_anew() {
    let lines = format!("{OPENED}\nwindow: {{within: 30s, count: 2}}");
    let event = &events(&opened("/s"))[0];
    let second = 1_000_000_000;
    let (id, now) = (workload(1), 1000 * second);
    let mut late = engine(&lines);
    assert_eq!(observe(&mut late, &[of(event, id, now), of(event, id, now - second)]).len(), 1);
    assert_eq!(late.counts().clock_back, 0);
    let mut back = engine(&lines);
    assert_eq!(observe(&mut back, &[of(event, id, now), of(event, id, second)]).len(), 0);
    assert_eq!(back.counts().clock_back, 1);
    assert_eq!(observe(&mut back, &[of(event, id, 2 * second)]).len(), 1, "counted from there");
    // Whatever the times: no panic.
    let extremes = [0, u64::MAX, 0, u64::MAX - 1].map(|at| of(event, id, at));
    observe(&mut back, &extremes);
}

#[test]
fn state_is_bounded_whatever_workloads_do_and_what_is_forgotten_is_counted() {
    let limits = Limits { workloads: std::num::NonZeroUsize::new(100).unwrap(), bytes: 1 << 20 };
    let windows = format!("{OPENED}\nwindow: {{within: 1h, distinct: {{of: file.path, count: 256}}}}");
    let mut engine = Engine::new(only(&windows).unwrap(), limits);
    let long = format!("/s{}", "x".repeat(4000));
    let event = &events(&opened(&long))[0];
    for n in 0..20_000u32 {
        let mut event = of(event, workload(n % 1000), 1_000_000_000 + u64::from(n));
        if let EventKind::Opened(act) = &mut event.kind {
            act.path = Some(format!("{long}{n}"));
        }
        observe(&mut engine, &[event]);
        assert!(engine.state_bytes() <= limits.bytes, "{}", engine.state_bytes());
    }
    assert!(engine.counts().evicted > 1000, "{:?}", engine.counts());
}

#[test]
fn a_flood_of_one_workload_hides_no_other() {
    let mut engine = engine(&format!("{OPENED}\nwindow: {{within: 10s, count: 3}}"));
    let event = &events(&opened("/s"))[0];
    let begin = event.monotonic_ns;
    let flood: Vec<_> = (0..50_000).map(|n| of(event, workload(1), begin + n)).collect();
    let mut found = observe(&mut engine, &flood);
    found.extend(observe(&mut engine, &[0, 1, 2].map(|n| of(event, workload(2), begin + 50_000 + n))));
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [workload(1), workload(2)]);
}

#[test]
fn the_end_of_a_workload_frees_all_that_was_kept_of_it() {
    let mut engine = engine(&format!("{OPENED}\nwindow: {{within: 1h, count: 60}}"));
    observe(&mut engine, &events(&opened("/s")));
    assert!(engine.state_bytes() > 0);
    let exited = r#"{"event.name": "workload.exited", "workload.exit.kind": "code", "process.exit.code": 0}"#;
    observe(&mut engine, &events(exited));
    assert_eq!(engine.state_bytes(), 0);
}

#[test]
fn other_rules_take_over_and_those_that_stay_keep_their_windows() {
    let counting = |path: &str, count: u32| {
        rule(&format!(
            "events: [workload.file.opened]\ncondition: file.path == '{path}'\nwindow: {{within: 1m, count: {count}}}"
        ))
    };
    let load = |text: String| {
        let other = counting("/b", 2).replace("id: r", "id: a-first");
        let texts = [("experimental/r/rule.yaml", text), ("experimental/a-first/rule.yaml", other)];
        RuleSet::load(&[files(&texts)]).unwrap()
    };
    let mut engine = Engine::new(only(&counting_lines()).unwrap(), Limits::default());
    observe(&mut engine, &events(&opened("/a")));
    engine.replace(load(counting("/a", 2)));
    assert_eq!(observe(&mut engine, &events(&opened("/a"))).len(), 1, "the first open is remembered");
    observe(&mut engine, &events(&opened("/a")));
    engine.replace(load(counting("/a", 3)));
    assert_eq!(observe(&mut engine, &events(&opened("/a"))).len(), 0, "another rule begins anew");
    engine.replace(RuleSet::load(&[]).unwrap());
    assert_eq!((observe(&mut engine, &events(&opened("/a"))).len(), engine.state_bytes()), (0, 0));
}

fn counting_lines() -> String {
    "events: [workload.file.opened]\ncondition: file.path == '/a'\nwindow: {within: 1m, count: 2}".into()
}

#[test]
fn one_event_is_one_step_of_a_sequence() {
    let step = "{events: [workload.file.opened], condition: \"file.path.startsWith('/s')\"}";
    let mut engine = engine(&format!("window: {{within: 1s, sequence: [{step}, {step}]}}"));
    let stream = events(&format!("{}\n{}\n{}", opened("/s1"), opened("/other"), opened("/s2")));
    assert!(observe(&mut engine, &stream[..2]).is_empty());
    assert_eq!(observe(&mut engine, &stream[2..]).len(), 1);
}

#[test]
fn detections_on_what_hooks_tell_say_which_process_it_was() {
    let mut engine = engine("events: [boundary.call]\ncondition: wasi.call.name == 'random_get'");
    let call = r#"{"event.name": "boundary.call", "process.pid": 77, "wasm.instance.id": 1, "wasm.instance.name": "i",
        "wasi.call.interface": "wasi_snapshot_preview1", "wasi.call.name": "random_get", "wasi.call.class": "random",
        "wasi.call.outcome": "ok", "wasi.call.duration_ns": 100}"#;
    let found = observe(&mut engine, &events(&call.replace('\n', " ")));
    assert_eq!(found.iter().map(|d| d.pid.0).collect::<Vec<_>>(), [77]);
}
