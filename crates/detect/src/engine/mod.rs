//! Events in, detections out.
//!
//! For each event only the conditions that its kind can match are asked. State is kept only of workloads for which a rule
//! has matched, or of which facts are known; all of it is bounded by [`Limits`], what is forgotten is counted.

mod detection;
mod follow;
mod memory;
mod state;

pub(crate) use memory::event_bytes;

use crate::{
    condition::{Memo, View},
    explain::Explaining,
    rules::{Check, Rule, RuleSet},
    window::{Full, Window},
};
use detection::{Circumstances, Limiter};
use lru::LruCache;
use state::{Slot, State, kept_facts};
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    num::NonZeroUsize,
    sync::Arc,
};
use wasmscope_model::{Detection, Event, EventKind, Kind, Loss, Workload, WorkloadId};

/// Bounds of the engine's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Workloads, and as many modules, of which something is remembered; the ones without events for the longest time
    /// are forgotten first.
    pub workloads: NonZeroUsize,
    /// Bytes of windows and their evidence, all together.
    pub bytes: usize,
}

impl Default for Limits {
    /// 10,000 workloads, 96 MiB.
    fn default() -> Self {
        Self { workloads: NonZeroUsize::new(10_000).expect("not zero"), bytes: 96 << 20 }
    }
}

/// What the engine has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events looked at.
    pub events: u64,
    /// Conditions that matched.
    pub matches: u64,
    /// Detections told.
    pub detections: u64,
    /// Withheld because the same was told a short time ago.
    pub suppressed: u64,
    /// Withheld because the rule told too much.
    pub limited: u64,
    /// Workloads and modules that were forgotten before they ended, because there were too many or too much.
    pub evicted: u64,
    /// Times that a workload's clock went back by more than a moment: its windows began anew.
    pub clock_back: u64,
    /// Acts of hooked workloads of which it could not be said whether a host call explains them.
    pub undecided: u64,
}

/// An event this much older than the last one of its workload is one that came late; beyond, the clock has gone back.
const LATE_NS: u64 = 10_000_000_000;

