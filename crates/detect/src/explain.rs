//! Host calls explain the system calls under them. What none explains is the signature of an escape.
//!
//! Where hooks and kernel watch the same workload, each act that a guest function led to (its stack says so) must lie within a
//! host call of a class that can lead to it. Hooks tell a call when it is over, and the kernel's events come by another way: an
//! act waits until the hooks have told of something later on its thread, and a moment longer for what they may have lost.
//! Nothing is said of acts without a guest stack (the host's own, or of its helper threads), of classes that the hooks only count
//! or sample, and where hooks have lost events.

use crate::{
    condition::View,
    envelope::{Own, act_classes},
};
use lru::LruCache;
use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    num::NonZeroUsize,
};
use wasmscope_model::{
    Event, EventKind, Workload, WorkloadId,
    boundary::{Hooked, HostCall, Unexplained},
    text::lossy_within,
};

/// Hooks that say which calls they tell use the kernel's clock, and read it around the call.
const SLACK_NS: u64 = 2_000;
/// After the hooks' later word, losses have so long to become known.
const GRACE_NS: u64 = 1_000_000_000;
/// Host calls that are remembered of a workload, the newest.
const MOST_CALLS: usize = 256;
/// Acts of a workload that wait; more are not judged.
const MOST_WAITING: usize = 64;
/// Longest name of a host call that is kept, bytes.
const NAME_BYTES: usize = 256;
/// A function of the host's own may do anything.
const CUSTOM: &str = "custom";

/// What hooked workloads did lately, and what of it is not explained yet.
#[derive(Debug)]
pub(crate) struct Explaining {
    workloads: LruCache<WorkloadId, State>,
    /// When acts of a workload can be judged, by time.
    due: VecDeque<(u64, WorkloadId)>,
    now: u64,
    /// Acts that could not be judged.
    undecided: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Classes of which every call of every instance is told.
    told: BTreeSet<String>,
    instances: usize,
    calls: VecDeque<Call>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Call {
    from: u64,
    to: u64,
    class: String,
    name: String,
}

#[derive(Debug)]
struct Waiting {
    act: Unexplained,
    classes: &'static [&'static str],
    /// The hooks have told of something later.
    later: bool,
}

impl Call {
    fn covers(&self, at: u64) -> bool {
        (self.from.saturating_sub(SLACK_NS)..=self.to.saturating_add(SLACK_NS)).contains(&at)
    }

    fn explains(&self, classes: &[&str]) -> bool {
        self.class == CUSTOM || classes.contains(&self.class.as_str())
    }
}

impl Waiting {
    /// Takes in a call; whether it explains the act.
    fn meets(&mut self, call: &Call) -> bool {
        if !call.covers(self.act.at_ns) {
            return false;
        }
        if !call.explains(self.classes) {
            self.act.why = Cow::Borrowed("other_call");
            self.act.during = Some(call.name.clone());
            return false;
        }
        true
    }
}

impl Explaining {
    pub(crate) fn new(workloads: NonZeroUsize) -> Self {
        Self { workloads: LruCache::new(workloads), due: VecDeque::new(), now: 0, undecided: 0 }
    }

