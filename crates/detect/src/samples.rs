//! Samples of rules: streams of events that must, or must not, lead to a detection.
//!
//! A sample is lines of events in their JSON form, less what does not matter: what every event has is filled in
//! (`docs/rules.md`). An empty line ends a sample; of a rule without a window every line is one.

use crate::{Engine, Files, Limits, Problem, Rule, RuleSet};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use wasmscope_model::{Event, EventKind, event::FORMAT};

/// Distance of events in a sample that says nothing else: 1 ms.
const STEP_NS: u64 = 1_000_000;
/// Time of the first: far from zero, so that windows have room before it.
const BEGIN_NS: u64 = 1_000_000_000_000;
/// Events of one sample, repetitions included.
const MOST_EVENTS: usize = 100_000;

/// The line at which a sample begins, and its events.
pub type Sample = (u64, Vec<Event>);

/// How a rule's samples went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tested {
    /// Samples that must match.
    pub matching: usize,
    /// Samples that must not.
    pub other: usize,
    /// Samples that did what they must not, and files that cannot be read.
    pub problems: Vec<Problem>,
}

/// Runs the samples that lie beside `rule`, one of `rules`, in `files`.
pub fn test(rule: &Rule, rules: &Arc<RuleSet>, files: &Files) -> Tested {
    let mut tested = Tested::default();
    for (name, must_match) in [("match.jsonl", true), ("no-match.jsonl", false)] {
        let path = format!("{}/{}/{name}", rule.maturity, rule.id);
        let file = files.name(&path);
        let samples =
            match files.texts.get(&path).map(|text| read(text, rule.window.is_some() || has_streams(text))) {
                Some(Ok(samples)) if !samples.is_empty() => samples,
                Some(Ok(_)) | None => {
                    tested.problems.push(Problem::of_file(&file, "a rule needs samples of both kinds"));
                    continue;
                }
                Some(Err((line, message))) => {
                    tested.problems.push(Problem { file, line, column: 1, message });
                    continue;
                }
            };
        *(if must_match { &mut tested.matching } else { &mut tested.other }) += samples.len();
        for (line, events) in samples {
            if detects(rule, &events, rules) != must_match {
                let message = if must_match { "no detection" } else { "a detection" };
                tested.problems.push(Problem {
                    file: file.clone(),
                    line,
                    column: 1,
                    message: message.into(),
                });
            }
        }
    }
    tested
}

/// Are samples told apart by empty lines?
fn has_streams(text: &str) -> bool {
    text.trim().lines().any(|line| line.trim().is_empty())
}

fn detects(rule: &Rule, events: &[Event], rules: &Arc<RuleSet>) -> bool {
    let mut engine = Engine::new(Arc::clone(rules), Limits::default());
    let mut following = Vec::new();
    events.iter().for_each(|event| engine.follow(event, &mut following));
    let is_told = |event: &Event| matches!(&event.kind, EventKind::Detected(told) if told.rule == rule.id);
    following.iter().any(is_told)
}

/// The samples of a file and the lines at which they begin; of a wrong one the line and what is wrong.
///
/// # Errors
/// A line is no event.
pub fn read(text: &str, streams: bool) -> Result<Vec<Sample>, (u64, String)> {
    let mut samples: Vec<Sample> = Vec::new();
    let (mut open, mut now) = (false, BEGIN_NS);
    for (number, line) in text.lines().enumerate() {
        let number = number as u64 + 1;
        if line.trim().is_empty() {
            open = false;
            continue;
        }
        if !open || !streams {
            samples.push((number, Vec::new()));
            (open, now) = (true, BEGIN_NS);
        }
        let (_, events) = samples.last_mut().expect("one was begun");
        add(line, events, &mut now).map_err(|message| (number, message))?;
    }
    Ok(samples)
}

