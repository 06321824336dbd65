//! Events in; what is unusual out, and what is usual kept.

mod judge;
mod recent;
mod run;
mod sequence;
mod told;

use crate::{
    Baselines, Dimension, Key, Profile, Quantity,
    edit::Edits,
    features::{Features, is_act},
    patterns::How,
};
use judge::{Bench, Judge};
use lru::LruCache;
use run::Run;
use std::{collections::HashMap, num::NonZeroUsize, time::Duration};
use wasmscope_model::{Detection, Event, EventKind, Kind, Loss, Severity, Sha256, Workload, WorkloadId};

/// What a profile needs before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// So many runs,
    pub runs: u32,
    /// or this long, of however many.
    pub time: Duration,
}

impl Default for Needs {
    /// 5 runs, or an hour.
    fn default() -> Self {
        Self { runs: 5, time: Duration::from_secs(3600) }
    }
}

impl Needs {
    /// Whether this was enough; before, the profile is only learnt, and nothing is told.
    pub fn are_met(&self, profile: &Profile) -> bool {
        profile.runs >= self.runs
            || profile.runs > 0 && u128::from(profile.watched_ms) >= self.time.as_millis()
    }
}

/// Bounds of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Modules that are known; further ones are not learnt.
    pub modules: usize,
    /// Bytes of all profiles; beyond, nothing new is learnt.
    pub profile_bytes: usize,
    /// Workloads that run; of those without events for the longest time nothing is learnt or told any more.
    pub runs: NonZeroUsize,
    /// Bytes of what they have done until now.
    pub run_bytes: usize,
}

impl Default for Limits {
    /// 10,000 modules in 96 MiB, 10,000 workloads in 64 MiB.
    fn default() -> Self {
        Self {
            modules: 10_000,
            profile_bytes: 96 << 20,
            runs: NonZeroUsize::new(10_000).expect("not zero"),
            run_bytes: 64 << 20,
        }
    }
}

/// What a monitor has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events looked at.
    pub events: u64,
    /// Detections told.
    pub detections: u64,
    /// Withheld because the same was told a short time ago, or because a workload or rule told too much.
    pub withheld: u64,
    /// New, but of modules that do something new so often that it says nothing.
    pub expected: u64,
    /// Runs that were learnt from.
    pub learnt: u64,
    /// Runs that were not, because something of high severity was detected in them.
    pub rejected: u64,
    /// Runs that were not, because nobody knows their module or runtime.
    pub unnamed: u64,
    /// Runs that were not, because there is no room for more modules.
    pub no_room: u64,
    /// Runs that were forgotten before they ended, because there were too many or too much.
    pub evicted: u64,
}

/// A profile, and what its edits say.
#[derive(Debug)]
struct Known {
    key: Key,
    profile: Profile,
    allowed: Edits,
    denied: Edits,
    bytes: usize,
}

/// Learns what is usual, and tells what is not.
#[derive(Debug)]
pub struct Monitor {
    known: Vec<Known>,
    by_key: HashMap<(Sha256, String), usize>,
    profile_bytes: usize,
    learning: bool,
    needs: Needs,
    limits: Limits,
    runs: LruCache<WorkloadId, Run>,
    run_bytes: usize,
    judge: Judge,
    features: Features,
    counts: Counts,
}

impl Monitor {
    /// A monitor that asks these baselines, and with `learning` adds to them.
    pub fn new(baselines: Baselines, learning: bool, needs: Needs, limits: Limits) -> Self {
        let mut monitor = Self {
            known: Vec::new(),
            by_key: HashMap::new(),
            profile_bytes: 0,
            learning,
            needs,
            limits,
            runs: LruCache::new(limits.runs),
            run_bytes: 0,
            judge: Judge::default(),
            features: Features::default(),
            counts: Counts::default(),
        };
        baselines.modules.into_iter().for_each(|(key, profile)| monitor.insert(key, profile));
        monitor
    }

