//! `watch`: what workloads do, in a few words each.

use crate::signal_name;
use std::{fmt::Write as _, net::IpAddr};
use wasmscope_model::{
    EventKind,
    activity::{
        Actor, CallAct, DnsAct, ExecAct, Fault, FileAct, MemoryAct, NetworkAct, Outcome, SignalAct, Throttled,
    },
    boundary::Unexplained,
    text::{bytes, shown, shown_within},
};

/// Most guest functions shown, from the innermost outwards; the JSON form has all.
const SHOWN_FRAMES: usize = 6;
/// Longest function name shown, in characters.
const NAME_CHARS: usize = 60;

/// The words for an act; `None` for other events.
pub(crate) fn line(kind: &EventKind) -> Option<String> {
    let (verb, text) = match kind {
        EventKind::Forked { pid, child, .. } => ("forked", format!("pid {pid}: made process {child}")),
        EventKind::Executed(act) => ("EXEC", executed(act)),
        EventKind::Opened(act) => ("opened", file(act)),
        EventKind::Created(act) => ("created", file(act)),
        EventKind::Removed(act) => ("removed", file(act)),
        EventKind::Renamed(act) => ("renamed", file(act)),
        EventKind::Linked(act) => ("linked", file(act)),
        EventKind::Truncated(act) => ("truncated", file(act)),
        EventKind::Connected(act) => ("connected", network(act)),
        EventKind::Accepted(act) => ("accepted", network(act)),
        EventKind::Bound(act) => ("bound", network(act)),
        EventKind::Listening(act) => ("listening", network(act)),
        EventKind::Peer(act) => ("peer", network(act)),
        EventKind::Asked(act) => ("asked", asked(act)),
        EventKind::WritableExecutable(act) => ("W+X", memory(act)),
        EventKind::Sensitive(act) => ("CALL", sensitive(act)),
        EventKind::SignalSent(act) => ("signalled", signalled(act)),
        EventKind::Trapped(fault) => ("trapped", faulted(fault)),
        EventKind::Crashed(fault) => ("CRASHED", faulted(fault)),
        EventKind::Throttled(throttled) => ("THROTTLED", withheld(throttled)),
        EventKind::Unexplained(act) => ("UNEXPLAINED", unexplained(act)),
        _ => return None,
    };
    let stack = kind.actor().map(stack).unwrap_or_default();
    Some(format!("{verb:<10} {text}{stack}"))
}

/// ` in inner < outer < _start`.
fn stack(actor: &Actor) -> String {
    let mut text = String::new();
    for (n, frame) in actor.stack.iter().take(SHOWN_FRAMES).enumerate() {
        let _ = write!(
            text,
            "{}{}",
            if n == 0 { "  in " } else { " < " },
            shown_within(&frame.label(), NAME_CHARS)
        );
    }
    if actor.stack_cut || actor.stack.len() > SHOWN_FRAMES {
        text.push_str(" < …");
    }
    text
}

fn failure(outcome: &Outcome) -> String {
    outcome.error.as_deref().map(|error| format!(": {}", shown(error))).unwrap_or_default()
}

fn unexplained(act: &Unexplained) -> String {
    let call = act.call.as_deref().unwrap_or(&act.event);
    let target = act.target.as_deref().map(|target| format!(" {}", shown(target))).unwrap_or_default();
    let during = match &act.during {
        Some(name) => format!("during {}, which does not lead to it", shown_within(name, NAME_CHARS)),
        None => "outside of all host calls".into(),
    };
    format!("pid {}: {}{target}: {during}", act.actor.pid, shown_within(call, NAME_CHARS))
}

/// A path with the directory that it is relative to.
fn joined(directory: Option<&str>, path: &str) -> String {
    match directory {
        Some(directory) => format!("{}/{}", shown(directory.trim_end_matches('/')), shown(path)),
        None => shown(path).to_string(),
    }
}

fn file(act: &FileAct) -> String {
    let mut text = format!("pid {}: ", act.actor.pid);
    match (&act.path, &act.requested) {
        (Some(path), _) => text.push_str(&shown(path).to_string()),
        (None, Some(requested)) => text.push_str(&joined(act.directory.as_deref(), requested)),
        (None, None) => text.push('?'),
    }
    if let Some(target) = &act.target {
        let _ = write!(text, " -> {}", joined(act.target_directory.as_deref(), target));
    }
    if !act.flags.is_empty() {
        let _ = write!(text, " ({})", shown(&act.flags.join(", ")));
    }
    text + &failure(&act.outcome)
}