/// Asks rules of events.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    limiters: Vec<Limiter>,
    workloads: LruCache<WorkloadId, State>,
    modules: LruCache<u64, State>,
    limits: Limits,
    bytes: usize,
    /// When something was last lost that may have been an event.
    lost_at: Option<u64>,
    counts: Counts,
    explaining: Explaining,
    /// What the conditions have in common, of the present event.
    memo: Memo,
    /// Conditions that are true of the present event; empty in between.
    matching: Vec<u32>,
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(rules: impl Into<Arc<RuleSet>>, limits: Limits) -> Self {
        let rules = rules.into();
        Self {
            limiters: rules.rules.iter().map(|_| Limiter::default()).collect(),
            rules,
            workloads: LruCache::new(limits.workloads),
            modules: LruCache::new(limits.workloads),
            limits,
            bytes: 0,
            lost_at: None,
            counts: Counts::default(),
            explaining: Explaining::new(limits.workloads),
            memo: Memo::default(),
            matching: Vec::new(),
        }
    }

    /// The rules that are asked.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts { undecided: self.explaining.undecided(), ..self.counts }
    }

    /// Bytes that windows and their evidence take, roughly.
    pub fn state_bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a runtime is known to do this for itself, whatever its guest does (`rules/envelope/`).
    pub fn is_runtimes_own(&self, event: &Event) -> bool {
        let facts = event.kind.workload().and_then(|id| self.workloads.peek(&id)?.facts.as_deref());
        let view = View::new(&event.kind, facts);
        facts.is_some_and(|facts| self.rules.own.is_own(&view, event.kind.kind(), facts))
    }

    /// Takes other rules from now on. Those that stay as they were keep what they remember.
    pub fn replace(&mut self, rules: impl Into<Arc<RuleSet>>) {
        let rules = rules.into();
        let moved: Vec<Option<u32>> = self
            .rules
            .rules
            .iter()
            .map(|old| {
                let same = |new: &Rule| new.id == old.id && new.fingerprint == old.fingerprint;
                rules.rules.iter().position(same).map(|at| at as u32)
            })
            .collect();
        let mut limiters: Vec<_> = rules.rules.iter().map(|_| Limiter::default()).collect();
        for (old, new) in moved.iter().enumerate() {
            if let Some(new) = new {
                limiters[*new as usize] = std::mem::take(&mut self.limiters[old]);
            }
        }
        let states = self.workloads.iter_mut().map(|(_, state)| state);
        for state in states.chain(self.modules.iter_mut().map(|(_, state)| state)) {
            self.bytes -= state.bytes();
            state.renumber(&moved);
            self.bytes += state.bytes();
        }
        (self.rules, self.limiters, self.memo) = (rules, limiters, Memo::default());
    }

    /// Takes in one event and adds what it leads to. Events of one workload come in their order, more or less.
    pub fn observe(&mut self, event: &Event, found: &mut Vec<Detection>) {
        self.counts.events += 1;
        match &event.kind {
            EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => {
                self.learn(workload);
            }
            EventKind::Lost(loss) if loses_events(loss) => self.lost_at = Some(event.monotonic_ns),
            EventKind::Throttled(throttled) => {
                self.state(throttled.id).throttled_at = Some(event.monotonic_ns);
            }
            _ => {}
        }
        let kind = event.kind.kind();
        if let Some(id) = event.kind.workload()
            && !self.rules.of(kind).plan.is_empty()
        {
            self.ask(kind, id, event, found);
        }
        if let EventKind::Exited { id, .. } = &event.kind
            && let Some(state) = self.workloads.pop(id)
        {
            self.bytes -= state.bytes();
        }
    }

    fn ask(&mut self, kind: Kind, id: WorkloadId, event: &Event, found: &mut Vec<Detection>) {
        let facts = self.workloads.get(&id).and_then(|state| state.facts.as_deref());
        let view = View::new(&event.kind, facts).with_own(&self.rules.own);
        let checks = self.rules.of(kind);
        self.memo.begin(&self.rules.nodes);
        checks.plan.matching(&self.rules.nodes, &view, &mut self.memo, &mut self.matching);
        if self.matching.is_empty() {
            return;
        }
        self.matching.sort_unstable();
        let checks = self.matching.drain(..).map(|index| &checks.checks[index as usize]);
        let matched = checks.map(|check| Matched::new(check, &self.rules.rules[check.rule as usize], &view));
        for matched in matched.collect::<Vec<_>>() {
            self.matched(&matched, id, event, found);
        }
    }

    fn matched(&mut self, matched: &Matched, id: WorkloadId, event: &Event, found: &mut Vec<Detection>) {
        self.counts.matches += 1;
        let now = self.now(id, event.monotonic_ns);
        let rule = &self.rules.rules[matched.rule as usize];
        let mut full = Full { count: 1, since: now, events: Vec::new() };
        if let Some(window) = &rule.window {
            let module = match window.across_module {
                true => self.workloads.get(&id).and_then(|state| module_key(state.facts.as_deref()?)),
                false => None,
            };
            let state = match module {
                Some(module) => self.modules.get_or_insert_mut(module, State::default),
                None => self.workloads.get_or_insert_mut(id, State::default),
            };
            let before = state.bytes();
            let slot = state.slot(matched.rule);
            let kept = slot.window.get_or_insert_with(|| Window::new(window.shape, window.within));
            let now_full = match (&window.of, matched.value) {
                (Some(_), None) => None,
                (_, value) => kept.add(now, matched.step, value.unwrap_or(0), event),
            };
            if now_full.is_none() && rule.window_kind() != crate::WindowKind::Sequence {
                slot.keep_evidence(event, now.saturating_sub(window.within));
            }
            if let Some(now_full) = &now_full {
                full.events = slot.take_evidence(now_full.since);
            }
            self.bytes = self.bytes + state.bytes() - before;
            let Some(mut now_full) = now_full else { return self.forget_some() };
            if now_full.events.is_empty() {
                now_full.events = full.events;
            }
            full = now_full;
        }
        self.tell(matched, id, now, full, event, found);
        self.forget_some();
    }

    /// What matched has become a detection, unless the same was told a moment ago.
    fn tell(
        &mut self,
        matched: &Matched,
        id: WorkloadId,
        now: u64,
        full: Full,
        event: &Event,
        found: &mut Vec<Detection>,
    ) {
        let rule = &self.rules.rules[matched.rule as usize];
        let state = self.workloads.get_or_insert_mut(id, State::default);
        let before = state.bytes();
        let slot = state.slot(matched.rule);
        let suppressed = slot.told(matched.per.unwrap_or(0), now, rule.suppress.time);
        self.bytes = self.bytes + state.bytes() - before;
        let Some(suppressed) = suppressed else {
            self.counts.suppressed += 1;
            return;
        };
        if !self.limiters[matched.rule as usize].allows(now, rule.limit) {
            self.counts.limited += 1;
            return;
        }
        self.counts.detections += 1;
        let lost = |at: Option<u64>| at.is_some_and(|at| at >= full.since);
        let circumstances = Circumstances {
            facts: state.facts.as_deref(),
            lossy: lost(self.lost_at) || lost(state.throttled_at),
            suppressed,
        };
        found.push(detection::detection(rule, full, event, &circumstances));
    }

    fn state(&mut self, id: WorkloadId) -> &mut State {
        if self.workloads.len() == self.workloads.cap().get() && !self.workloads.contains(&id) {
            self.counts.evicted += 1;
            if let Some((_, state)) = self.workloads.pop_lru() {
                self.bytes -= state.bytes();
            }
        }
        self.workloads.get_or_insert_mut(id, State::default)
    }

    fn learn(&mut self, workload: &Workload) {
        let state = self.state(workload.id);
        state.facts = Some(Box::new(kept_facts(workload)));
    }

    /// The time of an event in the workload's own order: never before that of an earlier one.
    fn now(&mut self, id: WorkloadId, at: u64) -> u64 {
        let state = self.state(id);
        let mut freed = 0;
        let went_back = at.saturating_add(LATE_NS) < state.clock;
        if went_back {
            let before = state.bytes();
            state.begin_anew();
            freed = before - state.bytes();
            state.clock = at;
        }
        state.clock = state.clock.max(at);
        let now = state.clock;
        self.bytes -= freed;
        self.counts.clock_back += u64::from(went_back);
        now
    }

    /// Keeps to the bounds: the workloads without events for the longest time go first.
    fn forget_some(&mut self) {
        while self.bytes > self.limits.bytes || self.modules.len() > self.limits.workloads.get() {
            let oldest = match self.workloads.len() >= self.modules.len() {
                true => self.workloads.pop_lru().map(|(_, state)| state),
                false => self.modules.pop_lru().map(|(_, state)| state),
            };
            let Some(state) = oldest else { return };
            self.bytes -= state.bytes();
            self.counts.evicted += 1;
        }
    }
}

