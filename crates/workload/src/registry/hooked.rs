//! What hooks in a process tell, joined to the workload that the kernel and the looks make of it.

use super::{Registry, Timed};
use crate::{looker::Look, registry::Control};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use wasmscope_model::{
    EventKind, Loss, Pid, ProcessKey, WorkloadId,
    boundary::{Boundary, HookEvent, HookLine},
};

/// A process that tells before it is known as a workload has this long to become one. The first looks at it take 4 s.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most lines that wait for one process, and for all; the first ones are kept.
const MOST_OF_ONE: usize = 1024;
const MOST_WAITING: usize = 8192;
/// Most ended workloads that are remembered for what they told at last.
const MOST_ENDED: usize = 1024;

/// What waits for its workload, and who has just ended.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: HashMap<u32, Lines>,
    count: usize,
    ended: VecDeque<Ended>,
    /// Lines of processes that never became workloads, or too many before they did.
    unclaimed: u64,
    /// Events that hooks said they could not pass on.
    sender: u64,
}

#[derive(Debug)]
struct Lines {
    since: Duration,
    process: ProcessKey,
    lines: Vec<HookLine>,
}

#[derive(Debug)]
struct Ended {
    at: Duration,
    process: ProcessKey,
    id: WorkloadId,
}

/// Whether both are the same program in the same process. What is 0 is not known.
fn same(a: &ProcessKey, b: &ProcessKey) -> bool {
    let alike = |a: u64, b: u64| a == b || a == 0 || b == 0;
    a.pid == b.pid && alike(a.start_ticks, b.start_ticks) && alike(a.exec_stamp, b.exec_stamp)
}

impl<L: Look, C: Control> Registry<L, C> {
    /// Takes in what hooks in `process` told.
    pub fn hooked(&mut self, process: ProcessKey, line: HookLine, now: Duration) {
        if let HookEvent::Lost(loss) = &line.what {
            self.hooks.sender += loss.count;
            let lost = Loss { family: "hook".into(), stage: "sender".into(), count: loss.count };
            return self.events.push((now, EventKind::Lost(lost)));
        }
        let pid = process.pid.0;
        let sight =
            self.entries.get(&pid).filter(|entry| entry.is_workload).and_then(|entry| entry.sight.as_ref());
        if let Some(sight) = sight.filter(|sight| same(&sight.key, &process)) {
            let id = sight.workload.id;
            return self.events.extend(event(id, process.pid, line, now));
        }
        if let Some(ended) = self.hooks.ended.iter().rev().find(|ended| same(&ended.process, &process)) {
            return self.events.extend(event(ended.id, process.pid, line, now));
        }
        self.hooks.wait(process, line, now);
    }

    /// Events that hooks lost on their side, and lines that belong to no workload, since the start.
    pub fn hook_losses(&self) -> (u64, u64) {
        (self.hooks.sender, self.hooks.unclaimed)
    }

    /// A process has become a workload: what it told before is its.
    pub(super) fn claim(&mut self, pid: u32, now: Duration) {
        let Some(sight) = self.entries.get(&pid).and_then(|entry| entry.sight.as_ref()) else { return };
        let Some(waiting) = self.hooks.lines.remove(&pid) else { return };
        self.hooks.count -= waiting.lines.len();
        if same(&sight.key, &waiting.process) {
            let id = sight.workload.id;
            let events = waiting.lines.into_iter().filter_map(|line| event(id, Pid(pid), line, now));
            self.events.extend(events);
        } else {
            self.hooks.unclaimed += waiting.lines.len() as u64;
        }
    }
}

impl Waiting {
    fn wait(&mut self, process: ProcessKey, line: HookLine, now: Duration) {
        let of_one = self.lines.get(&process.pid.0);
        if of_one.is_some_and(|waiting| !same(&waiting.process, &process)) {
            self.give_up(process.pid.0);
        }
        if self.count >= MOST_WAITING
            || self.lines.get(&process.pid.0).is_some_and(|w| w.lines.len() >= MOST_OF_ONE)
        {
            self.unclaimed += 1;
            return;
        }
        let new = || Lines { since: now, process, lines: Vec::new() };
        self.lines.entry(process.pid.0).or_insert_with(new).lines.push(line);
        self.count += 1;
    }

    fn give_up(&mut self, pid: u32) {
        if let Some(waiting) = self.lines.remove(&pid) {
            self.count -= waiting.lines.len();
            self.unclaimed += waiting.lines.len() as u64;
        }
    }

    /// The process is no workload any more; the last that it told may still be on its way.
    pub(super) fn ended(&mut self, process: ProcessKey, id: WorkloadId, at: Duration) {
        if self.ended.len() == MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { at, process, id });
    }

    /// When [`expire`](Self::expire) has something to do.
    pub(super) fn due(&self) -> Option<Duration> {
        let waiting = self.lines.values().map(|waiting| waiting.since);
        waiting.chain(self.ended.front().map(|ended| ended.at)).min().map(|since| since + PATIENCE)
    }

    /// Forgets who has been waited for long enough.
    pub(super) fn expire(&mut self, now: Duration) {
        while self.ended.front().is_some_and(|ended| ended.at + PATIENCE <= now) {
            self.ended.pop_front();
        }
        let late: Vec<_> =
            self.lines.iter().filter(|(_, w)| w.since + PATIENCE <= now).map(|(pid, _)| *pid).collect();
        late.into_iter().for_each(|pid| self.give_up(pid));
    }
}

/// The event that a line is. The process's own word for when it was is taken for what is past.
fn event(id: WorkloadId, pid: Pid, line: HookLine, now: Duration) -> Option<Timed> {
    let at = Duration::from_nanos(line.monotonic_ns).min(now);
    let kind = match line.what {
        HookEvent::Started(what) => EventKind::InstanceStarted(Boundary { id, pid, what }),
        HookEvent::Ended(what) => EventKind::InstanceEnded(Boundary { id, pid, what }),
        HookEvent::Call(what) => EventKind::HostCall(Boundary { id, pid, what }),
        HookEvent::Run(what) => EventKind::GuestRan(Boundary { id, pid, what }),
        HookEvent::Grown(what) => EventKind::InstanceGrown(Boundary { id, pid, what }),
        HookEvent::Lost(_) => return None,
    };
    Some((at, kind))
}
