//! `--summary`: what `strace -c` shows of system calls, for WASI.

use crate::{Reading, Report};
use std::fmt::Write as _;
use wasmscope_model::text::{bytes as size, shown_within};
use wasmscope_sensor_wasmtime::{FunctionTotals, GrowthTotals, Summary};

/// Longest name of a result, in characters.
const NAME_CHARS: usize = 80;

/// The summary as text for a terminal, functions with the most time first. Names in it are WASI's own.
pub fn summary_text(report: &Report) -> String {
    let summary = &report.summary;
    let mut out = String::new();
    calls(&mut out, summary);
    errors(&mut out, summary);
    let run = &summary.run;
    // Writing to a `String` cannot fail.
    _ = writeln!(
        out,
        "ran {} ({} on the CPU: guest {}, host {}), {} with compilation",
        seconds(run.wall_ns),
        seconds(run.cpu_ns),
        seconds(run.guest_cpu_ns),
        seconds(run.cpu_ns.saturating_sub(run.guest_cpu_ns)),
        seconds(u64::try_from(report.elapsed.as_nanos()).unwrap_or(u64::MAX)),
    );
    growth(&mut out, "memory", &summary.memory, size);
    growth(&mut out, "tables", &summary.table, |elements| format!("{elements} elements"));
    if run.fuel > 0 {
        _ = writeln!(out, "fuel {}", run.fuel);
    }
    if summary.started > 1 {
        _ = writeln!(out, "instances {}", summary.started);
    }
    if let Some((taken, lost)) = report.samples {
        _ = writeln!(
            out,
            "samples {taken}{}",
            if lost > 0 { format!(", not shown {lost}") } else { String::new() }
        );
    }
    if let Some(reading) = &report.counted {
        counted(&mut out, reading);
    }
    if report.lost_events > 0 {
        _ = writeln!(out, "events lost {}", report.lost_events);
    }
    out
}

/// Names are those of passes, unless the guest wrote over them.
fn counted(out: &mut String, reading: &Reading) {
    out.push_str("counted by the guest\n");
    for (name, value) in &reading.results {
        _ = writeln!(out, "{value:>20}  {}", shown_within(name, NAME_CHARS));
    }
    for violation in &reading.violations {
        let kind = shown_within(&violation.kind, NAME_CHARS);
        _ = writeln!(
            out,
            "VIOLATION {kind} in function {} at {:#x}: {:#x}",
            violation.function, violation.offset, violation.value
        );
    }
}

fn calls(out: &mut String, summary: &Summary) {
    if summary.functions.is_empty() {
        out.push_str("no calls\n");
        return;
    }
    let all: u64 = summary.functions.iter().map(|total| total.ns).sum();
    let mut functions: Vec<_> = summary.functions.iter().collect();
    functions
        .sort_by_key(|total| (std::cmp::Reverse(total.ns), total.function.interface, total.function.name));
    _ = writeln!(
        out,
        "% time     seconds  usecs/call     calls    errors    denied       read    written function"
    );
    for total in functions {
        line(out, total, all, &shown(total));
    }
    let mut sum = FunctionTotals {
        calls: 0,
        errors: 0,
        traps: 0,
        denied: 0,
        ns: 0,
        read: 0,
        written: 0,
        ..summary.functions[0].clone()
    };
    for total in &summary.functions {
        sum.calls += total.calls;
        sum.errors += total.errors;
        sum.denied += total.denied;
        sum.ns += total.ns;
        sum.read += total.read;
        sum.written += total.written;
    }
    line(out, &sum, all, "total");
}

fn line(out: &mut String, total: &FunctionTotals, all: u64, name: &str) {
    let percent = if all > 0 { total.ns as f64 * 100.0 / all as f64 } else { 0.0 };
    let each = total.ns as f64 / 1e3 / total.calls.max(1) as f64;
    let some = |count: u64| if count > 0 { count.to_string() } else { String::new() };
    let bytes = |count: u64| if count > 0 { size(count) } else { String::new() };
    _ = writeln!(
        out,
        "{percent:6.2} {:>11.6} {each:>11.1} {:>9} {:>9} {:>9} {:>10} {:>10} {name}",
        total.ns as f64 / 1e9,
        total.calls,
        some(total.errors),
        some(total.denied),
        bytes(total.read),
        bytes(total.written),
    );
}

/// `fd_write`; of preview 2 with the interface, without the version.
fn shown(total: &FunctionTotals) -> String {
    match total.function.interface.split_once('@') {
        Some((interface, _)) => format!("{interface} {}", total.function.name),
        None => total.function.name.into(),
    }
}

fn errors(out: &mut String, summary: &Summary) {
    let mut counts: Vec<_> = summary.errors.iter().collect();
    counts.sort_by_key(|count| (std::cmp::Reverse(count.count), count.function.name, count.code.name()));
    let named: Vec<_> = counts
        .iter()
        .map(|count| format!("{} {} {}", count.count, count.function.name, count.code))
        .collect();
    if !named.is_empty() {
        _ = writeln!(out, "errors: {}", named.join(", "));
    }
    if summary.other_errors > 0 {
        _ = writeln!(out, "errors of other kinds: {}", summary.other_errors);
    }
}

fn growth(out: &mut String, what: &str, totals: &GrowthTotals, show: impl Fn(u64) -> String) {
    if totals.asked > 0 {
        _ = writeln!(
            out,
            "{what} {} at most, grown {} of {} times",
            show(totals.high_water),
            totals.granted,
            totals.asked
        );
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.6} s", ns as f64 / 1e9)
}