/// A condition that is true, and what its rule tells apart by.
#[derive(Debug)]
struct Matched {
    rule: u32,
    step: u8,
    value: Option<u64>,
    per: Option<u64>,
}

impl Matched {
    fn new(check: &Check, rule: &Rule, view: &View<'_>) -> Self {
        let of = rule.window.as_ref().and_then(|window| window.of.as_ref());
        Self {
            rule: check.rule,
            step: check.step,
            value: of.and_then(|key| key.hash(view)),
            per: rule.suppress.per.as_ref().and_then(|key| key.hash(view)),
        }
    }
}

/// Losses that leave events of any workload untold. What was lost on the way out of the agent was seen here, and what was
/// withheld of one workload its own event says.
fn loses_events(loss: &Loss) -> bool {
    const STAGES: [&str; 5] = ["ring_full", "queue_drop", "decode_error", "map_full", "nested"];
    loss.family != "sample" && STAGES.contains(&loss.stage.as_str())
}

/// What stands for the module of a workload.
fn module_key(facts: &Workload) -> Option<u64> {
    let module = facts.module()?;
    let mut hasher = DefaultHasher::new();
    match (&module.sha256, &module.path) {
        (Some(sha256), _) => sha256.hash(&mut hasher),
        (None, Some(path)) => path.hash(&mut hasher),
        (None, None) => return None,
    }
    Some(hasher.finish())
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("rule", &self.rule).finish_non_exhaustive()
    }
}
