//! Traps, which are the guest's own, and crashes, which are the runtime's.

use crate::{
    acting::{act_in, assert_chain, check_attribution, functions},
    kit::{named, run, shell_line, watch_script},
};
use serde_json::Value;
use std::collections::HashMap;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes};

/// Mode of the guest `traps`, Wasmtime's name of the trap, signal, offset in the module (`workloads/benign/traps/README.md`).
const TRAPS: &[(&str, &str, u64, u64)] = &[
    ("unreachable", "UnreachableCodeReached", 4, 0x146),
    ("oob", "MemoryOutOfBounds", 11, 0x15a),
    ("oob-table", "TableOutOfBounds", 11, 0x16f),
    ("div0", "IntegerDivisionByZero", 8, 0x180),
    ("div-overflow", "IntegerOverflow", 8, 0x196),
    ("nan", "BadConversionToInteger", 4, 0x1a8),
    ("overflow", "IntegerOverflow", 4, 0x1c0),
    ("null-call", "IndirectCallToNull", 11, 0x1d2),
    ("bad-signature", "BadSignature", 4, 0x1e9),
    ("stack", "StackOverflow", 4, 0),
];

fn check(event: &Value, (mode, code, signal, offset): (&str, &str, u64, u64)) {
    assert_eq!(event["event.name"], "workload.trapped", "{mode}: {event:#}");
    assert_eq!(event["wasm.trap.code"], code, "{mode}: {event:#}");
    assert_eq!((&event["signal.number"], &event["signal.handled"]), (&signal.into(), &true.into()), "{mode}");
    assert!(event["signal.code"].as_i64().unwrap() > 0, "the kernel raised it: {event:#}");
    assert!(event["fault.instruction"].as_u64().unwrap() > 0, "{mode}");
    let name = mode.replace('-', "_");
    if mode == "stack" {
        assert!(functions(event).iter().all(|function| *function == "recurse"), "{event:#}");
        assert_eq!((functions(event).len(), &event["wasm.stack.cut"]), (64, &true.into()), "{event:#}");
        return;
    }
    assert_eq!(functions(event), [&format!("{name}_inner"), &name, "run_mode", "_start"], "{event:#}");
    assert_eq!(event["wasm.stack"][0]["wasm.function.offset"], offset, "{mode}: {event:#}");
    // SIGSEGV has the address that was not there; the others have that of the instruction.
    let at_instruction = event["fault.address"] == event["fault.instruction"];
    assert_eq!(at_instruction, signal != 11, "{mode}: {event:#}");
    if mode == "null-call" {
        assert_eq!(event["fault.address"], 16, "how compiled code checks a table element");
    }
}

#[test]
fn each_kind_of_trap_has_its_code_functions_and_offset() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut missing = TRAPS.to_vec();
    // The guests trap 200 ms after their start: on a busy machine, that may be before they are known.
    for _attempt in 0..4 {
        let lines = missing.iter().map(|(mode, ..)| {
            let line = shell_line(&wasmtime.command(&guest("traps"), [mode]));
            format!("{line} & echo {mode} $! >&3; wait $!\n")
        });
        let pids = tempfile::NamedTempFile::new().unwrap();
        let script = format!("exec 3>'{}'\n{}exit 0", pids.path().display(), lines.collect::<String>());
        let done = run(watch_script(&script));
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
        let events = done.events();
        check_attribution(&events);
        assert_eq!(named(&events, "workload.crashed"), [] as [&Value; 0], "a trap is no crash");
        let mut told: HashMap<u64, &Value> = HashMap::new();
        for event in named(&events, "workload.trapped") {
            let twice = told.insert(event["process.pid"].as_u64().unwrap(), event);
            assert_eq!(twice, None, "each is told once");
        }
        let pids = std::fs::read_to_string(pids.path()).unwrap();
        for line in pids.lines() {
            let (mode, pid) = line.split_once(' ').unwrap();
            let Some(event) = told.get(&pid.parse().unwrap()) else { continue };
            let at = missing.iter().position(|(name, ..)| *name == mode).unwrap();
            check(event, missing.remove(at));
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("not told: {missing:?}");
}

fn fault_of(code: &str, status: i32) -> Option<Value> {
    let python = runtimes::python_wasmtime().ok()?;
    let folder = tempfile::tempdir().unwrap();
    let done = act_in(&python, folder.path(), code);
    assert_eq!(done.status, status, "{done:?}");
    let events = done.events();
    assert_eq!(named(&events, "workload.trapped"), [] as [&Value; 0]);
    // The runtime's handler is told of it first; it knows no such trap, and gives the signal back.
    let crashed = named(&events, "workload.crashed");
    assert!((1..=2).contains(&crashed.len()), "{events:#?}");
    let last = crashed[crashed.len() - 1];
    assert_eq!(last["signal.handled"], false, "{crashed:#?}");
    assert_eq!(named(&events, "workload.exited")[0]["process.exit.signal"], status - 128);
    assert_eq!(last.get("wasm.trap.code"), None);
    Some(last.clone())
}

#[test]
fn a_fault_of_the_host_is_a_crash_within_the_guests_call() {
    require_root!();
    let _ = require_runtime!(runtimes::python_wasmtime());
    let event = fault_of("ctypes.string_at(8)", 128 + 11).unwrap();
    assert_eq!((&event["signal.number"], &event["fault.address"]), (&11.into(), &8.into()), "{event:#}");
    assert!(event["signal.code"].as_i64().unwrap() > 0, "the kernel raised it: {event:#}");
    assert_chain(&event, &["misbehave"]);
}

#[test]
fn an_abort_is_a_crash_without_an_address() {
    require_root!();
    let _ = require_runtime!(runtimes::python_wasmtime());
    let event = fault_of("os.abort()", 128 + 6).unwrap();
    assert_eq!((&event["signal.number"], event.get("fault.address")), (&6.into(), None), "{event:#}");
    assert_chain(&event, &["misbehave"]);
}

#[test]
fn a_signal_that_another_process_sent_is_no_trap_even_within_guest_code() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // It computes all the time, so the signal finds it in its own code.
    let spin = shell_line(&wasmtime.command(&guest("spin"), ["20"]));
    let done =
        run(watch_script(&format!("{spin} & sleep 1.5; kill -SEGV $!; sleep 0.3; kill -KILL $!; wait $!")));
    // Wasmtime's handler gives up its place instead of ending the process: nothing faults again.
    assert_eq!(done.status, 128 + 9, "{done:?}");
    let events = done.events();
    let [event] = named(&events, "workload.crashed")[..] else { panic!("{events:#?}") };
    assert_eq!((&event["signal.number"], event.get("fault.address")), (&11.into(), None));
    assert!(event["signal.code"].as_i64().unwrap() <= 0, "a process raised it: {event:#}");
    assert_eq!(named(&events, "workload.trapped"), [] as [&Value; 0]);
}
