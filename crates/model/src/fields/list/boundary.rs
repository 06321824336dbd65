//! Of what hooks in the process itself tell.

use super::*;

pub(super) static FIELDS: &[Field] = &[
    event(
        "wasm.instance.id",
        Type::Int,
        HOOKED,
        |k| some(k.instance()?.id),
        "number of the instance, unique in its process",
    ),
    event(
        "wasm.instance.name",
        Type::String,
        HOOKED,
        |k| some(&k.instance()?.name),
        "the name that the host gave the instance",
    ),
    json(
        "wasi.call.classes.told",
        Type::Strings,
        one(Kind::InstanceStarted),
        "classes of which the hooks tell every call",
    ),
    event(
        "wasi.call.interface",
        Type::String,
        one(Kind::HostCall),
        |k| some(&call(k)?.interface),
        "whose function: `wasi_snapshot_preview1`, `wasi:filesystem/types`, the host's own",
    ),
    event(
        "wasi.call.name",
        Type::String,
        Kinds::of(&[Kind::HostCall, Kind::Unexplained]),
        |k| match k {
            EventKind::Unexplained(act) => opt(act.during.as_ref()),
            _ => some(&call(k)?.name),
        },
        "the function that the guest called; of an act that no call explains, the one during which it was",
    ),
    event(
        "wasi.call.class",
        Type::String,
        one(Kind::HostCall),
        |k| some(&call(k)?.class),
        "`files`, `sockets`, `clocks`, `random`, `poll`, `streams`, `cli`, `http`, `process`, `custom`",
    ),
    event(
        "wasi.call.path",
        Type::String,
        one(Kind::HostCall),
        |k| opt(call(k)?.path()),
        "the first path among its arguments; in JSON within `wasi.call.arguments`",
    ),
    event(
        "wasi.call.address",
        Type::String,
        one(Kind::HostCall),
        |k| opt(call(k)?.address()),
        "of a socket's call, the first address or name; in JSON within `wasi.call.arguments`",
    ),
    event(
        "wasi.call.creates",
        Type::Bool,
        one(Kind::HostCall),
        |k| some(call(k)?.creates()),
        "whether an open makes or empties the file; in JSON within `wasi.call.arguments`",
    ),
    json("wasi.call.arguments", Type::Objects, one(Kind::HostCall), "its arguments by name"),
    event(
        "wasi.call.outcome",
        Type::String,
        one(Kind::HostCall),
        |k| some(&call(k)?.outcome),
        "`ok`, `error`, `trap`, `exit`",
    ),
    json("wasi.call.result", Type::Objects, one(Kind::HostCall), "what it returned"),
    event(
        "wasi.call.duration_ns",
        Type::Int,
        one(Kind::HostCall),
        |k| some(call(k)?.duration_ns),
        "time in it, waiting included",
    )
    .in_unit(Unit::Nanoseconds),
    event(
        "wasi.call.bytes.read",
        Type::Int,
        one(Kind::HostCall),
        |k| some(call(k)?.read_bytes),
        "what the guest got",
    )
    .in_unit(Unit::Bytes),
    event(
        "wasi.call.bytes.written",
        Type::Int,
        one(Kind::HostCall),
        |k| some(call(k)?.written_bytes),
        "what the guest gave",
    )
    .in_unit(Unit::Bytes),
    event(
        "policy.rule",
        Type::String,
        one(Kind::HostCall),
        |k| opt(call(k)?.denied_by.as_ref()),
        "which rule of the policy refused the call",
    ),
    event(
        "wasm.run.name",
        Type::String,
        one(Kind::GuestRan),
        |k| some(&ran(k)?.name),
        "what the host called it, e.g. `_start`",
    ),
    event(
        "wasm.run.end",
        Type::String,
        one(Kind::GuestRan),
        |k| some(&ran(k)?.end),
        "`returned`, `exited`, `trapped`, `failed`",
    ),
    event(
        "error.message",
        Type::String,
        one(Kind::GuestRan),
        |k| opt(ran(k)?.message.as_ref()),
        "the host's error",
    ),
    json("wasm.stack.frames", Type::Objects, one(Kind::GuestRan), "where a trap or an error was"),
    event("wasm.run.wall_ns", Type::Int, one(Kind::GuestRan), |k| some(ran(k)?.wall_ns), "time")
        .in_unit(Unit::Nanoseconds),
    event("wasm.run.cpu_ns", Type::Int, one(Kind::GuestRan), |k| some(ran(k)?.cpu_ns), "CPU time")
        .in_unit(Unit::Nanoseconds),
    event(
        "wasm.run.host_ns",
        Type::Int,
        one(Kind::GuestRan),
        |k| some(ran(k)?.host_ns),
        "time in host calls whose times are taken",
    )
    .in_unit(Unit::Nanoseconds),
    event(
        "wasm.run.guest_cpu_ns",
        Type::Int,
        one(Kind::GuestRan),
        |k| some(ran(k)?.guest_cpu_ns),
        "CPU time of guest code",
    )
    .in_unit(Unit::Nanoseconds),
    event("wasm.run.fuel", Type::Int, one(Kind::GuestRan), |k| opt(ran(k)?.fuel), "fuel used"),
    event(
        "wasm.grown.what",
        Type::String,
        one(Kind::InstanceGrown),
        |k| some(&growth(k)?.what),
        "`memory`, in bytes, or `table`, in elements",
    ),
    event("wasm.grown.from", Type::Int, one(Kind::InstanceGrown), |k| some(growth(k)?.from), "before"),
    event(
        "wasm.grown.asked",
        Type::Int,
        one(Kind::InstanceGrown),
        |k| some(growth(k)?.asked),
        "what it asked for",
    ),
    event(
        "wasm.grown.maximum",
        Type::Int,
        one(Kind::InstanceGrown),
        |k| opt(growth(k)?.maximum),
        "the most that its declaration allows",
    ),
    event(
        "wasm.grown.answer",
        Type::String,
        one(Kind::InstanceGrown),
        |k| some(&growth(k)?.answer),
        "`granted`, `refused`, `trapped`, `failed`",
    ),
    json("functions", Type::Objects, one(Kind::InstanceEnded), "calls by function"),
    json("errors", Type::Objects, one(Kind::InstanceEnded), "errors by function and name"),
    json("memory", Type::Objects, one(Kind::InstanceEnded), "growth of its memories"),
    json("table", Type::Objects, one(Kind::InstanceEnded), "growth of its tables"),
    json("run", Type::Objects, one(Kind::InstanceEnded), "its runs"),
    event(
        "act.event.name",
        Type::String,
        one(Kind::Unexplained),
        |k| some(unexplained(k)?.event.as_ref()),
        "which event told of the act",
    ),
    json("act.monotonic_ns", Type::Int, one(Kind::Unexplained), "the time of that event")
        .in_unit(Unit::Nanoseconds),
    event(
        "act.target",
        Type::String,
        one(Kind::Unexplained),
        |k| opt(unexplained(k)?.target.as_ref()),
        "what it was done to: a path or an address",
    ),
    event(
        "act.unexplained",
        Type::String,
        one(Kind::Unexplained),
        |k| some(unexplained(k)?.why.as_ref()),
        "`outside` of all host calls, or during an `other_call`, which cannot lead to it",
    ),
];

fn call(kind: &EventKind) -> Option<&HostCall> {
    match kind {
        EventKind::HostCall(of) => Some(&of.what.what),
        _ => None,
    }
}

fn ran(kind: &EventKind) -> Option<&GuestRun> {
    match kind {
        EventKind::GuestRan(of) => Some(&of.what.what),
        _ => None,
    }
}

fn growth(kind: &EventKind) -> Option<&InstanceGrowth> {
    match kind {
        EventKind::InstanceGrown(of) => Some(&of.what.what),
        _ => None,
    }
}

fn unexplained(kind: &EventKind) -> Option<&Unexplained> {
    match kind {
        EventKind::Unexplained(act) => Some(act),
        _ => None,
    }
}
