//! Forged code images in a process's memory: whatever it claims, looking at it takes bounded time and memory.

use crate::kit::{PATIENCE, Started, has, named, run, wasmscope};
use serde_json::Value;
use std::{path::Path, time::Duration};
use wasmscope_testkit::{Running, require_root, require_runtime, runtimes, wait_until};

/// An image cannot make us read more than 64 MiB at a time.
const MOST_BYTES: u64 = 100 << 20;
/// Guards against hangs: a debug build on a busy machine needs a tenth.
const MOST_TIME: Duration = Duration::from_secs(10);

const CASES: [&str; 8] = [
    "section_table_nowhere",
    "sections_65535",
    "overlapping_sections",
    "string_table_of_4_gib",
    "symbols_2_to_32",
    "long_names",
    "thousands",
    "reservation",
];

/// A process with these forgeries in its memory. Any Python would do; that of the test kit is no shell script.
fn forger(python: &wasmscope_testkit::Runtime, cases: &[&str]) -> Running {
    let mut command = python.bare_command();
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hard_cases/forged_images.py")).args(cases);
    let running = Running::spawn(command);
    assert!(wait_until(|| running.output().contains("ready"), PATIENCE), "{cases:?}: {}", running.output());
    running
}

fn inspect(pid: u32, more: &[&str]) -> Value {
    let pid = pid.to_string();
    let done = run(wasmscope([&["inspect", "--json", &pid], more].concat()));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{:.1000}", done.stderr);
    assert!(done.elapsed < MOST_TIME, "{more:?}: {:?}", done.elapsed);
    assert!(done.peak_bytes < MOST_BYTES, "{more:?}: {} bytes", done.peak_bytes);
    done.json()
}

#[test]
fn each_forgery_is_inspected_in_bounded_time_and_memory() {
    let python = require_runtime!(runtimes::python_wasmtime());
    for case in CASES {
        let running = forger(&python, &[case]);
        let seen = inspect(running.pid(), &[]);
        let images = seen["wasm.images"].as_array().unwrap();
        if case == "reservation" {
            assert_eq!(seen["wasm.memories"][0]["wasm.memory.size"], 65536, "{seen:#}");
            assert_eq!(seen["verdict"], "workload", "a forged memory cannot be told from a real one");
            continue;
        }
        assert!(!images.is_empty(), "{case}: {seen:#}");
        // What was not looked at, or made no sense, is said.
        let says = |part: &Value| part.as_array().is_some_and(|list| !list.is_empty());
        match case {
            "long_names" | "overlapping_sections" => {} // all of it can be read
            "thousands" => assert!(says(&seen["wasm.unknown"]), "{:#}", seen["wasm.unknown"]),
            _ => assert!(images.iter().all(|i| says(&i["wasm.image.problems"])), "{case}: {:#}", images[0]),
        }
        let text = run(wasmscope(["inspect", &running.pid().to_string()]));
        assert_eq!(text.status, 0, "{case}: {}", text.stderr);
    }
}

#[test]
fn all_functions_of_a_forged_image_are_listed_within_bounds() {
    let python = require_runtime!(runtimes::python_wasmtime());
    let running = forger(&python, &["long_names"]);
    let seen = inspect(running.pid(), &["--functions", "10"]);
    assert_eq!(seen["wasm.functions"][0]["functions"].as_array().unwrap().len(), 10);
    assert_eq!(seen["wasm.images"][0]["wasm.image.functions"], 1 << 19, "all are counted, few are kept");
}

#[test]
fn watch_survives_all_of_them_at_once() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let running = forger(&python, &CASES);
    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", running.pid())]));
    watch.wait_for("forger", |events| has(events, "workload.started", running.pid()));
    let pid = running.pid();
    drop(running);
    watch.wait_for("end of the forger", |events| has(events, "workload.exited", pid));
    let done = watch.stop();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert_eq!(named(&done.events(), "workload.started").len(), 1);
    // On top of what loading the probes takes for a moment.
    assert!(done.peak_bytes < 2 * MOST_BYTES, "{} bytes", done.peak_bytes);
}
