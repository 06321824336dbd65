//! `watch`: what hooks in a process tell, in a few words each.

use serde_json::Value;
use std::fmt::Write as _;
use wasmscope_model::{
    EventKind,
    boundary::{GuestRun, HostCall, Instance, InstanceGrowth, InstanceTotals},
    text::{bytes, shown_within},
};

/// Longest arguments and results shown, in characters; the JSON form has all.
const VALUE_CHARS: usize = 160;
/// Longest name shown, in characters.
const NAME_CHARS: usize = 60;
/// Most functions of a backtrace shown.
const SHOWN_FRAMES: usize = 6;

/// The words for what hooks tell; `None` for other events.
pub(crate) fn line(kind: &EventKind) -> Option<String> {
    let (verb, text) = match kind {
        EventKind::InstanceStarted(_) => ("instance", "began".to_owned()),
        EventKind::InstanceEnded(of) => ("instance", ended(&of.what.what)),
        EventKind::HostCall(of) => {
            let call = &of.what.what;
            (if call.denied_by.is_some() { "DENIED" } else { "called" }, called(call))
        }
        EventKind::GuestRan(of) => ("ran", ran(&of.what.what)),
        EventKind::InstanceGrown(of) => ("asked", grown(&of.what.what)),
        _ => return None,
    };
    let (pid, instance) = (kind.pid()?, kind.instance()?);
    Some(format!("{verb:<10} pid {pid}: {}: {text}", name(instance)))
}

fn name(instance: &Instance) -> String {
    format!("{}#{}", shown_within(&instance.name, NAME_CHARS), instance.id)
}

fn ended(totals: &InstanceTotals) -> String {
    let calls: u64 = totals.functions.values().fold(0, |sum, f| sum.saturating_add(f.calls));
    let denied: u64 = totals.functions.values().fold(0, |sum, f| sum.saturating_add(f.denied));
    let denied = if denied > 0 { format!(", {denied} of them refused") } else { String::new() };
    format!("ended after {calls} host calls{denied}, {} of memory", bytes(totals.memory.high_water))
}

fn called(call: &HostCall) -> String {
    let mut text = format!("{}(", shown_within(&call.name, NAME_CHARS));
    let mut arguments = String::new();
    for (n, (name, value)) in call.arguments.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(arguments, "{comma}{name}: {}", plain(value));
    }
    let _ = write!(text, "{})", shown_within(&arguments, VALUE_CHARS));
    if let Some(result) = call.result.as_ref().filter(|result| !result.is_null()) {
        let _ = write!(text, " = {}", shown_within(&plain(result), VALUE_CHARS));
    }
    match (&call.error, call.exit_code) {
        (Some(error), _) => _ = write!(text, ": {}", shown_within(error, NAME_CHARS)),
        (None, Some(code)) => _ = write!(text, ": exit status {code}"),
        (None, None) if call.outcome == "trap" => text.push_str(": trap"),
        (None, None) => {}
    }
    if let Some(rule) = &call.denied_by {
        let _ = write!(text, " by {}", shown_within(rule, NAME_CHARS));
    }
    text
}

/// Text without quotes; of what was cut, its head.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => match fields.get("text").and_then(Value::as_str) {
            Some(text) => format!("{text}…"),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

fn ran(run: &GuestRun) -> String {
    let mut text = format!("{} {}", shown_within(&run.name, NAME_CHARS), shown_within(&run.end, NAME_CHARS));
    if let Some(code) = run.exit_code {
        let _ = write!(text, " with status {code}");
    }
    for why in [run.trap.as_deref(), run.message.as_deref()].into_iter().flatten() {
        let _ = write!(text, ": {}", shown_within(why, VALUE_CHARS));
    }
    let ms = |ns: u64| ns as f64 / 1e6;
    let _ = write!(text, ", {:.1} ms, {:.1} ms of CPU", ms(run.wall_ns), ms(run.cpu_ns));
    for (n, frame) in run.frames.iter().take(SHOWN_FRAMES).enumerate() {
        let between = if n == 0 { "  in " } else { " < " };
        match &frame.function {
            Some(function) => _ = write!(text, "{between}{}", shown_within(function, NAME_CHARS)),
            None => _ = write!(text, "{between}function[{}]", frame.function_index),
        }
    }
    if run.cut || run.frames.len() > SHOWN_FRAMES {
        text.push_str(" < …");
    }
    text
}

fn grown(growth: &InstanceGrowth) -> String {
    let size = |n: u64| if growth.what == "memory" { bytes(n) } else { format!("{n} elements") };
    format!(
        "for {} {} -> {}: {}",
        shown_within(&growth.what, NAME_CHARS),
        size(growth.from),
        size(growth.asked),
        shown_within(&growth.answer, NAME_CHARS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wasmscope_model::{BootId, Pid, ProcessKey, WorkloadId, boundary::*};

    fn of(line: serde_json::Value) -> String {
        let line: HookLine = serde_json::from_value(line).unwrap();
        let id = WorkloadId::new(&BootId("b".into()), &ProcessKey::from_kernel(7, 0, 0));
        let pid = Pid(7);
        super::line(&match line.what {
            HookEvent::Call(what) => EventKind::HostCall(Boundary { id, pid, what }),
            HookEvent::Run(what) => EventKind::GuestRan(Boundary { id, pid, what }),
            other => panic!("{other:?}"),
        })
        .unwrap()
    }

    #[test]
    fn a_call_reads_as_it_was_made_and_hostile_texts_are_escaped() {
        let call = of(json!({
            "time.monotonic_ns": 1, "event.name": "boundary.call",
            "wasm.instance.id": 3, "wasm.instance.name": "a\u{1b}[2J", "thread.id": 9,
            "wasi.call.interface": "wasi_snapshot_preview1", "wasi.call.name": "path_open", "wasi.call.class": "files",
            "wasi.call.arguments": {"fd": 3, "path": "etc/\npasswd"}, "wasi.call.outcome": "error",
            "error.type": "access", "wasi.call.duration_ns": 5, "policy.rule": "read-files",
        }));
        assert_eq!(
            call,
            r"DENIED     pid 7: a\u{1b}[2J#3: path_open(fd: 3, path: etc/\npasswd): access by read-files"
        );
    }

    #[test]
    fn a_trap_says_where() {
        let ran = of(json!({
            "time.monotonic_ns": 1, "event.name": "boundary.run",
            "wasm.instance.id": 1, "wasm.instance.name": "app",
            "wasm.run.name": "_start", "wasm.run.end": "trapped", "wasm.trap.code": "UnreachableCodeReached",
            "wasm.stack.frames": [{"wasm.function.index": 2, "wasm.function.name": "inner"}, {"wasm.function.index": 1}],
            "wasm.run.wall_ns": 1_500_000, "wasm.run.cpu_ns": 1_000_000, "wasm.run.host_ns": 0,
            "wasm.run.guest_cpu_ns": 0,
        }));
        assert_eq!(
            ran,
            "ran        pid 7: app#1: _start trapped: UnreachableCodeReached, 1.5 ms, 1.0 ms of CPU  in inner < function[1]"
        );
    }
}
