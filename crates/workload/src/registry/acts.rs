//! What workloads do, joined to who they are.

use super::{Control, Registry};
use crate::{acts, looker::Look};
use std::time::Duration;
use wasmscope_model::{
    Call, EventKind, GuestStack, Head, Pid, RawStack, Response, Signalled, WorkloadId,
    activity::{Actor, ExecAct, Fault, Word},
    text::lossy_within,
};

/// Most arguments of an exec that are told, and most bytes of each.
const MOST_ARGUMENTS: usize = 64;
const MOST_ARGUMENT_BYTES: usize = 1024;
/// Its memory is a copy of its parent's, but nobody has looked at it yet.
const NOT_LOOKED_AT: &str = "the process was forked just now";

/// A signal's record, without who and when.
pub(super) struct RawFault {
    pub(super) signal: u8,
    pub(super) code: i32,
    pub(super) address: u64,
    pub(super) instruction_pointer: u64,
    pub(super) frame_pointer: u64,
    pub(super) handled: bool,
    pub(super) stack: RawStack,
}

impl<L: Look, C: Control> Registry<L, C> {
    /// The workload that `pid` is, or that forked it.
    pub(super) fn workload_of(&self, pid: u32) -> Option<(WorkloadId, Pid)> {
        let entry = self.entries.get(&pid)?;
        let sight = entry.sight.as_ref().filter(|_| entry.is_workload);
        sight.map(|s| (s.workload.id, s.workload.pid)).or(entry.forked_by)
    }

    pub(super) fn call(&mut self, call: Call, time: Duration) {
        let pid = call.head.process.pid.0;
        let Some((id, _)) = self.workload_of(pid) else {
            self.filtered += 1;
            return;
        };
        let entry = &self.entries[&pid];
        let stack = match entry.sight.as_ref().filter(|_| entry.is_workload) {
            Some(sight) => self.looker.stack(sight, &call.stack),
            None => Err(NOT_LOOKED_AT.into()),
        };
        let actor = actor(id, &call.head, stack);
        let signalled = call.signalled.map(|signalled| at_event(&signalled, &call, &actor));
        self.events.push((time, acts::event(call, actor)));
        self.events.extend(signalled.map(|response| (time, EventKind::Responded(Box::new(response)))));
    }

    pub(super) fn fault(&mut self, head: &Head, raw: RawFault, time: Duration) {
        let pid = head.process.pid.0;
        let sight = self.entries.get(&pid).filter(|e| e.is_workload).and_then(|e| e.sight.as_ref());
        let Some(sight) = sight else {
            self.filtered += 1;
            return;
        };
        let id = sight.workload.id;
        let seen = self.looker.fault(sight, raw.instruction_pointer, raw.frame_pointer, &raw.stack);
        // SIGILL, SIGBUS, SIGFPE, SIGSEGV have the faulting address; an abort has none.
        let address = (raw.code > 0 && matches!(raw.signal, 4 | 7 | 8 | 11)).then_some(raw.address);
        // A signal that a process sent is no trap, wherever it found the guest.
        let trapped = seen.in_guest && raw.code > 0;
        let fault = Fault {
            actor: actor(id, head, seen.stack),
            signal: raw.signal,
            code: raw.code,
            trap: seen.trap.filter(|_| trapped),
            address,
            instruction: raw.instruction_pointer,
            handled: raw.handled,
        };
        let kind = if trapped { EventKind::Trapped(fault) } else { EventKind::Crashed(fault) };
        self.events.push((time, kind));
    }

    /// The program of a workload, or of its child, is about to be another one.
    pub(super) fn executed(&mut self, pid: u32, args: &[u8], name: &[u8], memfd: bool, time: Duration) {
        let forked_by = self.entries.get(&pid).and_then(|e| e.forked_by);
        let Some((id, actor)) = forked_by.or_else(|| self.workload_of(pid)) else { return };
        let args = args.strip_suffix(&[0]).unwrap_or(args).split(|b| *b == 0).take(MOST_ARGUMENTS);
        let act = ExecAct {
            id,
            pid: actor,
            child: (actor.0 != pid).then_some(Pid(pid)),
            name: lossy_within(name, MOST_ARGUMENT_BYTES),
            memfd,
            args: args.map(|arg| lossy_within(arg, MOST_ARGUMENT_BYTES)).collect(),
            untrusted: vec!["process.command_args".into()],
        };
        self.events.push((time, EventKind::Executed(act)));
    }
}

fn actor(id: WorkloadId, head: &Head, stack: Result<GuestStack, Word>) -> Actor {
    let (stack, missing) = match stack {
        Ok(stack) => (stack, None),
        Err(problem) => (GuestStack::default(), Some(problem)),
    };
    Actor {
        id,
        pid: head.process.pid,
        tid: head.tid,
        stack: stack.frames,
        stack_cut: stack.cut,
        stack_missing: missing,
        untrusted: Vec::new(),
    }
}

/// What the kernel did at the event.
fn at_event(signalled: &Signalled, call: &Call, actor: &Actor) -> Response {
    Response {
        id: actor.id,
        pid: actor.pid,
        rule: None,
        name: format!("at {}", call.name),
        action: if signalled.kill { "kill" } else { "stop" }.into(),
        outcome: if signalled.sent { "done" } else { "failed" }.into(),
        reason: None,
        act: if call.error.is_some() { "refused" } else { "happened" }.into(),
        delay_ms: None,
    }
}