    fn insert(&mut self, key: Key, profile: Profile) {
        let bytes = Baselines::bytes_of(&key, &profile);
        self.profile_bytes += bytes;
        self.by_key.insert((key.module, key.runtime.clone()), self.known.len());
        let (allowed, denied) = (Edits::new(&profile.allowed), Edits::new(&profile.denied));
        self.known.push(Known { key, profile, allowed, denied, bytes });
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes of all profiles and runs, roughly.
    pub fn state_bytes(&self) -> usize {
        self.profile_bytes + self.run_bytes
    }

    /// Takes in one event, and adds what is unusual about it.
    pub fn observe(&mut self, event: &Event, found: &mut Vec<Detection>) {
        self.counts.events += 1;
        match &event.kind {
            EventKind::Started { workload, found_running, .. } => {
                self.begin(workload, event.monotonic_ns, !found_running);
            }
            EventKind::Identified { workload, .. } => self.identify(workload, event.monotonic_ns),
            EventKind::Lost(loss) if loses_events(loss) => {
                self.runs.iter_mut().for_each(|(_, run)| run.lossy = true);
            }
            _ => {}
        }
        let Some(id) = event.kind.workload() else { return };
        let Some(run) = self.runs.get_mut(&id) else { return };
        let before = run.bytes();
        let asked = run.profile.filter(|_| run.is_asked).and_then(|at| self.known.get(at));
        look(run, asked, event, &mut self.features, &mut self.judge, &mut self.counts, found);
        self.run_bytes = self.run_bytes + run.bytes() - before;
        if matches!(event.kind, EventKind::Exited { .. }) {
            self.end(id);
        }
        self.forget_some();
    }

    /// Takes in what a process cost from its start to its end, before the event of its end.
    pub fn cost(&mut self, id: WorkloadId, cpu: Duration) {
        if let Some(run) = self.runs.peek_mut(&id) {
            run.cpu = Some(cpu);
        }
    }

    /// Takes in what rules state: nothing is learnt from a run that may be an attack.
    pub fn detected(&mut self, detection: &Detection) {
        if detection.severity >= Severity::High
            && let Some(run) = self.runs.peek_mut(&detection.id)
        {
            run.rejected = true;
        }
    }

    /// Learns from the workloads that still run, and gives back everything that is known.
    pub fn finish(mut self) -> (Baselines, Counts) {
        let mut running: Vec<WorkloadId> = self.runs.iter().map(|(id, _)| *id).collect();
        running.sort_unstable();
        running.into_iter().for_each(|id| self.end(id));
        let modules = self.known.into_iter().map(|known| (known.key, known.profile)).collect();
        (Baselines { modules }, self.counts)
    }

    fn begin(&mut self, workload: &Workload, at: u64, from_start: bool) {
        if self.runs.len() == self.limits.runs.get() && !self.runs.contains(&workload.id) {
            self.evict();
        }
        let run = Run::new(at, from_start, self.learning);
        self.run_bytes += run.bytes();
        if let Some(old) = self.runs.put(workload.id, run) {
            self.run_bytes -= old.bytes();
        }
        self.identify(workload, at);
    }

    fn identify(&mut self, workload: &Workload, at: u64) {
        let Some(run) = self.runs.get_mut(&workload.id) else { return };
        let before = run.bytes();
        run.identify(workload, at);
        let key = run.key.as_ref().map(|key| (key.module, key.runtime.clone()));
        run.profile = key.and_then(|key| self.by_key.get(&key).copied());
        run.is_asked = run.profile.is_some_and(|at| self.needs.are_met(&self.known[at].profile));
        self.run_bytes = self.run_bytes + run.bytes() - before;
    }

    /// A run is over: what it did becomes usual, if it may.
    fn end(&mut self, id: WorkloadId) {
        let Some(mut run) = self.runs.pop(&id) else { return };
        self.run_bytes -= run.bytes();
        let Some(draft) = run.finish() else { return };
        let Some(key) = run.key else {
            self.counts.unnamed += 1;
            return;
        };
        let at = self.by_key.get(&(key.module, key.runtime.clone())).copied();
        let has_room = self.profile_bytes < self.limits.profile_bytes;
        match at {
            // A module without a profile has none of a rejected run either.
            _ if run.rejected => {
                self.counts.rejected += 1;
                if let Some(at) = at {
                    self.known[at].profile.rejected = self.known[at].profile.rejected.saturating_add(1);
                }
            }
            Some(at) if has_room => {
                let known = &mut self.known[at];
                known.profile.merge(&draft);
                let bytes = Baselines::bytes_of(&known.key, &known.profile);
                self.profile_bytes = self.profile_bytes + bytes - known.bytes;
                known.bytes = bytes;
                self.counts.learnt += 1;
            }
            None if has_room && self.known.len() < self.limits.modules => {
                self.insert(key, *draft);
                self.counts.learnt += 1;
            }
            _ => self.counts.no_room += 1,
        }
    }

    fn forget_some(&mut self) {
        while self.run_bytes > self.limits.run_bytes && !self.runs.is_empty() {
            self.evict();
        }
    }

    fn evict(&mut self) {
        if let Some((_, run)) = self.runs.pop_lru() {
            self.run_bytes -= run.bytes();
            self.counts.evicted += 1;
        }
    }
}

/// Takes an event into its run, and judges it by what is known of the module.
fn look(
    run: &mut Run,
    known: Option<&Known>,
    event: &Event,
    features: &mut Features,
    judge: &mut Judge,
    counts: &mut Counts,
    found: &mut Vec<Detection>,
) {
    let kind = event.kind.kind();
    run.last = run.last.max(event.monotonic_ns);
    if let EventKind::Throttled(_) = event.kind {
        run.lossy = true;
    }
    let mut bench = Bench { judge, run, known, event, counts, found };
    for (quantity, value) in bench.run.measure(&event.kind).into_iter().flatten() {
        bench.quantity(quantity, value);
    }
    if !is_act(kind) && kind != Kind::InstanceEnded {
        return;
    }
    features.read(&event.kind);
    let mut is_new = false;
    for feature in features.iter() {
        // What is new in one respect is new in others for the same reason: it is told once.
        is_new |= bench.pattern(feature.dimension, &feature.pattern, feature.how, is_new);
    }
    if let Some(sequence) = bench.run.sequences.next(&event.kind, is_new) {
        match sequence.is_asked {
            true => _ = bench.pattern(Dimension::Sequence, &sequence.text, How::default(), false),
            false => bench.run.note(Dimension::Sequence, &sequence.text, How::default()),
        }
        bench.run.sequences.reuse(sequence.text);
    }
    if is_act(kind) {
        let count = bench.run.count(kind, event.monotonic_ns);
        bench.quantity(Quantity::Rate(kind), count);
    }
}

/// Losses that leave events of any workload untold.
fn loses_events(loss: &Loss) -> bool {
    const STAGES: [&str; 5] = ["ring_full", "queue_drop", "decode_error", "map_full", "nested"];
    loss.family != "sample" && STAGES.contains(&loss.stage.as_str())
}
