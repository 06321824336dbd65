//! Of an instance that has ended, as sums: what no single call shows.

use super::*;
use crate::boundary::{CallTotals, InstanceTotals};

const ENDED: Kinds = one(Kind::InstanceEnded);

pub(super) static FIELDS: &[Field] = &[
    event(
        "wasm.instance.calls",
        Type::Int,
        ENDED,
        |k| sum(k, |_| true, |of| of.calls),
        "calls of the host; in JSON within `functions`",
    ),
    event(
        "wasm.instance.calls.clocks",
        Type::Int,
        ENDED,
        |k| sum(k, reads_a_clock, |of| of.calls),
        "how often it asked for the time; in JSON within `functions`",
    ),
    event(
        "wasm.instance.calls.poll",
        Type::Int,
        ENDED,
        |k| sum(k, polls, |of| of.calls),
        "how often it asked whether something has happened; in JSON within `functions`",
    ),
    event(
        "wasm.instance.bytes.random",
        Type::Int,
        ENDED,
        |k| sum(k, is_random, |of| of.read),
        "random numbers that it got; in JSON within `functions`",
    )
    .in_unit(Unit::Bytes),
    event(
        "wasm.instance.bytes.written",
        Type::Int,
        ENDED,
        |k| sum(k, |_| true, |of| of.written),
        "what it gave to files, streams and peers; in JSON within `functions`",
    )
    .in_unit(Unit::Bytes),
    event(
        "wasm.instance.wall_ns",
        Type::Int,
        ENDED,
        |k| some(totals(k)?.run.wall_ns),
        "time in runs of it; in JSON within `run`",
    )
    .in_unit(Unit::Nanoseconds),
    event(
        "wasm.instance.guest_cpu_ns",
        Type::Int,
        ENDED,
        |k| some(totals(k)?.run.guest_cpu_ns),
        "CPU time of its code; in JSON within `run`",
    )
    .in_unit(Unit::Nanoseconds),
];

fn totals(kind: &EventKind) -> Option<&InstanceTotals> {
    match kind {
        EventKind::InstanceEnded(of) => Some(&of.what.what),
        _ => None,
    }
}

/// Of the functions that `which` picks by their name, `interface#function`.
fn sum(kind: &EventKind, which: fn(&str) -> bool, what: fn(&CallTotals) -> u64) -> Option<Value<'_>> {
    let functions = totals(kind)?.functions.iter();
    let picked = functions.filter(|(name, _)| which(name)).map(|(_, of)| what(of));
    some(picked.fold(0_u64, u64::saturating_add))
}

fn reads_a_clock(name: &str) -> bool {
    name.ends_with("#clock_time_get") || name.starts_with("wasi:clocks/") && name.ends_with("#now")
}

fn polls(name: &str) -> bool {
    name.ends_with("#poll_oneoff") || name.starts_with("wasi:io/poll") && !name.contains("[resource-drop]")
}

fn is_random(name: &str) -> bool {
    name.ends_with("#random_get") || name.starts_with("wasi:random/")
}
