//! SIGTERM and SIGINT: what was seen is written, every line is whole, status 0, soon.

use crate::kit::{Started, has, named, wasmscope, watch_script};
use crate::observed::{Cued, sleeper};
use rustix::process::Signal;
use std::{
    io::Write as _,
    time::{Duration, Instant},
};
use wasmscope_testkit::{require_root, require_runtime, runtimes, wait_until};

/// Measured: some 30 ms. Generous for busy machines.
const SOON: Duration = Duration::from_secs(3);

/// Whether the process has its own way to end by `signal` by now (`SigCgt` of proc(5)).
fn catches(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap_or("0").trim().to_owned();
    u64::from_str_radix(&caught, 16).unwrap_or(0) & 1 << (signal.as_raw() - 1) != 0
}

fn end_soon(watch: Started, signal: Signal) -> Vec<serde_json::Value> {
    let asked = Instant::now();
    watch.signal(signal);
    let done = watch.finish();
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    done.events()
}

#[test]
fn each_ends_watch_cleanly_with_all_that_was_seen() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    for signal in [Signal::TERM, Signal::INT] {
        let guest = Cued::new(&format!("exec {}", sleeper(&wasmtime, 20)));
        let watch =
            Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", guest.pid())]));
        watch.wait_ready();
        guest.cue();
        watch.wait_for("start", |events| has(events, "workload.started", guest.pid()));
        let events = end_soon(watch, signal);
        assert_eq!(named(&events, "workload.started").len(), 1);
        assert_eq!(named(&events, "workload.exited").len(), 0, "it still runs");
    }
}

#[test]
fn each_ends_watch_cleanly_while_it_still_loads() {
    require_root!();
    for (round, signal) in [Signal::TERM, Signal::INT, Signal::TERM, Signal::INT].into_iter().enumerate() {
        let idle = Cued::new("exit");
        let watch =
            Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", idle.pid())]));
        assert!(
            wait_until(|| catches(watch.pid(), signal), SOON),
            "round {round}: {signal:?} is never caught"
        );
        std::thread::sleep(Duration::from_millis(round as u64 * 15));
        end_soon(watch, signal);
    }
}

#[test]
fn a_command_is_not_started_any_more_once_watch_was_asked_to_end() {
    require_root!();
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("ran");
    let watch = Started::spawn(watch_script(&format!("touch {}", trace.display())));
    assert!(wait_until(|| catches(watch.pid(), Signal::TERM), SOON));
    watch.signal(Signal::TERM);
    // Whoever still runs then is killed when watch is waited for: give the command its chance to show itself.
    std::thread::sleep(Duration::from_millis(1000));
    assert!(!trace.exists(), "the command ran although nobody watches it");
    let done = watch.finish();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
}

#[test]
fn each_ends_watch_cleanly_in_the_midst_of_many_events() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let guests = format!("while :; do {} & {}; wait; done", sleeper(&wasmtime, 0), sleeper(&wasmtime, 0));
    let tree = Cued::new(&format!("exec >/dev/null 2>&1; {guests}"));
    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", tree.pid())]));
    watch.wait_ready();
    tree.cue();
    watch.wait_for("some ends", |events| named(events, "workload.exited").len() >= 5);
    let events = end_soon(watch, Signal::TERM);
    let ended: Vec<_> = named(&events, "workload.exited").iter().map(|e| e["workload.id"].clone()).collect();
    for id in &ended {
        let started = named(&events, "workload.started").iter().any(|e| e["workload.id"] == *id);
        assert!(started, "the end of {id} but not its start");
    }
}

#[test]
fn a_reader_that_does_not_read_cannot_keep_watch_from_ending() {
    require_root!();
    let idle = Cued::new("exit");
    // A pipe that is full from the start, and stays so.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let size = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    writer.write_all(&vec![b'\n'; size]).unwrap();
    let scope = format!("tree:{}", idle.pid());
    let watch = Started::spawn_into(wasmscope(["watch", "--json", "--scope", &scope]), writer);
    assert!(wait_until(|| catches(watch.pid(), Signal::TERM), SOON));
    std::thread::sleep(Duration::from_millis(500));
    let asked = Instant::now();
    watch.signal(Signal::TERM);
    let done = watch.finish();
    assert!(asked.elapsed() < 2 * SOON, "{:?}", asked.elapsed());
    done.assert_failed(3, &["standard output is not read", "lost"]);
    drop(reader);
}