    /// Acts that could not be judged, because hooks lost events or ended without a word.
    pub(crate) fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Takes in an event and adds acts that are known by now to be unexplained. `facts` of its workload are asked for only where
    /// hooks tell of it: most events are of others.
    pub(crate) fn observe<'f>(
        &mut self,
        event: &Event,
        facts: impl FnOnce() -> Option<&'f Workload>,
        own: &Own,
        found: &mut Vec<EventKind>,
    ) {
        self.now = self.now.max(event.monotonic_ns);
        match &event.kind {
            EventKind::InstanceStarted(of) => self.started(of.id, &of.what.what.told),
            EventKind::HostCall(of) => self.called(of.id, event.monotonic_ns, &of.what),
            EventKind::GuestRan(of) => {
                let end = event.monotonic_ns.saturating_add(of.what.what.wall_ns);
                self.word(of.id, end, of.what.instance.tid);
            }
            EventKind::InstanceEnded(of) => {
                self.word(of.id, event.monotonic_ns, of.what.instance.tid);
                if let Some(state) = self.workloads.peek_mut(&of.id) {
                    state.instances = state.instances.saturating_sub(1);
                }
            }
            // What its hooks have written before may still be on its way.
            EventKind::Exited { id, .. } => {
                if let Some(state) = self.workloads.peek_mut(id) {
                    state.waiting.iter_mut().for_each(|waiting| waiting.later = true);
                    self.due.push_back((self.now + GRACE_NS, *id));
                }
            }
            EventKind::Lost(loss) if loss.family == "hook" => self.lost(),
            kind => self.acted(kind, event.monotonic_ns, facts, own),
        }
        while let Some((_, id)) = self.due.pop_front_if(|(at, _)| *at <= self.now) {
            self.judge(id, found);
        }
    }

    /// The end: what can be judged is.
    pub(crate) fn finish(&mut self, found: &mut Vec<EventKind>) {
        for (_, id) in std::mem::take(&mut self.due) {
            self.judge(id, found);
        }
        let left: usize = self.workloads.iter().map(|(_, state)| state.waiting.len()).sum();
        self.undecided += left as u64;
        self.workloads.clear();
    }

    fn started(&mut self, id: WorkloadId, told: &[String]) {
        let told = told.iter().cloned().collect();
        match self.workloads.get_mut(&id) {
            Some(state) => {
                state.told.retain(|class| BTreeSet::contains(&told, class));
                state.instances += 1;
            }
            None => {
                let state = State { told, instances: 1, ..State::default() };
                if let Some((_, old)) = self.workloads.push(id, state) {
                    self.undecided += old.waiting.len() as u64;
                }
            }
        }
    }

    fn called(&mut self, id: WorkloadId, from: u64, of: &Hooked<Box<HostCall>>) {
        let Some(state) = self.workloads.get_mut(&id) else { return };
        let call = Call {
            from,
            to: from.saturating_add(of.what.duration_ns),
            class: lossy_within(of.what.class.as_bytes(), NAME_BYTES),
            name: lossy_within(of.what.name.as_bytes(), NAME_BYTES),
        };
        state.waiting.retain_mut(|waiting| !waiting.meets(&call));
        if state.calls.len() == MOST_CALLS {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
        self.word(id, from.saturating_sub(SLACK_NS), of.instance.tid);
    }

    /// The hooks have told of something at `at`: all calls of that thread before it are known.
    fn word(&mut self, id: WorkloadId, at: u64, tid: Option<u32>) {
        let Some(state) = self.workloads.peek_mut(&id) else { return };
        let alone = state.instances == 1;
        let mut any = false;
        for waiting in state.waiting.iter_mut().filter(|waiting| !waiting.later) {
            waiting.later = waiting.act.at_ns < at && (alone || tid == Some(waiting.act.actor.tid));
            any |= waiting.later;
        }
        if any {
            self.due.push_back((self.now + GRACE_NS, id));
        }
    }

    fn acted<'f>(
        &mut self,
        kind: &EventKind,
        at: u64,
        facts: impl FnOnce() -> Option<&'f Workload>,
        own: &Own,
    ) {
        let Some(actor) = kind.actor().filter(|actor| !actor.stack.is_empty()) else { return };
        let Some(state) = self.workloads.get_mut(&actor.id) else { return };
        let Some(classes) = act_classes(kind.kind()) else { return };
        let all_told = [CUSTOM].iter().chain(classes).all(|class| state.told.contains(*class));
        let of_runtime = |facts: &Workload| own.is_own(&View::new(kind, Some(facts)), kind.kind(), facts);
        if !all_told || facts().is_none_or(of_runtime) {
            return;
        }
        let act = Unexplained {
            actor: actor.clone(),
            event: Cow::Borrowed(kind.name()),
            at_ns: at,
            call: kind.syscall().cloned(),
            target: kind.target(),
            why: Cow::Borrowed("outside"),
            during: None,
        };
        let mut waiting = Waiting { act, classes, later: false };
        // The kernel's events may lag far behind: the call that explains this one may be forgotten.
        let forgotten =
            state.calls.len() == MOST_CALLS && state.calls.front().is_some_and(|call| at < call.from);
        if forgotten {
            self.undecided += 1;
            return;
        }
        if state.calls.iter().any(|call| waiting.meets(call)) {
            return;
        }
        if state.waiting.len() == MOST_WAITING {
            self.undecided += 1;
            return;
        }
        state.waiting.push_back(waiting);
    }

    fn judge(&mut self, id: WorkloadId, found: &mut Vec<EventKind>) {
        let Some(state) = self.workloads.peek_mut(&id) else { return };
        let all = std::mem::take(&mut state.waiting);
        let (judged, waiting): (VecDeque<_>, VecDeque<_>) =
            all.into_iter().partition(|waiting| waiting.later);
        state.waiting = waiting;
        found.extend(judged.into_iter().map(|waiting| EventKind::Unexplained(Box::new(waiting.act))));
    }

    /// A call that nobody told of may have been the one.
    fn lost(&mut self) {
        for (_, state) in self.workloads.iter_mut() {
            self.undecided += state.waiting.len() as u64;
            state.waiting.clear();
        }
        self.due.clear();
    }
}
