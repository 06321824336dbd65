//! What is learnt, what is told, and what is not.

mod common;

use common::*;
use wasmscope_baseline::{Baselines, Dimension, Edit, Limits, Monitor, Needs};
use wasmscope_model::{Detection, Event, Severity};

fn usual_lines() -> String {
    lines(&[
        opened("/srv/data/in-1.txt"),
        opened("/srv/data/in-2.txt"),
        connected("10.1.2.3", 443),
        asked("api.example.com"),
        host_call("fd_read"),
        host_call("fd_write"),
    ])
}

fn five_runs() -> Vec<Vec<Event>> {
    (0..5).map(|number| run(number, &usual_lines())).collect()
}

/// An ordinary run, and this, by other threads and instances.
fn and(more: &str) -> Vec<Event> {
    let other = |(n, line): (usize, &str)| {
        format!(
            r#"{{"thread.id": {n}, {}"#,
            &line.replace(r#""wasm.instance.id": 1"#, r#""wasm.instance.id": 2"#)[1..]
        )
    };
    let more: Vec<String> = more.lines().enumerate().map(other).collect();
    run(9, &format!("{}\n{}", usual_lines(), lines(&more)))
}

#[test]
fn nothing_is_told_of_what_is_usual_nor_before_enough_is_learnt() {
    let known = learn(&five_runs());
    assert_eq!(ask(&known, &and(&opened("/srv/data/in-77.txt"))), [], "numbers do not matter");
    let needs = Needs { runs: 6, ..Needs::default() };
    assert_eq!(ask_with(&known, needs, &and(&connected("192.0.2.1", 4444))), []);
    assert_eq!(ask_with(&known, Needs::default(), &run_of("other", 9, &connected("192.0.2.1", 4444))), []);
    let long = Needs { runs: 6, time: std::time::Duration::from_millis(1) };
    assert_eq!(ask_with(&known, long, &and(&connected("192.0.2.1", 4444))).len(), 1, "or long enough");
}

#[test]
fn what_is_new_is_told_with_its_event_what_is_usual_and_a_score() {
    let known = learn(&five_runs());
    let events = and(&connected("192.0.2.1", 4444));
    let found = ask(&known, &events);
    let [peer] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((peer.rule.as_str(), peer.severity), ("baseline-new-peer", Severity::Medium));
    assert_eq!(peer.evidence, events[events.len() - 2..events.len() - 1]);
    assert_eq!(peer.reasons[0], "new peer: out tcp 192.0.2.1:4444");
    assert!(peer.reasons[1].starts_with("usual, of 5 runs: out tcp 10.1.2.3:443"), "{:?}", peer.reasons);
    assert_eq!(peer.reasons[2], format!("score {} of 100", peer.confidence.get()));
    assert!((50..=65).contains(&peer.confidence.get()), "{}", peer.confidence);
    assert_eq!(peer.module_path.as_deref(), Some("/srv/module.wasm"));
    let schema = serde_json::to_value(wasmscope_detect::json_schema()).unwrap();
    let json = serde_json::to_value(peer).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json), "{json:#}");
}

