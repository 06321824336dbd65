//! Nobody reads the output, or it cannot be written: a closed pipe is no error, a full disk is one.

use crate::kit::{PATIENCE, Started, named, run_into, wasmscope, watch_script};
use crate::observed::sleeper;
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::Command,
    time::Duration,
};
use wasmscope_testkit::{Running, require_root, require_runtime, runtimes};

fn idle() -> Running {
    let mut sleep = Command::new("sleep");
    sleep.arg("30");
    Running::spawn(sleep)
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn a_full_disk_is_one_clear_error() {
    let process = idle();
    let (pid, scope) = (process.pid().to_string(), format!("tree:{}", process.pid()));
    let commands = [
        vec!["ps", "--scope", &scope],
        vec!["ps", "--json", "--scope", &scope],
        vec!["inspect", &pid],
        vec!["inspect", "--json", &pid],
        vec!["doctor"],
        vec!["doctor", "--json"],
    ];
    for args in commands {
        let done = run_into(wasmscope(&args), full());
        done.assert_failed(3, &["standard output", "No space left"]);
        assert_eq!(done.stderr.lines().count(), 1, "{args:?}: {}", done.stderr);
    }
}

#[test]
fn a_full_disk_ends_watch() {
    require_root!();
    for json in [&["--json"][..], &[]] {
        let process = idle();
        let scope = format!("tree:{}", process.pid());
        let done = run_into(wasmscope([&["watch", "--scope", &scope], json].concat()), full());
        done.assert_failed(3, &["standard output", "No space left"]);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let process = idle();
    let (pid, scope) = (process.pid().to_string(), format!("tree:{}", process.pid()));
    for args in [vec!["ps", "--scope", &scope], vec!["inspect", &pid], vec!["inspect", "--json", &pid]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = run_into(wasmscope(&args), writer);
        assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn watch_ends_when_its_reader_does() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let script = format!("while :; do {}; done", sleeper(&wasmtime, 0));
    let (reader, writer) = std::io::pipe().unwrap();
    let head = std::thread::spawn(move || {
        let mut first = String::new();
        BufReader::new(reader).read_line(&mut first).unwrap();
        first
    });
    let done = run_into(watch_script(&script), writer);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(done.elapsed < PATIENCE / 2, "{:?}", done.elapsed);
    let first: serde_json::Value = serde_json::from_str(&head.join().unwrap()).unwrap();
    assert_eq!(first["event.name"], "sensor.state");
}

#[test]
fn a_reader_that_does_not_read_costs_events_and_says_so() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // Nobody reads while guests come and go, and the pipe holds but 64 KiB.
    let script = format!("for i in $(seq 30); do {} & done; wait; exit 3", sleeper(&wasmtime, 1));
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = watch_script(&script);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command); // its copy of the writing end
    std::thread::sleep(Duration::from_secs(2));
    let lines: Vec<_> = BufReader::new(reader).lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().code() == Some(3), "the observed were not held up");
    let events: Vec<serde_json::Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let lost: u64 = named(&events, "sensor.lost").iter().filter_map(|e| e["loss.count"].as_u64()).sum();
    let (started, exited) =
        (named(&events, "workload.started").len(), named(&events, "workload.exited").len());
    assert!(lost > 0 || (started, exited) == (30, 30), "{started} started, {exited} exited, {lost} lost");
}

#[test]
fn nothing_of_the_output_is_held_back() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let watch = Started::spawn(watch_script(&sleeper(&wasmtime, 20)));
    // Seen while the workload runs, not when watch ends.
    watch.wait_for("start", |events| !named(events, "workload.started").is_empty());
}