fn add(line: &str, events: &mut Vec<Event>, now: &mut u64) -> Result<(), String> {
    let mut given: Map<String, Value> =
        serde_json::from_str(line).map_err(|e| format!("no JSON object: {e}"))?;
    let mut control = |name: &str| given.remove(name);
    let number = |value: Option<Value>, usual: u64| value.map_or(Some(usual), |value| value.as_u64());
    let repeat = number(control("sample.repeat"), 1).ok_or("sample.repeat is a number")?;
    let step = control("sample.every_ms").map_or(Some(STEP_NS as f64 / 1e6), |value| value.as_f64());
    let step = step.ok_or("sample.every_ms is a number")?;
    let after = control("sample.after_ms").map_or(Some(0.0), |value| value.as_f64());
    *now += (after.ok_or("sample.after_ms is a number")? * 1e6) as u64;
    if repeat as usize + events.len() > MOST_EVENTS {
        return Err("a sample has at most 100,000 events".into());
    }
    for n in 0..repeat {
        let mut fields: Map<String, Value> = usual_fields(*now);
        for (name, value) in &given {
            let value = if name == "wasm.stack" { frames(value) } else { numbered(value, n) };
            fields.insert(name.clone(), value);
        }
        let event = serde_json::from_value(Value::Object(fields)).map_err(|e| format!("no event: {e}"))?;
        events.push(event);
        *now += (step * 1e6) as u64;
    }
    Ok(())
}

/// `{n}` in texts is the number of the repetition; a text that is `{n}` and a number alone is their sum.
fn numbered(value: &Value, n: u64) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("{n}+").and_then(|base| base.parse::<u64>().ok()) {
            Some(base) => json!(base + n),
            None => Value::String(text.replace("{n}", &n.to_string())),
        },
        Value::Array(values) => values.iter().map(|value| numbered(value, n)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), numbered(value, n))).collect()
        }
        other => other.clone(),
    }
}

/// A stack may be written as names.
fn frames(names: &Value) -> Value {
    let frame = |name: &Value| match name {
        Value::String(_) => {
            json!({ "wasm.module.index": 0, "wasm.function.index": 0, "wasm.function.name": name })
        }
        other => other.clone(),
    };
    names.as_array().map_or_else(|| names.clone(), |names| names.iter().map(frame).collect())
}

/// What every event, and every act, needs to be one.
fn usual_fields(now: u64) -> Map<String, Value> {
    let fields = json!({
        "wasmscope.format": FORMAT,
        "time": "2026-01-01T00:00:00.000000Z",
        "time.monotonic_ns": now,
        "workload.id": "00000000000000aa",
        "process.pid": 4242,
        "thread.id": 4242,
        "syscall.name": "sample",
        "process.parent_pid": 1,
        "process.user.id": 1000,
        "process.creation.time": 0.0,
        "verdict": "workload",
        "wasm.recognition.confidence": 99,
        "wasm.recognition.evidence": [],
        "wasm.modules": [],
        "wasm.images": [],
        "wasm.memories": [],
        "workload.found_running": false,
        "workload.changed": [],
        "workload.duration": 1.0,
        "wasm.memory.base": 0,
        "process.command_args": [],
        "untrusted": [],
        "memory.address": 4096,
        "memory.size": 4096,
        "syscall.arguments": [],
        "signal.number": 11,
        "signal.code": 1,
        "fault.instruction": 4096,
        "signal.handled": true,
        "throttled.since_ns": now,
        "throttled.budget": "common",
    });
    let of_hooks = usual_fields_of_hooks();
    [fields, of_hooks].into_iter().filter_map(|fields| fields.as_object().cloned()).flatten().collect()
}

/// What events of hooks need.
fn usual_fields_of_hooks() -> Value {
    let growth = json!({ "asked": 1, "granted": 1, "refused": 0, "high_water": 65536 });
    let runs = json!({
        "runs": 1, "trapped": 0, "exited": 0, "failed": 0, "wall_ns": 0, "cpu_ns": 0, "host_ns": 0,
        "guest_cpu_ns": 0, "fuel": 0,
    });
    json!({
        "wasm.instance.id": 1,
        "wasm.instance.name": "guest.wasm",
        "wasi.call.interface": "wasi_snapshot_preview1",
        "wasi.call.name": "sample",
        "wasi.call.class": "files",
        "wasi.call.outcome": "ok",
        "wasi.call.duration_ns": 1000,
        "wasm.run.name": "_start",
        "wasm.run.end": "returned",
        "wasm.run.wall_ns": 0,
        "wasm.run.cpu_ns": 0,
        "wasm.run.host_ns": 0,
        "wasm.run.guest_cpu_ns": 0,
        "wasm.grown.what": "memory",
        "wasm.grown.from": 0,
        "wasm.grown.asked": 65536,
        "wasm.grown.answer": "granted",
        "memory": growth,
        "table": growth,
        "run": runs,
    })
}
