//! How much there can be on a page, and that counters on it never go down.

use super::fixture::{fleet, full, id, names, workload};
use crate::{Encoder, Snapshot, WORKLOADS, WorkloadUsage};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use wasmscope_model::Pid;

/// The value of each series.
fn values(page: &str) -> HashMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    };
    lines.map(entry).collect()
}

fn calls(list: &[(&'static str, u64)]) -> Snapshot {
    let syscalls = list.iter().map(|(name, count)| ((*name).into(), *count)).collect();
    let usage = WorkloadUsage { syscalls, ..WorkloadUsage::new(id(1), Pid(1)) };
    Snapshot { workloads: vec![usage], ..Snapshot::default() }
}

fn call(page: &HashMap<String, f64>, name: &str) -> Option<f64> {
    let series = format!("wasmscope_workload_syscalls_total{{workload=\"{}\",call=\"{name}\"}}", id(1));
    page.get(&series).copied()
}

#[test]
fn the_most_used_calls_are_named_and_the_rest_is_other() {
    let usage = WorkloadUsage { syscalls: names("call", 100), ..workload(1) };
    let page = values(&Encoder::default().openmetrics(Snapshot { workloads: vec![usage], ..full() }));
    assert_eq!(call(&page, "call63"), Some(999_999_937.0));
    assert_eq!(call(&page, "call64"), None);
    assert_eq!(call(&page, "other"), Some((64..100).map(|n| 1e9 - f64::from(n)).sum()));
}

#[test]
fn a_call_that_was_folded_stays_folded_however_often_it_is_made_later() {
    let mut encoder = Encoder::default();
    let mut list: Vec<(String, u64)> = (0..70).map(|n| (format!("call{n}"), 1000 - n)).collect();
    let mut scrape = |list: &[(String, u64)]| {
        let syscalls = list.iter().map(|(name, count)| (name.clone().into(), *count)).collect();
        let usage = WorkloadUsage { syscalls, ..WorkloadUsage::new(id(1), Pid(1)) };
        values(&encoder.openmetrics(Snapshot { workloads: vec![usage], ..Snapshot::default() }))
    };
    let first = scrape(&list);
    list[69].1 = 1_000_000;
    list.reverse();
    let second = scrape(&list);
    assert_eq!(call(&second, "call69"), None);
    for (series, value) in &first {
        assert!(second[series] >= *value, "{series} went down");
    }
}

#[test]
fn a_name_that_comes_late_is_named_while_there_is_room() {
    let mut encoder = Encoder::default();
    encoder.openmetrics(calls(&[("read", 1)]));
    let page = values(&encoder.openmetrics(calls(&[("read", 1), ("write", 5)])));
    assert_eq!((call(&page, "read"), call(&page, "write")), (Some(1.0), Some(5.0)));
    // What the source itself could not tell apart joins what we do not.
    let page = values(&encoder.openmetrics(calls(&[("read", 1), ("other", 2), ("other", 3)])));
    assert_eq!(call(&page, "other"), Some(5.0));
}

#[test]
fn nothing_goes_down_while_workloads_come_and_go_and_use_ever_more() {
    let mut encoder = Encoder::default();
    let mut before = HashMap::new();
    for round in 1..=12_u64 {
        // Ever other workloads free the room that others would like to have.
        let mut snapshot = fleet(300, 10 * round, 3 * round);
        for (n, usage) in (0_u64..).zip(&mut snapshot.workloads) {
            let grown = |amount: &mut u64, at: u64| *amount += round * (n + at) % 97 + 1_000 * round;
            (0..).zip(&mut usage.syscalls).for_each(|(at, (_, count))| grown(count, at));
            (0..).zip(&mut usage.traps).for_each(|(at, (_, count))| grown(count, at));
            (0..).zip(&mut usage.detections).for_each(|(at, (_, count))| grown(count, at));
            usage.guest_cpu.iter_mut().for_each(|(_, time)| *time += Duration::from_nanos(round * n));
            usage.guest_cpu.rotate_left(round as usize);
        }
        snapshot.workloads.drain(..(30 * round as usize).min(250));
        let now = values(&encoder.openmetrics(snapshot));
        for (series, value) in before.iter().filter(|(series, _): &(&String, _)| series.contains("_total")) {
            // A workload that is gone has no series at all.
            assert!(now.get(series).is_none_or(|now| now >= value), "{series} went down in round {round}");
        }
        before = now;
    }
}

#[test]
fn exported_workloads_stay_and_the_others_are_counted() {
    let mut encoder = Encoder::default();
    let most = u32::try_from(WORKLOADS).unwrap();
    let some = |pids: Box<dyn Iterator<Item = u32>>| {
        let workloads = pids.map(|pid| WorkloadUsage::new(id(pid), Pid(pid))).collect();
        Snapshot { workloads, workloads_not_exported: 1, ..Snapshot::default() }
    };
    let exported = |page: &str, pid| page.contains(&format!("info{{workload=\"{}\"", id(pid)));

    let page = encoder.openmetrics(some(Box::new(0..most + 10)));
    assert!(page.contains("\nwasmscope_agent_workloads_not_exported 11\n"));
    assert!(exported(&page, 0) && !exported(&page, most));

    // Coming first in the list is no reason to displace another.
    let page = encoder.openmetrics(some(Box::new((1..most + 10).rev())));
    assert!(page.contains("\nwasmscope_agent_workloads_not_exported 10\n"));
    assert!(exported(&page, 1) && exported(&page, most + 9) && !exported(&page, most));
}

/// `cargo test --release -p wasmscope-export pages_of_1000 -- --nocapture` tells size and time.
#[test]
fn pages_of_1000_workloads_are_small_and_quickly_made() {
    for (kind, calls, others) in [("usual", 20, 2), ("worst", 400, 50)] {
        let mut encoder = Encoder::default();
        let snapshot = fleet(1000, calls, others);
        encoder.openmetrics(snapshot.clone());
        let start = Instant::now();
        let page = encoder.openmetrics(snapshot);
        let encoded = start.elapsed();
        let text = crate::prometheus_text(&page);
        let converted = start.elapsed() - encoded;
        let (bytes, series) = (page.len(), values(&text).len());
        println!("{kind}: {series} series, {bytes} bytes; encoded in {encoded:?}, as text in {converted:?}");
        assert!(bytes < 5 << 20, "{kind}: {bytes} bytes");
        // Optimised it takes a twentieth of this; a shared machine may be slow.
        assert!(cfg!(debug_assertions) || encoded < Duration::from_millis(500), "{kind}: {encoded:?}");
    }
}

#[test]
fn names_that_come_a_few_at_a_time_share_the_same_room() {
    let mut encoder = Encoder::default();
    for calls in (8..=64).step_by(7) {
        let page = encoder.openmetrics(fleet(1000, calls, 2));
        assert!(page.len() < 5 << 20, "with {calls} calls: {} bytes", page.len());
    }
}

#[test]
fn violations_are_named_whatever_else_guests_count() {
    let mut snapshot = fleet(1000, 400, 50);
    let last = snapshot.workloads.last_mut().unwrap();
    last.guest_results.push(("violations".into(), 1));
    let series =
        format!("wasmscope_workload_guest_result{{workload=\"{}\",result=\"violations\"}} 1\n", last.id);
    let mut encoder = Encoder::default();
    for _ in 0..2 {
        assert!(encoder.openmetrics(snapshot.clone()).contains(&series));
    }
}
