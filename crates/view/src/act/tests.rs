//! One line for each kind of act, where all that was observed is hostile.

use super::*;
use wasmscope_model::{BootId, Frame, Pid, ProcessKey, WorkloadId};

/// Moves the cursor, forges a line, reorders, hides, ends quotes.
const EVIL: &str = "a\u{1b}[2J\n12:00:00.000 exited\r\t\u{202e}\u{200b}\u{9b}m\\\"'\u{7}";

fn evil() -> Option<String> {
    Some(EVIL.into())
}

fn actor() -> Actor {
    let key = ProcessKey { pid: Pid(7), start_ticks: 1, exec_stamp: 1 };
    let frame = |index, name: Option<&str>| Frame {
        module_index: 0,
        function_index: index,
        name: name.map(str::to_owned),
        offset: Some(0x20),
    };
    Actor {
        id: WorkloadId::new(&BootId("b".into()), &key),
        pid: Pid(7),
        tid: 8,
        stack: vec![frame(4, Some(EVIL)), frame(3, None), frame(2, Some(&"long".repeat(50)))],
        stack_cut: true,
        stack_missing: None,
        untrusted: vec![EVIL.into()],
    }
}

fn outcome(error: Option<&'static str>) -> Outcome {
    let result = error.is_none().then_some(3);
    Outcome { call: EVIL.into(), result, error: error.map(Into::into) }
}

fn file_act(error: Option<&'static str>) -> FileAct {
    FileAct {
        actor: actor(),
        outcome: outcome(error),
        path: error.is_none().then(|| format!("/{EVIL}")),
        requested: evil(),
        directory: evil(),
        target: evil(),
        target_directory: evil(),
        flags: vec!["read".into(), "create".into()],
        beneath: Some(false),
        confined: Some(false),
        system: Some("proc".into()),
    }
}

fn network_act(error: Option<&'static str>, path: Option<String>) -> NetworkAct {
    NetworkAct {
        actor: actor(),
        outcome: outcome(error),
        transport: Some("tcp".into()),
        local_address: "::1".parse().ok(),
        local_port: Some(1),
        peer_address: "127.0.0.1".parse().ok(),
        peer_port: Some(53),
        path,
    }
}

fn kinds() -> Vec<EventKind> {
    let id = actor().id;
    let network = || network_act(None, None);
    let nowhere = NetworkAct {
        local_address: None,
        local_port: None,
        peer_address: None,
        peer_port: None,
        transport: None,
        ..network_act(Some("EBADF"), None)
    };
    let executed = ExecAct {
        id,
        pid: Pid(7),
        child: Some(Pid(9)),
        name: EVIL.into(),
        memfd: true,
        args: vec![EVIL.into(), "x".repeat(500)],
        untrusted: Vec::new(),
    };
    let called = |texts: Vec<String>| CallAct {
        actor: actor(),
        outcome: outcome(Some("EPERM")),
        arguments: vec!["0x1".into(), "0x2".into()],
        texts,
        foreign_abi: true,
    };
    let sent = |signal, target| SignalAct { actor: actor(), outcome: outcome(None), signal, target };
    let fault = |trap: Option<&'static str>, address| Fault {
        actor: actor(),
        signal: 11,
        code: 1,
        trap: trap.map(Into::into),
        address,
        instruction: 5,
        handled: true,
    };
    let withheld = |count, budget: &'static str| Throttled {
        id,
        pid: Pid(7),
        count,
        since_ns: 1,
        budget: budget.into(),
    };
    vec![
        EventKind::Forked { id, pid: Pid(7), child: Pid(9) },
        EventKind::Executed(executed),
        EventKind::Opened(file_act(None)),
        EventKind::Opened(file_act(Some("ENOENT"))),
        EventKind::Created(FileAct { path: None, requested: None, target: None, ..file_act(None) }),
        EventKind::Removed(file_act(Some("EISDIR"))),
        EventKind::Renamed(file_act(Some("EXDEV"))),
        EventKind::Linked(file_act(Some("EEXIST"))),
        EventKind::Truncated(file_act(Some("EROFS"))),
        EventKind::Connected(network_act(Some("EINPROGRESS"), None)),
        EventKind::Connected(network_act(Some("ECONNREFUSED"), evil())),
        EventKind::Accepted(network()),
        EventKind::Bound(NetworkAct { peer_address: None, peer_port: None, ..network() }),
        EventKind::Listening(nowhere),
        EventKind::Peer(network()),
        EventKind::Asked(DnsAct { network: network(), name: evil(), record_type: Some("AAAA".into()) }),
        EventKind::Asked(DnsAct { network: network(), name: None, record_type: None }),
        EventKind::WritableExecutable(MemoryAct {
            actor: actor(),
            outcome: outcome(None),
            address: 0x7000,
            bytes: 4096,
        }),
        EventKind::Sensitive(called(vec![EVIL.into()])),
        EventKind::Sensitive(called(Vec::new())),
        EventKind::SignalSent(sent(9, Some(-5))),
        EventKind::SignalSent(sent(64, None)),
        EventKind::Trapped(fault(Some("MemoryOutOfBounds"), Some(0x10))),
        EventKind::Trapped(fault(Some(EVIL), None)),
        EventKind::Crashed(fault(None, Some(0))),
        EventKind::Throttled(withheld(None, "common")),
        EventKind::Throttled(withheld(Some(5), "rare")),
    ]
}

#[test]
fn each_kind_is_one_line_in_which_nothing_observed_acts() {
    let lines: Vec<_> = kinds().iter().map(|kind| line(kind).expect("every act has a line")).collect();
    for line in &lines {
        assert!(!line.chars().any(|c| c.is_control() || "\u{202e}\u{200b}".contains(c)), "{line:?}");
    }
    insta::assert_snapshot!("acts", lines.join("\n"));
}

#[test]
fn a_long_name_or_stack_is_cut() {
    let frame = |n| Frame { module_index: 0, function_index: n, name: Some("y".repeat(5000)), offset: None };
    let deep = Actor { stack: (0..64).map(frame).collect(), stack_cut: false, ..actor() };
    let kind = EventKind::Opened(FileAct { actor: deep, path: Some("x".repeat(4096)), ..file_act(None) });
    let line = line(&kind).unwrap();
    assert!(line.chars().count() < 1500 && line.ends_with(" < …"), "{line}");
}
