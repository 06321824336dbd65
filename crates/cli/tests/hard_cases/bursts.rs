//! Thousands of short-lived processes beside one workload.

use crate::kit::{named, run, sleeper, watch_script};
use std::time::Duration;
use wasmscope_testkit::{require_root, require_runtime, runtimes};

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
