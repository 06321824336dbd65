//! The list, by topic. A new field of an event is a row here, and one in `docs/events.md`.

use super::{Field, OfEvent, OfWorkload, Source, Type, Unit, Value};
use crate::{
    EventKind, Workload,
    boundary::{GuestRun, HostCall, InstanceGrowth, Unexplained},
    event::Exit,
    kind::{Kind, Kinds},
};

const WORKLOAD: Kinds = Kinds::of(&[Kind::Started, Kind::Identified]);
const FILES: Kinds =
    Kinds::of(&[Kind::Opened, Kind::Created, Kind::Removed, Kind::Renamed, Kind::Linked, Kind::Truncated]);
const SOCKETS: Kinds =
    Kinds::of(&[Kind::Connected, Kind::Accepted, Kind::Bound, Kind::Listening, Kind::Peer, Kind::Asked]);
/// What hooks in the process itself tell.
const HOOKED: Kinds = Kinds::of(&[
    Kind::InstanceStarted,
    Kind::InstanceEnded,
    Kind::HostCall,
    Kind::GuestRan,
    Kind::InstanceGrown,
]);
const FAULTS: Kinds = Kinds::of(&[Kind::Trapped, Kind::Crashed]);
const CALLS: Kinds =
    FILES.union(SOCKETS).union(Kinds::of(&[Kind::WritableExecutable, Kind::Sensitive, Kind::SignalSent]));
const ACTORS: Kinds = CALLS.union(FAULTS).union(one(Kind::Unexplained));
/// Everything that speaks of a workload.
pub(super) const OF_WORKLOADS: Kinds = ACTORS.union(HOOKED).union(WORKLOAD).union(Kinds::of(&[
    Kind::Grown,
    Kind::Exited,
    Kind::Forked,
    Kind::Executed,
    Kind::Throttled,
    Kind::Detected,
    Kind::Responded,
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

// Behind the macro, which they use.
mod act;
mod agent;
mod boundary;
mod totals;
mod workload;

/// Where a value is always there.
fn some<'a>(value: impl Into<Value<'a>>) -> Option<Value<'a>> {
    Some(value.into())
}

fn opt<'a, T: Into<Value<'a>>>(value: Option<T>) -> Option<Value<'a>> {
    value.map(Into::into)
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

/// A thread's id is the kernel's, or the process's own word.
fn tid(kind: &EventKind) -> Option<u32> {
    kind.actor().map(|actor| actor.tid).or_else(|| kind.instance()?.tid)
}

fn exit_code(kind: &EventKind) -> Option<i64> {
    match kind {
        EventKind::Exited { how: Exit::Code { code }, .. } => Some((*code).into()),
        EventKind::HostCall(of) => of.what.what.exit_code.map(Into::into),
        EventKind::GuestRan(of) => of.what.what.exit_code.map(Into::into),
        _ => None,
    }
}

fn error_type(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::HostCall(of) => of.what.what.error.as_deref(),
        _ => kind.outcome()?.error.as_deref(),
    }
}

fn stack_cut(kind: &EventKind) -> Option<bool> {
    match kind {
        EventKind::GuestRan(of) => Some(of.what.what.cut),
        _ => Some(kind.actor()?.stack_cut),
    }
}

fn trap_code(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::GuestRan(of) => of.what.what.trap.as_deref(),
        _ => fault(kind)?.trap.as_deref(),
    }
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
pub fn fields() -> impl Iterator<Item = &'static Field> {
    [workload::FIELDS, act::FIELDS, boundary::FIELDS, totals::FIELDS, agent::FIELDS].into_iter().flatten()
}