fn endpoint(address: Option<IpAddr>, port: Option<u16>) -> Option<String> {
    match (address, port) {
        (Some(IpAddr::V6(ip)), Some(port)) => Some(format!("[{ip}]:{port}")),
        (Some(IpAddr::V4(ip)), Some(port)) => Some(format!("{ip}:{port}")),
        (None, Some(port)) => Some(format!("port {port}")),
        _ => None,
    }
}

fn network(act: &NetworkAct) -> String {
    let local = endpoint(act.local_address, act.local_port);
    let peer = endpoint(act.peer_address, act.peer_port);
    let place = match (&act.path, local, peer) {
        (Some(path), ..) => shown(path).to_string(),
        (None, Some(local), Some(peer)) => format!("{local} -> {peer}"),
        (None, Some(one), None) | (None, None, Some(one)) => one,
        (None, None, None) => "?".into(),
    };
    let transport = act.transport.as_deref().unwrap_or("socket");
    // Still being made: it is the answer that says how it ends.
    let failed = if act.outcome.error.as_deref() == Some("EINPROGRESS") {
        String::new()
    } else {
        failure(&act.outcome)
    };
    format!("pid {}: {} {place}{failed}", act.actor.pid, shown(transport))
}

fn asked(act: &DnsAct) -> String {
    let question = act.name.as_deref().map_or_else(|| "?".to_owned(), |name| shown(name).to_string());
    let record_type = act.record_type.as_deref().unwrap_or("");
    format!("{} for {question} {}", network(&act.network), shown(record_type)).trim_end().to_owned()
}

fn memory(act: &MemoryAct) -> String {
    format!("pid {}: {} at {:#x} is writable and executable", act.actor.pid, bytes(act.bytes), act.address)
}

fn sensitive(act: &CallAct) -> String {
    let texts: Vec<_> = act.texts.iter().map(|text| shown(text).to_string()).collect();
    let arguments =
        if texts.is_empty() { shown(&act.arguments.join(", ")).to_string() } else { texts.join(", ") };
    let abi = if act.foreign_abi { " of another ABI" } else { "" };
    format!("pid {}: {}({arguments}){abi}{}", act.actor.pid, shown(&act.outcome.call), failure(&act.outcome))
}

fn signalled(act: &SignalAct) -> String {
    let target = act.target.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
    format!("pid {}: {target} with {}{}", act.actor.pid, signal(act.signal), failure(&act.outcome))
}

fn signal(number: i32) -> String {
    let name = u8::try_from(number).ok().and_then(signal_name);
    name.map_or_else(|| format!("signal {number}"), str::to_owned)
}

fn executed(act: &ExecAct) -> String {
    let child = act.child.map(|pid| format!("child {pid} ")).unwrap_or_default();
    let memfd = if act.memfd { " (a file without a path)" } else { "" };
    format!("pid {}: {child}runs {}{memfd}: {}", act.pid, shown(&act.name), shown(&act.args.join(" ")))
}

fn faulted(fault: &Fault) -> String {
    let trap = fault.trap.as_deref().map(|trap| format!("{} ", shown(trap))).unwrap_or_default();
    let address = fault.address.map(|address| format!(" at {address:#x}")).unwrap_or_default();
    let offset = fault.actor.stack.first().and_then(|frame| frame.offset);
    let offset = offset.map(|offset| format!(", Wasm offset {offset:#x}")).unwrap_or_default();
    format!("pid {}: {trap}({}{address}){offset}", fault.actor.pid, signal(fault.signal.into()))
}

fn withheld(throttled: &Throttled) -> String {
    let kind = if throttled.budget == "rare" { "rare calls" } else { "events" };
    match throttled.count {
        Some(count) => format!("pid {}: {count} {kind} in one second were not told", throttled.pid),
        None => format!("pid {}: too many {kind}, the rest of this second is counted only", throttled.pid),
    }
}

#[cfg(test)]
mod tests;
