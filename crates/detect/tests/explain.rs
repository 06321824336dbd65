//! Host calls explain the system calls under them.

mod common;

use common::events;
use wasmscope_detect::{Engine, Files, Limits, RuleSet};
use wasmscope_model::{EventKind, boundary::Unexplained};

const OPENED: &str = r#"{"event.name": "workload.file.opened", "file.path": "/srv/x", "syscall.name": "openat", "thread.id": 7, "wasm.stack": ["f"]}"#;
const CLASSES: &str = r#"["files", "random", "sockets", "http", "process", "custom"]"#;

fn started(told: &str) -> String {
    format!(
        r#"{{"event.name": "boundary.instance.started", "process.pid": 7, "wasm.instance.id": 1, "wasm.instance.name": "a", "wasi.call.classes.told": {told}}}"#
    )
}

/// A call that begins with this line of the stream and lasts 5 ms, on a thread.
fn call(class: &str, tid: u32) -> String {
    format!(
        r#"{{"event.name": "boundary.call", "process.pid": 7, "thread.id": {tid}, "wasm.instance.id": 1, "wasm.instance.name": "a", "wasi.call.interface": "i", "wasi.call.name": "of_{class}", "wasi.call.class": "{class}", "wasi.call.outcome": "ok", "wasi.call.duration_ns": 5000000}}"#
    )
}

const WORKLOAD: &str = r#"{"event.name": "workload.started", "wasm.runtime.name": "wasmtime"}"#;
/// Long after everything else.
const LATER: &str = r#"{"event.name": "workload.network.listening", "sample.after_ms": 5000}"#;
const LOST: &str =
    r#"{"event.name": "sensor.lost", "loss.family": "hook", "loss.stage": "sender", "loss.count": 1}"#;

fn of(lines: &[&str]) -> (Vec<Unexplained>, u64) {
    // What runtimes do for themselves is among the shipped files.
    let rules = RuleSet::load(&[Files::shipped()]).unwrap();
    let mut engine = Engine::new(rules, Limits::default());
    let (mut following, stream) = (Vec::new(), events(&lines.join("\n")));
    stream.iter().for_each(|event| engine.follow(event, &mut following));
    engine.finish(&stream[stream.len() - 1], &mut following);
    let acts = following.into_iter().filter_map(|event| match event.kind {
        EventKind::Unexplained(act) => Some(*act),
        _ => None,
    });
    (acts.collect(), engine.counts().undecided)
}

fn reasons(lines: &[&str]) -> Vec<(String, Option<String>)> {
    of(lines).0.into_iter().map(|act| (act.why.into_owned(), act.during)).collect()
}

#[test]
fn an_act_is_explained_by_a_call_around_it_that_can_lead_to_it() {
    let started = started(CLASSES);
    let late = format!("{}, \"sample.after_ms\": 50}}", call("random", 7).trim_end_matches('}'));
    let told = |class: &str| reasons(&[WORKLOAD, &started, &call(class, 7), OPENED, &late, LATER]);
    assert_eq!(told("files"), []);
    assert_eq!(told("custom"), [], "a function of the host's own may do anything");
    assert_eq!(told("sockets"), [("other_call".into(), Some("of_sockets".into()))]);
    // The call is told after the act, as it happens: hooks tell a call when it is over.
    let after = |class: &str| {
        let mut stream = events(&[WORKLOAD, &started, &call(class, 7), OPENED].join("\n"));
        stream.swap(2, 3);
        stream.iter().map(|event| serde_json::to_string(event).unwrap()).collect::<Vec<_>>()
    };
    for (class, count) in [("files", 0), ("poll", 1)] {
        let lines = after(class);
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        all.extend([late.as_str(), LATER]);
        assert_eq!(reasons(&all).len(), count, "{class}");
    }
}

#[test]
fn an_act_outside_of_calls_is_told_once_the_hooks_have_told_of_something_later() {
    let started = started(CLASSES);
    let late = |tid| format!("{}, \"sample.after_ms\": 50}}", call("random", tid).trim_end_matches('}'));
    let (acts, undecided) = of(&[WORKLOAD, &started, OPENED, &late(7), LATER]);
    let [act] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!((act.why.as_ref(), act.event.as_ref()), ("outside", "workload.file.opened"));
    assert_eq!((act.call.as_deref(), act.target.as_deref()), (Some("openat"), Some("/srv/x")));
    assert_eq!((act.actor.stack.len(), undecided), (1, 0));
    // Without a word nobody knows.
    assert_eq!(of(&[WORKLOAD, &started, OPENED, LATER]), (vec![], 1));
    // With another instance in the process, the word of another thread says nothing.
    let two = [WORKLOAD, &started, &started, OPENED, &late(8), LATER];
    assert_eq!(of(&two), (vec![], 1));
    assert_eq!(of(&[WORKLOAD, &started, &started, OPENED, &late(7), LATER]).0.len(), 1);
}

#[test]
fn nothing_is_said_where_hooks_do_not_tell_everything() {
    let late = format!("{}, \"sample.after_ms\": 50}}", call("random", 7).trim_end_matches('}'));
    let all = started(CLASSES);
    assert_eq!(of(&[WORKLOAD, &all, OPENED, &late, LOST, LATER]), (vec![], 1), "a call may be lost");
    for told in [r#"["files"]"#, r#"["custom", "sockets", "http"]"#, "[]"] {
        assert_eq!(of(&[WORKLOAD, &started(told), OPENED, &late, LATER]), (vec![], 0), "{told}");
    }
    let host = OPENED.replace(r#", "wasm.stack": ["f"]"#, "");
    assert_eq!(of(&[WORKLOAD, &all, &host, &late, LATER]), (vec![], 0), "the host's own");
    let own = OPENED.replace("/srv/x", "/etc/localtime");
    assert_eq!(of(&[WORKLOAD, &all, &own, &late, LATER]), (vec![], 0), "what every runtime does");
    assert_eq!(of(&[WORKLOAD, OPENED, &late, LATER]), (vec![], 0), "no hooks");
}

#[test]
fn connections_are_made_while_the_guest_waits_and_are_not_judged() {
    let started = started(CLASSES);
    let late = format!("{}, \"sample.after_ms\": 50}}", call("random", 7).trim_end_matches('}'));
    let connected = r#"{"event.name": "workload.network.connected", "network.peer.address": "127.0.0.1", "syscall.name": "connect", "thread.id": 7, "wasm.stack": ["f"]}"#;
    assert_eq!(of(&[WORKLOAD, &started, connected, &late, LATER]), (vec![], 0));
}

#[test]
fn an_act_whose_call_may_be_forgotten_is_not_judged() {
    let started = started(CLASSES);
    let many = format!("{}, \"sample.repeat\": 300}}", call("files", 7).trim_end_matches('}'));
    let stream = [WORKLOAD, &started, OPENED, &many, LATER].join("\n");
    let lines: Vec<String> =
        events(&stream).iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    // The kernel's event comes after 300 calls that were later.
    let mut late: Vec<&str> = lines.iter().map(String::as_str).collect();
    let opened = late.remove(2);
    late.insert(302, opened);
    assert_eq!(of(&late), (vec![], 1));
}

#[test]
fn acts_that_wait_are_bounded_and_counted() {
    let started = started(CLASSES);
    let many = format!("{}, \"sample.repeat\": 1000}}", OPENED.trim_end_matches('}'));
    let late = format!("{}, \"sample.after_ms\": 50}}", call("random", 7).trim_end_matches('}'));
    let (acts, undecided) = of(&[WORKLOAD, &started, &many, &late, LATER]);
    assert_eq!((acts.len(), undecided), (64, 936));
}
