//! Memory that grows, and memory that code can be written to.

use crate::{
    acting::{assert_chain, misbehaving, only, wait_known, watch},
    kit::{Started, named, shell_line, watch_script},
};
use rustix::process::Signal;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes};

const PAGE: u64 = 65_536;

#[test]
fn each_growth_is_told_with_old_and_new_size() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let command = wasmtime.command(&guest("grow"), [""; 0]);
    let watch = Started::spawn(watch_script(&format!("exec {}", shell_line(&command))));
    wait_known(&watch);
    // One page each 100 ms: some of them are enough.
    let events = watch.wait_for("growth", |events| named(events, "workload.memory.grown").len() >= 10);
    watch.signal(Signal::TERM);
    watch.finish();
    let grown = named(&events, "workload.memory.grown");
    for pair in grown.windows(2) {
        assert_eq!(pair[0]["wasm.memory.size"], pair[1]["wasm.memory.size.previous"], "{pair:#?}");
    }
    for event in grown {
        let [old, new] =
            ["wasm.memory.size.previous", "wasm.memory.size"].map(|field| event[field].as_u64().unwrap());
        // A look may take in some pages that the kernel's hints of them, still under way, tell again.
        assert!(new > old && old % PAGE == 0 && new % PAGE == 0, "{event:#}");
        assert_eq!(
            (event["wasm.memory.limit"].as_u64(), &event["wasm.memory.limit.source"]),
            (Some(64 * PAGE), &"module".into())
        );
    }
}

#[test]
fn memory_that_is_writable_and_executable_is_told() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let done = watch(&misbehaving(&python, &["wx"]));
    assert_eq!(done.status, 0, "{done:?}");
    let events = done.events();
    assert_eq!(named(&events, "workload.memory.writable_executable").len(), 2);
    for call in ["mmap", "mprotect"] {
        let event = only(&events, call, |e| e["syscall.name"] == call);
        assert_eq!(
            (&event["event.name"], &event["memory.size"]),
            (&"workload.memory.writable_executable".into(), &4096.into())
        );
        assert!(event["memory.address"].as_u64().unwrap() > 4096, "{event:#}");
        assert_chain(event, &["misbehave", "run"]);
    }
}
