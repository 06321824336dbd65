//! The list. A new field of an event is a row here, and one in `docs/events.md`.

use super::{Field, OfEvent, OfWorkload, Source, Type, Unit, Value};
use crate::{
    EventKind, Workload,
    activity::{FileAct, NetworkAct, Outcome},
    event::Exit,
    kind::{Kind, Kinds},
};

const WORKLOAD: Kinds = Kinds::of(&[Kind::Started, Kind::Identified]);
const FILES: Kinds =
    Kinds::of(&[Kind::Opened, Kind::Created, Kind::Removed, Kind::Renamed, Kind::Linked, Kind::Truncated]);
const SOCKETS: Kinds =
    Kinds::of(&[Kind::Connected, Kind::Accepted, Kind::Bound, Kind::Listening, Kind::Peer, Kind::Asked]);
const FAULTS: Kinds = Kinds::of(&[Kind::Trapped, Kind::Crashed]);
const CALLS: Kinds =
    FILES.union(SOCKETS).union(Kinds::of(&[Kind::WritableExecutable, Kind::Sensitive, Kind::SignalSent]));
const ACTORS: Kinds = CALLS.union(FAULTS);
/// Everything that speaks of a workload.
pub(super) const OF_WORKLOADS: Kinds = ACTORS.union(WORKLOAD).union(Kinds::of(&[
    Kind::Grown,
    Kind::Exited,
    Kind::Forked,
    Kind::Executed,
    Kind::Throttled,
    Kind::Detected,
]));
const EVERY: Kinds = OF_WORKLOADS.union(Kinds::of(&[Kind::Lost, Kind::Sensor]));

const fn one(kind: Kind) -> Kinds {
    Kinds::of(&[kind])
}

const fn event(name: &'static str, ty: Type, of: Kinds, get: OfEvent, about: &'static str) -> Field {
    Field { name, ty, unit: None, of, source: Source::Event(get), about }
}

const fn fact(name: &'static str, ty: Type, of: Kinds, get: OfWorkload, about: &'static str) -> Field {
    Field { name, ty, unit: None, of, source: Source::Workload(get), about }
}

const fn json(name: &'static str, ty: Type, of: Kinds, about: &'static str) -> Field {
    Field { name, ty, unit: None, of, source: Source::JsonOnly, about }
}

impl Field {
    const fn in_unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }
}

fn file(kind: &EventKind) -> Option<&FileAct> {
    match kind {
        EventKind::Opened(act)
        | EventKind::Created(act)
        | EventKind::Removed(act)
        | EventKind::Renamed(act)
        | EventKind::Linked(act)
        | EventKind::Truncated(act) => Some(act),
        _ => None,
    }
}

fn socket(kind: &EventKind) -> Option<&NetworkAct> {
    match kind {
        EventKind::Connected(act)
        | EventKind::Accepted(act)
        | EventKind::Bound(act)
        | EventKind::Listening(act)
        | EventKind::Peer(act) => Some(act),
        EventKind::Asked(act) => Some(&act.network),
        _ => None,
    }
}

fn outcome(kind: &EventKind) -> Option<&Outcome> {
    match kind {
        EventKind::WritableExecutable(act) => Some(&act.outcome),
        EventKind::Sensitive(act) => Some(&act.outcome),
        EventKind::SignalSent(act) => Some(&act.outcome),
        _ => file(kind).map(|act| &act.outcome).or_else(|| socket(kind).map(|act| &act.outcome)),
    }
}

/// Shorthand for the variants that only one kind of event has.
macro_rules! of {
    ($variant:ident, $act:ident => $value:expr) => {
        |kind| match kind {
            EventKind::$variant($act) => $value,
            _ => None,
        }
    };
    ($variant:ident { $field:ident } => $value:expr) => {
        |kind| match kind {
            EventKind::$variant { $field, .. } => $value,
            _ => None,
        }
    };
}

