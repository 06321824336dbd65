//! Processes that end, replace themselves or lend their id to another while they are looked at.

use crate::kit::{PATIENCE, Started, named, run, wasmscope, watch_script};
use crate::observed::{shell_line, sleeper};
use serde_json::Value;
use std::{collections::HashSet, path::Path, thread, time::Duration};
use wasmscope_testkit::{Running, guest, require_root, require_runtime, runtimes};

#[test]
fn a_process_that_ends_while_it_is_read_is_no_error_of_ours() {
    const ROUNDS: u32 = 50;
    // Without root, a process is denied to its own user for the moments in which it has no memory of its own.
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut statuses = Vec::new();
    for round in 0..ROUNDS {
        let mut hello = Running::spawn(wasmtime.command(&guest("hello"), [""; 0]));
        // From before its exec to after its end. Every third is reaped at once, the others stay zombies.
        thread::sleep(Duration::from_millis(u64::from(round * 2)));
        if round % 3 == 0 {
            hello.is_running();
        }
        let json = if round % 2 == 0 { "--json" } else { "--functions=all" };
        let done = run(wasmscope(["inspect", json, &hello.pid().to_string()]));
        match done.status {
            0 => assert_eq!(done.stderr, ""),
            2 => {
                done.assert_failed(2, &["process"]);
                let reasons = ["is not there", "has no memory", "ran another program", "cannot be read"];
                assert!(reasons.iter().any(|r| done.stderr.contains(r)), "{}", done.stderr);
                assert_eq!(done.stdout, "");
            }
            _ => panic!("{done:?}"),
        }
        statuses.push(done.status);
        assert_eq!(hello.exit_code(PATIENCE), 0, "looking does not disturb: {}", hello.output());
    }
    assert!(statuses.contains(&2), "none ended in time, the delays test nothing: {statuses:?}");
}

#[test]
fn a_reused_process_id_is_another_workload() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // The next process gets the id after `ns_last_pid`, unless another process of the host is quicker: then again.
    let program = sleeper(&wasmtime, 1);
    let script = format!(
        r#"{program} & first=$!; wait $first
        for try in $(seq 2000); do
            echo $((first - 1)) >/proc/sys/kernel/ns_last_pid || exit 8
            sh -c '[ $$ = '$first' ] || exit 99; exec {program}' &
            wait $!; status=$?
            [ $status = 99 ] || exit $status
        done
        exit 9"#,
        program = program.replace('\'', "") // plain words, as the check below makes sure
    );
    assert!(program.replace('\'', "").bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{program}");
    let done = run(watch_script(&script));
    if done.status == 8 {
        return wasmscope_testkit::may_skip(module_path!(), "ns_last_pid is not writable", false);
    }
    assert_eq!(done.status, 3, "status 9: the id could not be had again; {:.2000}", done.stderr);
    let events = done.events();
    let started = named(&events, "workload.started");
    let (pids, ids): (HashSet<_>, HashSet<_>) =
        started.iter().map(|e| (e["process.pid"].as_u64(), e["workload.id"].as_str())).unzip();
    assert_eq!((started.len(), pids.len(), ids.len()), (2, 1, 2), "{started:#?}");
    let exited: HashSet<_> =
        named(&events, "workload.exited").iter().map(|e| e["workload.id"].as_str()).collect();
    assert_eq!(exited, ids, "each of them ended");
}

#[test]
fn a_shell_that_becomes_the_runtime_is_one_workload() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let watch = Started::spawn(watch_script(&format!("exec {}", sleeper(&wasmtime, 1))));
    let done = watch.finish();
    assert_eq!((done.status, done.stderr.as_str()), (3, ""));
    let events = done.events();
    assert_eq!(named(&events, "workload.started").len(), 1, "{events:#?}");
    let exited = named(&events, "workload.exited");
    assert_eq!(exited.len(), 1, "{exited:#?}");
    assert_eq!(
        (&exited[0]["workload.exit.kind"], &exited[0]["process.exit.code"]),
        (&"code".into(), &3.into())
    );
    assert_eq!(exited[0]["workload.id"], named(&events, "workload.started")[0]["workload.id"]);
}

/// Runs a module in this process, and then another program in its place.
const EXEC: &str = r"
import os, sys, time
from wasmtime import Engine, Instance, Module, Store
store = Store()
instance = Instance(store, Module(store.engine, '(module (memory (export %r) 1) (func (export %r)))' % ('m', 'f')), [])
time.sleep(1)
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn a_workload_that_replaces_itself_ends_and_another_begins() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let python = require_runtime!(runtimes::python_wasmtime());
    let mut host = python.bare_command();
    host.args(["-c", &EXEC.replace("%r", "\"%s\"")]);
    let script = format!("exec {} {}", shell_line(&host), sleeper(&wasmtime, 1));
    let done = run(watch_script(&script));
    assert_eq!((done.status, done.stderr.as_str()), (3, ""));
    let events = done.events();
    let told: Vec<_> = events.iter().filter(|e| e["event.name"] != "sensor.state").collect();
    let started = named(&events, "workload.started");
    let exited = named(&events, "workload.exited");
    assert_eq!((started.len(), exited.len()), (2, 2), "{told:#?}");
    assert_eq!(started[0]["process.pid"], started[1]["process.pid"]);
    assert_ne!(started[0]["workload.id"], started[1]["workload.id"]);
    let how = |e: &Value| e["workload.exit.kind"].as_str().unwrap().to_owned();
    assert_eq!((how(exited[0]), how(exited[1])), ("exec".into(), "code".into()), "{told:#?}");
    assert_eq!(exited[0]["workload.id"], started[0]["workload.id"]);
    let executable = |e: &Value| Path::new(e["process.executable.path"].as_str().unwrap()).to_owned();
    assert!(executable(started[1]).ends_with("wasmtime"), "{:#}", started[1]);
    assert!(!executable(started[0]).ends_with("wasmtime"), "{:#}", started[0]);
    assert_eq!(
        started[1]["wasm.modules"].as_array().unwrap().len(),
        1,
        "none of the old one's: {:#}",
        started[1]
    );
}
