//! A thousand modules in one process.

use crate::kit::{Started, has, named, run, wasmscope};
use std::{collections::HashSet, path::Path, thread, time::Duration};
use wasmscope_testkit::{Running, require_root, require_runtime, runtimes, wait_until};

const MODULES: usize = 1000;

fn host(python: &wasmscope_testkit::Runtime) -> Running {
    let mut command = python.bare_command();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hard_cases/many_modules.py");
    command.arg(script).arg(MODULES.to_string());
    let running = Running::spawn(command);
    assert!(
        wait_until(|| running.output().contains("ready"), Duration::from_secs(60)),
        "{}",
        running.output()
    );
    running
}

#[test]
fn a_thousand_modules_are_all_found_and_then_left_in_peace() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let running = host(&python);
    let pid = running.pid();

    let done = run(wasmscope(["inspect", "--json", &pid.to_string()]));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(done.elapsed < Duration::from_secs(15), "{:?}", done.elapsed);
    assert!(done.peak_bytes < 100 << 20, "{} bytes", done.peak_bytes);
    let seen = done.json();
    assert_eq!(seen["wasm.images"].as_array().unwrap().len(), MODULES);
    assert_eq!(seen["wasm.memories"].as_array().unwrap().len(), MODULES / 100);
    let functions =
        seen["wasm.functions"].as_array().unwrap().iter().flat_map(|f| f["functions"].as_array().unwrap());
    let names: HashSet<_> = functions.filter_map(|f| f["wasm.function.name"].as_str()).collect();
    assert!((0..MODULES).all(|n| names.contains(format!("f{n}").as_str())), "{} names", names.len());

    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{pid}")]));
    let events = watch.wait_for("host of a thousand", |events| has(events, "workload.started", pid));
    let started = named(&events, "workload.started")[0];
    assert_eq!(started["wasm.images"].as_array().unwrap().len(), MODULES);
    // The looks that follow a discovery are over after five seconds; then nothing changes, and little is done.
    thread::sleep(Duration::from_millis(5500));
    let before = cpu_ticks(watch.pid());
    thread::sleep(Duration::from_secs(2));
    let ticks = cpu_ticks(watch.pid()) - before;
    assert!(ticks <= 20, "{ticks} ticks of 10 ms in 2 s");
    let events = watch.stop().events();
    assert_eq!(named(&events, "workload.identified").len(), 0, "nothing changed");
}

/// User and system time of a process so far, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // proc(5): utime and stime are fields 14 and 15; the first here is the third.
    fields[11..13].iter().map(|f| f.parse::<u64>().unwrap()).sum()
}
