//! Of every event, and of workloads: what they are, how they grow and end.

use super::*;

pub(super) static FIELDS: &[Field] = &[
    json("wasmscope.format", Type::Int, EVERY, "version of the JSON-lines format"),
    json("time", Type::String, EVERY, "RFC 3339, UTC, microseconds"),
    json("time.monotonic_ns", Type::Int, EVERY, "CLOCK_MONOTONIC; windows count in it")
        .in_unit(Unit::Nanoseconds),
    event("event.name", Type::String, EVERY, |k| some(k.kind().as_str()), "the kind of the event"),
    json("workload.id", Type::String, OF_WORKLOADS, "which workload"),
    event(
        "process.pid",
        Type::Int,
        OF_WORKLOADS,
        |k| opt(k.pid().map(|pid| pid.0)),
        "process id in the agent's PID namespace",
    ),
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
        "wasm.memory.instrumented",
        Type::Bool,
        one(Kind::Grown),
        of!(Grown { memory } => some(memory.instrumented)),
        "it holds what an instrumented module counts of itself",
    ),
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
        Kinds::of(&[Kind::Exited, Kind::HostCall, Kind::GuestRan]),
        |k| opt(exit_code(k)),
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
];
