//! `watch`: one line per event.

use crate::{act, boundary, detection, module, runtime, signal_name, table::place};
use wasmscope_model::{
    Event, EventKind, ProbeState, Response, Workload,
    event::Exit,
    text::{bytes, shown, shown_within},
};

/// Longest reason of a probe shown, in characters.
const REASON_CHARS: usize = 2000;

/// One line, without its newline. The time is the UTC time of day, to milliseconds.
pub fn line(event: &Event) -> String {
    let clock = event.time.get(11..23).unwrap_or("");
    let text = match &event.kind {
        EventKind::Started { workload, found_running, delay_ms } => {
            let what = if *found_running { "running" } else { "started" };
            let delay = delay_ms.map(|ms| format!(", known after {ms:.0} ms")).unwrap_or_default();
            format!("{what:<10} {}{delay}", summary(workload))
        }
        EventKind::Identified { workload, changed } => {
            format!("{:<10} {} [new: {}]", "identified", summary(workload), changed.join(", "))
        }
        EventKind::Grown { pid, memory, previous_bytes, .. } => {
            let limit = memory.limit_bytes.map(|l| format!(" of {}", bytes(l))).unwrap_or_default();
            let (before, now) = (bytes(*previous_bytes), bytes(memory.size_bytes));
            format!("{:<10} pid {pid}: memory {before} -> {now}{limit}", "grown")
        }
        EventKind::Exited { pid, how, seconds, .. } => {
            format!("{:<10} pid {pid}: {} after {seconds:.2} s", "exited", exit(how))
        }
        EventKind::Lost(loss) => {
            format!("{:<10} {} {} records: {}", "LOST", loss.count, shown(&loss.family), shown(&loss.stage))
        }
        EventKind::Sensor(report) => {
            let state = match report.state {
                ProbeState::Active => "active",
                ProbeState::Degraded => "degraded",
                ProbeState::Refused => "refused",
            };
            let reason = if report.reason.is_empty() {
                String::new()
            } else {
                format!(": {}", shown_within(&report.reason, REASON_CHARS))
            };
            format!("{:<10} {} {state}{reason}", "probe", shown(&report.name))
        }
        EventKind::Detected(detection) => detection::line(detection),
        EventKind::Responded(response) => responded(response),
        other => act::line(other).or_else(|| boundary::line(other)).unwrap_or_default(),
    };
    format!("{clock} {text}")
}

fn responded(response: &Response) -> String {
    let to = response.rule.as_deref().map(|rule| format!(" to {}", shown(rule))).unwrap_or_default();
    let reason = response.reason.as_deref().map(|why| format!(": {}", shown_within(why, REASON_CHARS)));
    let after = match response.act.as_ref() {
        "happened" => "; the act had happened",
        _ => "; the act had been refused",
    };
    format!(
        "{:<10} pid {}: {} ({}){to}: {}{}{after}",
        "RESPONSE",
        response.pid,
        shown(&response.action),
        shown(&response.name),
        shown(&response.outcome),
        reason.unwrap_or_default(),
    )
}

fn summary(w: &Workload) -> String {
    let mut parts = vec![format!("pid {}: {}", w.pid, runtime(w)), module(w)];
    if let Some(hash) = w.module().and_then(|m| m.sha256) {
        parts.push(format!("sha256:{:.12}", hash.to_string()));
    }
    if !w.images.is_empty() {
        parts.push(format!("{} functions", w.functions()));
    }
    if !w.memories.is_empty() {
        let limit = w.memories.iter().try_fold(0u64, |sum, m| Some(sum.saturating_add(m.limit_bytes?)));
        let limit = limit.map(|l| format!(" of {}", bytes(l))).unwrap_or_default();
        parts.push(format!("memory {}{limit}", bytes(w.memory_bytes())));
    }
    let place = place(w);
    if place != "-" {
        parts.push(place);
    }
    parts.push(format!("sure {}", w.recognition.confidence));
    parts.join(", ")
}

fn exit(how: &Exit) -> String {
    match how {
        Exit::Code { code } => format!("exit status {code}"),
        Exit::Signal { signal, core_dumped } => {
            let core = if *core_dumped { ", core dumped" } else { "" };
            match signal_name(*signal) {
                Some(name) => format!("killed by {name}{core}"),
                None => format!("killed by signal {signal}{core}"),
            }
        }
        Exit::Exec => "replaced itself by another program (execve)".into(),
        Exit::Unseen => "gone, its end was not seen".into(),
    }
}