#[test]
fn each_respect_has_its_rule() {
    let known = learn(&five_runs());
    for (more, rule) in [
        (opened("/etc/passwd"), "baseline-new-path"),
        (connected("10.1.2.3", 22), "baseline-new-peer"),
        (asked("tunnel.example.org"), "baseline-new-name"),
        (host_call("path_unlink_file"), "baseline-new-call"),
        (sensitive("ptrace"), "baseline-new-act"),
        (lines(&[host_call("fd_read"), host_call("fd_read"), host_call("fd_read")]), "baseline-new-sequence"),
        (
            opened("/srv/data/in-1.txt").replace(r#"["read"]"#, r#"["write", "truncate"]"#),
            "baseline-new-path",
        ),
    ] {
        assert!(rules(&ask(&known, &and(&more))).contains(&rule), "{more}: no {rule}");
    }
    let written = opened("/srv/data/in-1.txt").replace("read", "write");
    let found = ask(&known, &and(&written));
    assert!(found[0].reasons[1].contains("known, (read)"), "{:?}", found[0].reasons);
}

#[test]
fn what_is_far_off_is_told_by_how_far() {
    let grown = |to: u64| {
        format!(
            r#"{{"event.name": "workload.memory.grown", "wasm.memory.size": {to}, "wasm.memory.size.previous": 65536}}"#
        )
    };
    let ordinary = grown(1 << 20);
    let known = learn(&(0..5).map(|number| run(number, &ordinary)).collect::<Vec<_>>());
    assert_eq!(ask(&known, &run(9, &grown(2 << 20))), []);
    let far = ask(&known, &run(9, &grown(4 << 20)));
    assert_eq!(rules(&far), ["baseline-memory"]);
    assert!(far[0].reasons[1].contains("99 % up to 1 MiB, never more than 1 MiB"), "{:?}", far[0].reasons);
    let farther = ask(&known, &run(9, &grown(1 << 30)));
    assert!(farther[0].confidence > far[0].confidence);

    let often = |times: u32| opened("/srv/a").replace("}", &format!(r#", "sample.repeat": {times}}}"#));
    let known = learn(&(0..5).map(|number| run(number, &often(100))).collect::<Vec<_>>());
    assert_eq!(ask(&known, &run(9, &often(400))), []);
    assert_eq!(rules(&ask(&known, &run(9, &often(1000)))), ["baseline-rate"]);
}

#[test]
fn cpu_time_and_duration_are_compared_with_those_of_whole_runs() {
    let exited = |seconds: f64| -> Vec<Event> {
        let mut events = run(1, "");
        for event in &mut events {
            if let wasmscope_model::EventKind::Exited { seconds: of, .. } = &mut event.kind {
                *of = seconds;
            }
        }
        events
    };
    let observe = |monitor: &mut Monitor, seconds: f64, cpu: f64| {
        let mut found = Vec::new();
        for event in exited(seconds) {
            if let Some(id) = event.kind.workload() {
                monitor.cost(id, std::time::Duration::from_secs_f64(cpu));
            }
            monitor.observe(&event, &mut found);
        }
        found
    };
    let mut monitor = Monitor::new(Baselines::default(), true, AT_ONCE, Limits::default());
    assert_eq!(observe(&mut monitor, 2.0, 0.1), []);
    assert_eq!(observe(&mut monitor, 2.5, 0.2), []);
    assert_eq!(rules(&observe(&mut monitor, 2.5, 2.4)), ["baseline-cpu"]);
    assert_eq!(rules(&observe(&mut monitor, 60.0, 1.0)), ["baseline-duration"]);
}

#[test]
fn several_independent_novelties_are_high_and_one_event_is_one_thing() {
    let known = learn(&five_runs());
    let one = ask(&known, &and(&sensitive("ptrace")));
    assert_eq!(one.len(), 1, "{one:#?}");
    assert!(one.iter().all(|detection| detection.severity <= Severity::Medium));
    let more = lines(&[opened("/etc/shadow"), sensitive("ptrace"), connected("192.0.2.1", 4444)]);
    let found = ask(&known, &and(&more));
    let several = found.iter().find(|d| d.rule == "baseline-several").unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(several.severity, Severity::High);
    assert_eq!(several.evidence.len(), 3);
    assert!(several.reasons[0].contains("baseline-new-path, baseline-new-act, baseline-new-peer"));
    let late = opened("/etc/shadow").replace("}", r#", "sample.after_ms": 120000}"#);
    let far_apart = and(&lines(&[connected("192.0.2.1", 4444), late]));
    assert!(!rules(&ask(&known, &far_apart)).contains(&"baseline-several"));
}

#[test]
fn the_same_is_told_once_and_a_flood_of_new_things_is_cut() {
    let known = learn(&five_runs());
    let again = opened("/etc/passwd").replace("}", r#", "sample.repeat": 100}"#);
    assert_eq!(
        rules(&ask(&known, &and(&again))).iter().filter(|rule| **rule == "baseline-new-path").count(),
        1
    );
    let flood: Vec<String> = (0..500u32).map(|n| opened(&format!("/etc/{}", word(n)))).collect();
    let found = ask(&known, &and(&lines(&flood)));
    assert!((2..=34).contains(&found.len()), "{}", found.len());
}

/// A name without digits.
fn word(n: u32) -> String {
    n.to_string().bytes().map(|digit| (digit - b'0' + b'a') as char).collect()
}

#[test]
fn a_module_that_always_does_something_new_is_not_told_for_that() {
    let runs: Vec<_> = (0..5).map(|n| run(n, &opened(&format!("/srv/{}", word(n + 10))))).collect();
    let known = learn(&runs);
    assert_eq!(ask(&known, &run(9, &opened("/srv/another"))), []);
}

#[test]
fn nothing_is_learnt_from_a_run_with_a_high_detection() {
    let learn_from = |severity: Severity| {
        let mut monitor = Monitor::new(learn(&five_runs()), true, AT_ONCE, Limits::default());
        let bad = and(&connected("192.0.2.1", 4444));
        let (last, before) = bad.split_last().unwrap();
        let mut found = Vec::new();
        before.iter().for_each(|event| monitor.observe(event, &mut found));
        monitor.detected(&Detection { severity, ..found[0].clone() });
        monitor.observe(last, &mut found);
        monitor.finish()
    };
    let bad = and(&connected("192.0.2.1", 4444));
    let (known, counts) = learn_from(Severity::High);
    assert_eq!((counts.rejected, counts.learnt), (1, 0));
    assert_eq!(rules(&ask(&known, &bad)), ["baseline-new-peer"], "it was not learnt");
    assert_eq!(known.iter().next().unwrap().1.rejected, 1);
    let (known, counts) = learn_from(Severity::Medium);
    assert_eq!((counts.rejected, counts.learnt), (0, 1));
    assert_eq!(ask(&known, &bad), [], "it was learnt");
}

#[test]
fn a_run_that_is_high_by_itself_is_not_learnt_either() {
    let mut monitor = Monitor::new(learn(&five_runs()), true, AT_ONCE, Limits::default());
    let mut found = Vec::new();
    let more = lines(&[opened("/etc/shadow"), sensitive("ptrace"), connected("192.0.2.1", 4444)]);
    and(&more).iter().for_each(|event| monitor.observe(event, &mut found));
    assert_eq!(monitor.counts().rejected, 1, "{found:#?}");
}

#[test]
fn who_edits_has_the_last_word() {
    let mut known = learn(&five_runs());
    let key = known.iter().next().unwrap().0.clone();
    let new = and(&connected("192.0.2.1", 4444));
    assert_eq!(ask(&known, &new).len(), 1);
    known.allow(&key, Edit::new(Dimension::Peer, "out tcp 192.0.2.*:4444").unwrap()).unwrap();
    assert_eq!(ask(&known, &new), []);
    known.deny(&key, Edit::new(Dimension::Peer, "out tcp 10.1.2.3:443").unwrap()).unwrap();
    let found = ask(&known, &new);
    assert_eq!(rules(&found), ["baseline-new-peer"]);
    assert!(found[0].reasons[1].contains("denied"), "{:?}", found[0].reasons);
    // And it is not learnt.
    let mut monitor = Monitor::new(known, true, AT_ONCE, Limits::default());
    new.iter().for_each(|event| monitor.observe(event, &mut Vec::new()));
    assert_eq!(rules(&ask(&monitor.finish().0, &new)), ["baseline-new-peer"]);
    assert!(Edit::new(Dimension::Path, "/srv/[").is_err());
}

#[test]
fn lost_events_are_said() {
    let known = learn(&five_runs());
    let throttled = r#"{"event.name": "workload.throttled"}"#;
    let found = ask(&known, &and(&lines(&[throttled.to_owned(), connected("192.0.2.1", 4444)])));
    assert!(found[0].lossy);
    assert!(!ask(&known, &and(&connected("192.0.2.1", 4444)))[0].lossy);
}

#[test]
fn what_is_kept_is_bounded_and_what_is_not_is_counted() {
    let limits = Limits { modules: 3, ..Limits::default() };
    let runs: Vec<_> = (0..10).map(|n| run_of(&format!("m{n}"), n, &opened("/srv/a"))).collect();
    let (known, counts) = learn_with(&runs, limits);
    assert_eq!((known.len(), counts.learnt, counts.no_room), (3, 3, 7));

    // Ever new things in ever new folders, of one module.
    let hostile: Vec<String> = (0..20_000u32)
        .map(|n| match n % 4 {
            0 => opened(&format!("/{}/{}/{}", word(n % 400), word(n / 7), word(n))),
            1 => connected(&format!("203.{}.{}.7", n / 256 % 256, n % 256), n as u16),
            2 => asked(&format!("{}.{}.example", word(n), word(n / 50))),
            _ => host_call(&word(n)),
        })
        .collect();
    let (known, counts) = learn_with(&[run(1, &lines(&hostile))], Limits::default());
    assert_eq!(counts.learnt, 1);
    assert!(known.bytes() < 400 << 10, "{}", known.bytes());

    // Runs that never end.
    let limits = Limits { run_bytes: 100 << 10, ..Limits::default() };
    let endless: Vec<_> = (0..100)
        .map(|n| {
            let mut events = run_of(&format!("m{n}"), n, &opened("/srv/a"));
            events.pop();
            events
        })
        .collect();
    let (known, counts) = learn_with(&endless, limits);
    assert!(counts.evicted > 50 && known.len() as u64 + counts.evicted == 100, "{counts:?}");
}