/// Where a value is always there.
fn some<'a>(value: impl Into<Value<'a>>) -> Option<Value<'a>> {
    Some(value.into())
}

fn opt<'a, T: Into<Value<'a>>>(value: Option<T>) -> Option<Value<'a>> {
    value.map(Into::into)
}

fn pid(kind: &EventKind) -> Option<u32> {
    Some(match kind {
        EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => workload.pid.0,
        EventKind::Grown { pid, .. } | EventKind::Exited { pid, .. } | EventKind::Forked { pid, .. } => pid.0,
        EventKind::Executed(act) => act.pid.0,
        EventKind::Throttled(throttled) => throttled.pid.0,
        EventKind::Detected(detection) => detection.pid.0,
        _ => kind.actor()?.pid.0,
    })
}

fn untrusted(kind: &EventKind) -> Option<Value<'_>> {
    match kind {
        EventKind::Executed(act) => some(&act.untrusted),
        _ => some(&kind.actor()?.untrusted),
    }
}

fn exit_kind(kind: &EventKind) -> Option<Value<'_>> {
    let EventKind::Exited { how, .. } = kind else { return None };
    some(match how {
        Exit::Code { .. } => "code",
        Exit::Signal { .. } => "signal",
        Exit::Exec => "exec",
        Exit::Unseen => "unseen",
    })
}

fn fault(kind: &EventKind) -> Option<&crate::activity::Fault> {
    match kind {
        EventKind::Trapped(fault) | EventKind::Crashed(fault) => Some(fault),
        _ => None,
    }
}

fn module(workload: &Workload) -> Option<&crate::ModuleFile> {
    workload.module()
}

