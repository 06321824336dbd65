//! Thousands of short-lived processes beside a workload; and more than the rings to the agent can hold.

use crate::kit::{Started, has, named, run, wasmscope, watch_script};
use crate::observed::{Cued, sleeper};
use rustix::process::Signal;
use std::time::Duration;
use wasmscope_testkit::{require_root, require_runtime, runtimes, wait_until};

#[test]
fn a_workload_among_5000_short_lived_processes_is_followed() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // The guest starts in the midst of it.
    let burst = "i=0; while [ $i -lt 2500 ]; do /bin/true; i=$((i + 1)); done";
    let script = format!(
        "({burst}) & ({burst}) & sleep 0.3; {}; status=$?; wait; exit $status",
        sleeper(&wasmtime, 1)
    );
    let done = run(watch_script(&script));
    assert_eq!((done.status, done.stderr.as_str()), (3, ""), "the guest's status is passed on");
    // Started, executed and ended 5,000 processes: seconds; a debug build looks at each once.
    assert!(done.elapsed < Duration::from_secs(25), "{:?}", done.elapsed);
    assert!(done.peak_bytes < 64 << 20, "{} bytes", done.peak_bytes);

    let events = done.events();
    let (started, exited) = (named(&events, "workload.started"), named(&events, "workload.exited"));
    assert_eq!((started.len(), exited.len()), (1, 1), "{started:#?} {exited:#?}");
    assert_eq!(started[0]["workload.id"], exited[0]["workload.id"]);
    assert_eq!(exited[0]["process.exit.code"], 3, "its own end was seen: {:#}", exited[0]);
    // 10,000 records in seconds are within what the rings hold; if not, every loss has a place and a number.
    for lost in named(&events, "sensor.lost") {
        let (family, stage) = (lost["loss.family"].as_str().unwrap(), lost["loss.stage"].as_str().unwrap());
        let count = lost["loss.count"].as_u64().unwrap();
        assert!((1..=20_000).contains(&count) && !stage.is_empty(), "{lost:#}");
        eprintln!("lost {count} {family} records: {stage}");
        assert_ne!((family, stage), ("lifecycle", "map_full"), "ended processes are not kept: {lost:#}");
    }
}

#[test]
fn what_was_lost_is_counted_and_made_up_for() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // The agent is stopped meanwhile, so that its ring (2 MiB, a KiB for each exec) overflows. Then one workload
    // ends, and another starts.
    let burst = "i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i + 1)); done";
    let script = format!("{burst}; kill -KILL $old; {} & echo overflown; wait", sleeper(&wasmtime, 40));
    let tree = Cued::with_prelude(&format!("{} & old=$!", sleeper(&wasmtime, 60)), &script);
    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", tree.pid())]));
    let events = watch.wait_for("first workload", |events| !named(events, "workload.started").is_empty());
    let old = u32::try_from(named(&events, "workload.started")[0]["process.pid"].as_u64().unwrap()).unwrap();
    watch.signal(Signal::STOP);
    tree.cue();
    let ok = wait_until(|| tree.shell.output().contains("overflown"), crate::kit::PATIENCE);
    watch.signal(Signal::CONT);
    assert!(ok, "{}", tree.shell.output());

    let is_new = |e: &&serde_json::Value| e["process.pid"] != old;
    let events = watch.wait_for("loss, new workload, and end of the old", |events| {
        let told =
            named(events, "workload.started").iter().any(is_new) && has(events, "workload.exited", old);
        told && !named(events, "sensor.lost").is_empty()
    });
    let lost = |stage| {
        let lost = named(&events, "sensor.lost").into_iter();
        let of_stage = lost.filter(|e| e["loss.family"] == "lifecycle" && e["loss.stage"] == stage);
        of_stage.filter_map(|e| e["loss.count"].as_u64()).sum::<u64>()
    };
    // An exec and an end each, and some of the shell's own; at least a third of the ring's worth did not fit.
    assert!((500..=6100).contains(&lost("ring_full")), "{}", lost("ring_full"));
    assert_eq!(lost("map_full"), 0);
    let started: Vec<_> =
        named(&events, "workload.started").iter().map(|e| e["workload.id"].clone()).collect();
    assert_eq!(started.len(), 2, "each is told once: {started:?}");
    let done = watch.stop();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(done.peak_bytes < 64 << 20, "{} bytes", done.peak_bytes);
}