/// Every field, in the order of the page.
pub static FIELDS: &[Field] = &[
    json("wasmscope.format", Type::Int, EVERY, "version of the JSON-lines format"),
    json("time", Type::String, EVERY, "RFC 3339, UTC, microseconds"),
    json("time.monotonic_ns", Type::Int, EVERY, "CLOCK_MONOTONIC; windows count in it")
        .in_unit(Unit::Nanoseconds),
    event("event.name", Type::String, EVERY, |k| some(k.kind().as_str()), "the kind of the event"),
    json("workload.id", Type::String, OF_WORKLOADS, "which workload"),
    event("process.pid", Type::Int, OF_WORKLOADS, |k| opt(pid(k)), "process id in the agent's PID namespace"),
    // What is known of the workload.
    fact(
        "process.vpid",
        Type::Int,
        WORKLOAD,
        |w| opt(w.namespace_pid.map(|p| p.0)),
        "process id in its own PID namespace, where that is another",
    ),
    fact("process.parent_pid", Type::Int, WORKLOAD, |w| some(w.parent_pid.0), "the parent"),
    fact("process.user.id", Type::Int, WORKLOAD, |w| some(w.uid), "effective user"),
    fact("process.creation.time", Type::Double, WORKLOAD, |w| some(w.started_unix), "start of the process")
        .in_unit(Unit::UnixSeconds),
    fact(
        "process.executable.path",
        Type::String,
        WORKLOAD,
        |w| opt(w.executable.as_ref()),
        "executable, as the process sees it",
    ),
    json("verdict", Type::String, WORKLOAD, "always `workload` in events"),
    fact(
        "wasm.runtime.name",
        Type::String,
        WORKLOAD.union(one(Kind::Detected)),
        |w| opt(w.recognition.runtime.as_ref()),
        "the runtime",
    ),
    fact(
        "wasm.runtime.version",
        Type::String,
        WORKLOAD.union(one(Kind::Detected)),
        |w| opt(w.recognition.version.as_ref()),
        "its version",
    ),
    fact(
        "wasm.recognition.confidence",
        Type::Int,
        WORKLOAD,
        |w| some(w.recognition.confidence.get()),
        "how sure it is that it runs Wasm",
    )
    .in_unit(Unit::Percent),
    json("wasm.recognition.evidence", Type::Objects, WORKLOAD, "why"),
    json("wasm.modules", Type::Objects, WORKLOAD, "module files"),
    json("wasm.images", Type::Objects, WORKLOAD, "code images in memory"),
    json("wasm.memories", Type::Objects, WORKLOAD, "linear memories"),
    fact("container.id", Type::String, WORKLOAD, |w| opt(w.container.id.as_ref()), "from the cgroup path"),
    fact(
        "k8s.pod.uid",
        Type::String,
        WORKLOAD,
        |w| opt(w.container.pod_uid.as_ref()),
        "from the cgroup path",
    ),
    fact(
        "systemd.unit",
        Type::String,
        WORKLOAD,
        |w| opt(w.container.systemd_unit.as_ref()),
        "innermost unit",
    ),
    json("wasm.unknown", Type::Strings, WORKLOAD, "what could not be learned, and why"),
    fact(
        "wasm.module.path",
        Type::String,
        one(Kind::Detected),
        |w| opt(module(w)?.path.as_ref()),
        "path of the module that is tied best",
    ),
    json("wasm.module.sha256", Type::String, one(Kind::Detected), "its hash"),
    fact(
        "wasm.module.name",
        Type::String,
        Kinds::of(&[]).union(WORKLOAD),
        |w| opt(module(w)?.name.as_ref()),
        "its name, from its name section; in JSON within `wasm.modules`",
    ),
    fact(
        "wasm.module.capabilities",
        Type::Strings,
        WORKLOAD,
        |w| opt(module(w)?.capabilities.as_ref()),
        "what it can ask of its host; in JSON within `wasm.modules`",
    ),
    fact(
        "wasm.module.findings",
        Type::Strings,
        WORKLOAD,
        |w| some(&module(w)?.findings),
        "ids of what `scan` holds against it; in JSON within `wasm.modules`",
    ),
    event(
        "workload.found_running",
        Type::Bool,
        one(Kind::Started),
        of!(Started { found_running } => some(*found_running)),
        "it ran before the agent did",
    ),
    event(
        "workload.recognition.delay_ms",
        Type::Double,
        one(Kind::Started),
        of!(Started { delay_ms } => opt(*delay_ms)),
        "from the first trace of Wasm to the event",
    )
    .in_unit(Unit::Milliseconds),
    event(
        "workload.changed",
        Type::Strings,
        one(Kind::Identified),
        of!(Identified { changed } => some(changed)),
        "what is new",
    ),
    // Growth, end.
    event(
        "wasm.memory.base",
        Type::Int,
        one(Kind::Grown),
        of!(Grown { memory } => some(memory.base)),
        "native address of guest address 0",
    )
    .in_unit(Unit::NativeAddress),
    event(
        "wasm.memory.size",
        Type::Int,
        one(Kind::Grown),
        of!(Grown { memory } => some(memory.size_bytes)),
        "what the guest can use now",
    )
    .in_unit(Unit::Bytes),
    event(
        "wasm.memory.limit",
        Type::Int,
        one(Kind::Grown),
        of!(Grown { memory } => opt(memory.limit_bytes)),
        "what it can grow to",
    )
    .in_unit(Unit::Bytes),
    json("wasm.memory.limit.source", Type::String, one(Kind::Grown), "`module` or `reservation`"),
    event(
        "wasm.memory.size.previous",
        Type::Int,
        one(Kind::Grown),
        of!(Grown { previous_bytes } => some(*previous_bytes)),
        "before",
    )
    .in_unit(Unit::Bytes),
    event(
        "workload.exit.kind",
        Type::String,
        one(Kind::Exited),
        exit_kind,
        "`code`, `signal`, `exec` or `unseen`",
    ),
    event(
        "process.exit.code",
        Type::Int,
        one(Kind::Exited),
        |k| match k {
            EventKind::Exited { how: Exit::Code { code }, .. } => some(*code),
            _ => None,
        },
        "exit status",
    ),
    event(
        "process.exit.signal",
        Type::Int,
        one(Kind::Exited),
        |k| match k {
            EventKind::Exited { how: Exit::Signal { signal, .. }, .. } => some(*signal),
            _ => None,
        },
        "the signal that killed it",
    ),
    event(
        "process.exit.core_dumped",
        Type::Bool,
        one(Kind::Exited),
        |k| match k {
            EventKind::Exited { how: Exit::Signal { core_dumped, .. }, .. } => some(*core_dumped),
            _ => None,
        },
        "the kernel was to write a core file",
    ),
    event(
        "workload.duration",
        Type::Double,
        one(Kind::Exited),
        of!(Exited { seconds } => some(*seconds)),
        "from process start to end",
    )
    .in_unit(Unit::Seconds),
    // Every act.
    event("thread.id", Type::Int, ACTORS, |k| some(k.actor()?.tid), "in the agent's PID namespace"),
    event(
        "wasm.stack",
        Type::Strings,
        ACTORS.union(one(Kind::Detected)),
        |k| match k {
            EventKind::Detected(d) => some(&d.stack),
            _ => some(&k.actor()?.stack),
        },
        "guest functions that led to it, innermost first; in conditions their names",
    ),
    event(
        "wasm.stack.cut",
        Type::Bool,
        ACTORS,
        |k| some(k.actor()?.stack_cut),
        "there are more functions further out",
    ),
    event(
        "wasm.stack.missing",
        Type::String,
        ACTORS,
        |k| opt(k.actor()?.stack_missing.as_ref()),
        "why no function is named",
    ),
    event(
        "untrusted",
        Type::Strings,
        ACTORS.union(one(Kind::Executed)),
        untrusted,
        "names of the fields that were read from memory of the process",
    ),
    event("syscall.name", Type::String, CALLS, |k| some(&outcome(k)?.call), "the system call"),
    event(
        "syscall.result",
        Type::Int,
        CALLS,
        |k| opt(outcome(k)?.result),
        "what it returned; absent with an error",
    ),
    event(
        "error.type",
        Type::String,
        CALLS,
        |k| opt(outcome(k)?.error.as_ref()),
        "name of the error; absent without one",
    ),
    // Files.
    event(
        "file.path",
        Type::String,
        FILES,
        |k| opt(file(k)?.path.as_ref()),
        "the file that was opened, links resolved",
    ),
    event(
        "file.path.requested",
        Type::String,
        FILES,
        |k| opt(file(k)?.requested.as_ref()),
        "the path that was asked for",
    ),
    event(
        "file.directory",
        Type::String,
        FILES,
        |k| opt(file(k)?.directory.as_ref()),
        "what that is relative to; absent where it is absolute, and with `file.path`",
    ),
    event(
        "file.target_path",
        Type::String,
        FILES,
        |k| opt(file(k)?.target.as_ref()),
        "the other path of a rename or link",
    ),
    event(
        "file.target_directory",
        Type::String,
        FILES,
        |k| opt(file(k)?.target_directory.as_ref()),
        "what that is relative to",
    ),
    event(
        "file.open.flags",
        Type::Strings,
        FILES,
        |k| some(&file(k)?.flags),
        "what it was opened for: `read`, `write`, `create`, …",
    ),
    event(
        "file.beneath",
        Type::Bool,
        FILES,
        |k| opt(file(k)?.beneath),
        "the opened file is the directory that the path was relative to, or below it",
    ),
    event(
        "file.open.confined",
        Type::Bool,
        FILES,
        |k| opt(file(k)?.confined),
        "the kernel was told to refuse what is not beneath",
    ),
    event(
        "file.system",
        Type::String,
        FILES,
        |k| opt(file(k)?.system.as_ref()),
        "where the file lies, if that is no storage: `proc`, `sysfs`, …",
    ),
    // Sockets.
    event(
        "network.transport",
        Type::String,
        SOCKETS,
        |k| opt(socket(k)?.transport.as_ref()),
        "`tcp`, `udp`, `unix`, or the number of another IP protocol",
    ),
    event(
        "network.local.address",
        Type::Address,
        SOCKETS,
        |k| opt(socket(k)?.local_address),
        "the socket's own address",
    ),
    event("network.local.port", Type::Int, SOCKETS, |k| opt(socket(k)?.local_port), "and port"),
    event(
        "network.peer.address",
        Type::Address,
        SOCKETS,
        |k| opt(socket(k)?.peer_address),
        "the other side's address",
    ),
    event("network.peer.port", Type::Int, SOCKETS, |k| opt(socket(k)?.peer_port), "and port"),
    event(
        "network.socket.path",
        Type::String,
        SOCKETS,
        |k| opt(socket(k)?.path.as_ref()),
        "path of a local socket",
    ),
    event(
        "dns.question.name",
        Type::String,
        one(Kind::Asked),
        of!(Asked, act => opt(act.name.as_ref())),
        "the name that was asked for",
    ),
    event(
        "dns.question.type",
        Type::String,
        one(Kind::Asked),
        of!(Asked, act => opt(act.record_type.as_ref())),
        "`A`, `AAAA`, `TXT`, …",
    ),
    // Memory, calls, signals.
    event(
        "memory.address",
        Type::Int,
        one(Kind::WritableExecutable),
        of!(WritableExecutable, act => some(act.address)),
        "first address",
    )
    .in_unit(Unit::NativeAddress),
    event(
        "memory.size",
        Type::Int,
        one(Kind::WritableExecutable),
        of!(WritableExecutable, act => some(act.bytes)),
        "how much",
    )
    .in_unit(Unit::Bytes),
    event(
        "syscall.arguments",
        Type::Strings,
        one(Kind::Sensitive),
        of!(Sensitive, act => some(&act.arguments)),
        "six registers, hexadecimal",
    ),
    event(
        "syscall.texts",
        Type::Strings,
        one(Kind::Sensitive),
        of!(Sensitive, act => some(&act.texts)),
        "paths and names that arguments point to",
    ),
    event(
        "syscall.foreign_abi",
        Type::Bool,
        one(Kind::Sensitive),
        of!(Sensitive, act => some(act.foreign_abi)),
        "made as a 32-bit or x32 call",
    ),
    event(
        "signal.number",
        Type::Int,
        FAULTS.union(one(Kind::SignalSent)),
        |k| match k {
            EventKind::SignalSent(act) => some(act.signal),
            _ => some(fault(k)?.signal),
        },
        "sent, or received",
    ),
    event(
        "signal.target",
        Type::Int,
        one(Kind::SignalSent),
        of!(SignalSent, act => opt(act.target)),
        "process id as the sender knows it; negative for a group",
    ),
    // Processes.
    event(
        "process.child.pid",
        Type::Int,
        Kinds::of(&[Kind::Forked, Kind::Executed]),
        |k| match k {
            EventKind::Forked { child, .. } => some(child.0),
            EventKind::Executed(act) => opt(act.child.map(|p| p.0)),
            _ => None,
        },
        "the new process, or the child that executes",
    ),
    event(
        "process.executable.name",
        Type::String,
        one(Kind::Executed),
        of!(Executed, act => some(&act.name)),
        "last component of the executable's path",
    ),
    event(
        "process.executable.memfd",
        Type::Bool,
        one(Kind::Executed),
        of!(Executed, act => some(act.memfd)),
        "it is in no directory",
    ),
    event(
        "process.command_args",
        Type::Strings,
        one(Kind::Executed),
        of!(Executed, act => some(&act.args)),
        "its arguments",
    ),
    // Traps and crashes.
    event(
        "signal.code",
        Type::Int,
        FAULTS,
        |k| some(fault(k)?.code),
        "`si_code`: above 0 the kernel raised the signal",
    ),
    event(
        "wasm.trap.code",
        Type::String,
        FAULTS,
        |k| opt(fault(k)?.trap.as_ref()),
        "what the runtime calls the trap",
    ),
    event("fault.address", Type::Int, FAULTS, |k| opt(fault(k)?.address), "the address that was wanted")
        .in_unit(Unit::NativeAddress),
    event(
        "fault.instruction",
        Type::Int,
        FAULTS,
        |k| some(fault(k)?.instruction),
        "address of the instruction",
    )
    .in_unit(Unit::NativeAddress),
    event(
        "signal.handled",
        Type::Bool,
        FAULTS,
        |k| some(fault(k)?.handled),
        "the process has a handler for the signal",
    ),
    // Throttling.
    event(
        "throttled.count",
        Type::Int,
        one(Kind::Throttled),
        of!(Throttled, throttled => opt(throttled.count)),
        "events withheld in that second",
    ),
    event(
        "throttled.since_ns",
        Type::Int,
        one(Kind::Throttled),
        of!(Throttled, throttled => some(throttled.since_ns)),
        "start of the second",
    )
    .in_unit(Unit::Nanoseconds),
    event(
        "throttled.budget",
        Type::String,
        one(Kind::Throttled),
        of!(Throttled, throttled => some(&throttled.budget)),
        "`common` or `rare`",
    ),
    // Detections.
    json("security_rule.name", Type::String, one(Kind::Detected), "id of the rule"),
    json("security_rule.description", Type::String, one(Kind::Detected), "what it states"),
    json(
        "detection.severity",
        Type::String,
        one(Kind::Detected),
        "how bad it is: `info`, `low`, `medium`, `high`, `critical`",
    ),
    json("detection.confidence", Type::Int, one(Kind::Detected), "how sure").in_unit(Unit::Percent),
    json(
        "detection.confidence.reasons",
        Type::Strings,
        one(Kind::Detected),
        "why it is surer or less sure than the rule alone",
    ),
    json("detection.maturity", Type::String, one(Kind::Detected), "how far the rule has proven itself"),
    json("detection.attack", Type::Strings, one(Kind::Detected), "ATT&CK techniques"),
    json("detection.cwe", Type::Strings, one(Kind::Detected), "weaknesses"),
    json("detection.threats", Type::Strings, one(Kind::Detected), "classes of the threat catalogue"),
    json("detection.advice", Type::String, one(Kind::Detected), "what to do"),
    json("detection.count", Type::Int, one(Kind::Detected), "events that it is made of"),
    json("detection.since_ns", Type::Int, one(Kind::Detected), "when the first of them was")
        .in_unit(Unit::Nanoseconds),
    json(
        "detection.suppressed",
        Type::Int,
        one(Kind::Detected),
        "detections of the same that were withheld since",
    ),
    json("detection.lossy", Type::Bool, one(Kind::Detected), "events were lost meanwhile"),
    json("detection.evidence", Type::Objects, one(Kind::Detected), "the events: the first ones and the last"),
    // The agent itself.
    event(
        "loss.family",
        Type::String,
        one(Kind::Lost),
        of!(Lost, loss => some(&loss.family)),
        "family of records",
    ),
    event("loss.stage", Type::String, one(Kind::Lost), of!(Lost, loss => some(&loss.stage)), "where and why"),
    event("loss.count", Type::Int, one(Kind::Lost), of!(Lost, loss => some(loss.count)), "how many"),
    event("name", Type::String, one(Kind::Sensor), of!(Sensor, report => some(&report.name)), "the probe"),
    json("state", Type::String, one(Kind::Sensor), "`active`, `degraded` or `refused`"),
    event(
        "reason",
        Type::String,
        one(Kind::Sensor),
        of!(Sensor, report => some(&report.reason)),
        "why it is not active",
    ),
    json("visibility", Type::String, one(Kind::Sensor), "what it sees, or what stays unseen"),
    json("remedy", Type::String, one(Kind::Sensor), "what to do"),
    event(
        "required",
        Type::Bool,
        one(Kind::Sensor),
        of!(Sensor, report => some(report.required)),
        "nothing works without it",
    ),
];
