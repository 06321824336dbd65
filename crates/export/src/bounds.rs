//! How many series there are at most, and which: a choice that is made once and kept.
//!
//! A counter must never go down: Prometheus would take it for a restart and count everything again. So
//! nothing that was once added to `other` leaves it, and nothing that once had its own series joins it:
//!
//! - A list grows names, the most used first, until one has no room. From then on it is closed: all later
//!   names are `other` for as long as the workload is listed.
//! - A workload that is exported stays so while it is listed; one that is not waits for a free place.

use crate::{
    label::{label, sanitise},
    snapshot::{ByName, IoUsage, Snapshot, StageCount, WorkloadUsage},
};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};
use wasmscope_model::WorkloadId;

/// Workloads exported at most.
pub const WORKLOADS: usize = 2048;
/// Names that all lists of all workloads share beyond those that each is sure of. With 1,000 workloads at
/// every other bound, the page stays under 5 MiB.
const SHARED_NAMES: usize = 2560;
/// What is not told apart.
const OTHER: &str = "other";

/// How many names one list may have.
#[derive(Clone, Copy)]
struct Room {
    most: usize,
    /// Names that it has whatever the others take.
    sure: usize,
}

const CALLS: Room = Room { most: 64, sure: 8 };
const ERRNOS: Room = Room { most: 32, sure: 2 };
const MODULES: Room = Room { most: 32, sure: 2 };
const TRAPS: Room = Room { most: 32, sure: 2 };
const RULES: Room = Room { most: 32, sure: 2 };
/// What instrumented modules count: the names are the guest's to write.
const RESULTS: Room = Room { most: 64, sure: 1 };
/// The result that alerts ask for: it has the sure place, however much a guest counts.
const VIOLATIONS: &str = "violations";
/// Runtimes, ways to end and events: few by nature, and not multiplied by workloads.
const GLOBAL: Room = Room { most: 64, sure: 64 };

/// A workload within all bounds.
#[derive(Debug)]
pub(crate) struct Exported {
    /// Its id as a label.
    pub(crate) id: String,
    pub(crate) pid: String,
    pub(crate) sha256: String,
    pub(crate) usage: WorkloadUsage,
}

/// A snapshot with harmless, unique labels and a bounded number of series.
#[derive(Debug)]
pub(crate) struct Bounded {
    pub(crate) workloads: Vec<Exported>,
    /// Everything else; its own `workloads` are empty.
    pub(crate) rest: Snapshot,
}

/// The names that one list tells apart.
#[derive(Debug, Default)]
struct Names {
    named: BTreeSet<Cow<'static, str>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct WorkloadNames {
    calls: Names,
    errnos: Names,
    modules: Names,
    traps: Names,
    rules: Names,
    results: Names,
}

impl WorkloadNames {
    /// How many of [`SHARED_NAMES`] it takes.
    fn shared(&self) -> usize {
        let lists = [
            (&self.calls, CALLS),
            (&self.errnos, ERRNOS),
            (&self.modules, MODULES),
            (&self.traps, TRAPS),
            (&self.rules, RULES),
            (&self.results, RESULTS),
        ];
        lists.into_iter().map(|(names, room)| names.named.len().saturating_sub(room.sure)).sum()
    }
}

/// What was chosen in earlier scrapes.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    workloads: HashMap<WorkloadId, WorkloadNames>,
    started: Names,
    exited: Names,
    events: Names,
}

impl Choice {
    /// Brings a snapshot within the bounds.
    pub(crate) fn apply(&mut self, mut snapshot: Snapshot) -> Bounded {
        let mut usages = std::mem::take(&mut snapshot.workloads);
        let mut listed = HashSet::with_capacity(usages.len());
        // Two series with the same labels would make Prometheus refuse the whole page.
        usages.retain(|usage| listed.insert(usage.id));
        self.workloads.retain(|id, _| listed.contains(id));
        let mut shared = self.workloads.values().map(WorkloadNames::shared).sum();

        let mut workloads = Vec::with_capacity(usages.len().min(WORKLOADS));
        let mut free = WORKLOADS.saturating_sub(self.workloads.len());
        for mut usage in usages {
            if !self.workloads.contains_key(&usage.id) {
                if free == 0 {
                    snapshot.workloads_not_exported = snapshot.workloads_not_exported.saturating_add(1);
                    continue;
                }
                free -= 1;
            }
            let names = self.workloads.entry(usage.id).or_default();
            names.calls.fold(&mut usage.syscalls, CALLS, &mut shared);
            names.errnos.fold(&mut usage.syscall_errors, ERRNOS, &mut shared);
            names.modules.fold(&mut usage.guest_cpu, MODULES, &mut shared);
            names.traps.fold(&mut usage.traps, TRAPS, &mut shared);
            names.rules.fold(&mut usage.detections, RULES, &mut shared);
            if usage.guest_results.iter().any(|(name, _)| name == VIOLATIONS) {
                names.results.named.insert(Cow::Borrowed(VIOLATIONS));
            }
            names.results.fold(&mut usage.guest_results, RESULTS, &mut shared);
            workloads.push(Exported::new(usage));
        }

        for (names, list) in [
            (&mut self.started, &mut snapshot.started),
            (&mut self.exited, &mut snapshot.exited),
            (&mut self.events, &mut snapshot.agent.events),
        ] {
            names.fold(list, GLOBAL, &mut shared);
        }
        make_unique(&mut snapshot);
        Bounded { workloads, rest: snapshot }
    }
}

impl Exported {
    fn new(mut usage: WorkloadUsage) -> Self {
        let texts =
            [&mut usage.runtime, &mut usage.version, &mut usage.module, &mut usage.container, &mut usage.pod];
        for text in texts.into_iter().flatten() {
            if let Cow::Owned(safe) = label(text) {
                *text = safe;
            }
        }
        usage.io.sort_by_key(|io| (io.kind, io.direction));
        usage.io.dedup_by(|next, first| {
            let same = (next.kind, next.direction) == (first.kind, first.direction);
            if same {
                *first = IoUsage {
                    operations: first.operations.saturating_add(next.operations),
                    bytes: first.bytes.saturating_add(next.bytes),
                    ..*first
                };
            }
            same
        });
        Self {
            id: usage.id.to_string(),
            pid: usage.pid.to_string(),
            sha256: usage.module_sha256.map(|hash| hash.to_string()).unwrap_or_default(),
            usage,
        }
    }
}

impl Names {
    /// Leaves the named entries and, where there are more, their sum as the last, `other`.
    fn fold<T: Amount>(&mut self, list: &mut ByName<T>, room: Room, shared: &mut usize) {
        list.iter_mut().for_each(|(name, _)| sanitise(name));
        // Most used first: where there is no room for all, they are the ones to be told apart.
        merge_by_name(list);
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut other = None;
        list.retain(|(name, amount)| {
            let mut named = self.named.contains(name);
            if !named && self.has_room(name, room, shared) {
                named = self.named.insert(name.clone());
            }
            if !named {
                let sum: &mut T = other.get_or_insert_default();
                *sum = sum.plus(*amount);
            }
            named
        });
        // In the order of names, pages of two scrapes can be compared by eye and by diff.
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list.extend(other.map(|sum| (Cow::Borrowed(OTHER), sum)));
    }

    /// Takes the room for one more name, or closes the list.
    fn has_room(&mut self, name: &str, room: Room, shared: &mut usize) -> bool {
        if self.closed || name == OTHER {
            return false;
        }
        let needs_share = self.named.len() >= room.sure;
        if self.named.len() >= room.most || (needs_share && *shared >= SHARED_NAMES) {
            self.closed = true;
            return false;
        }
        *shared += usize::from(needs_share);
        true
    }
}

/// An amount whose sums are exact and do not depend on the order.
trait Amount: Copy + Ord + Default {
    fn plus(self, other: Self) -> Self;
}

impl Amount for u64 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Amount for Duration {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

/// Adds up equal names, which different texts become as labels.
fn merge_by_name<T: Amount>(list: &mut ByName<T>) {
    list.sort_by(|a, b| a.0.cmp(&b.0));
    list.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 = first.1.plus(next.1);
        }
        same
    });
}

/// The agent's own lists: their names are written in its code, which bounds them.
fn make_unique(snapshot: &mut Snapshot) {
    let agent = &mut snapshot.agent;
    sanitise(&mut agent.version);
    for stages in [&mut agent.losses, &mut agent.records] {
        for StageCount { family, stage, .. } in stages.iter_mut() {
            sanitise(family);
            sanitise(stage);
        }
        stages.sort_by(|a, b| (&a.family, &a.stage).cmp(&(&b.family, &b.stage)));
        stages.dedup_by(|next, first| {
            let same = (&next.family, &next.stage) == (&first.family, &first.stage);
            if same {
                first.count = first.count.saturating_add(next.count);
            }
            same
        });
    }
    agent.probes.iter_mut().for_each(|(name, _)| sanitise(name));
    agent.probes.sort_by(|a, b| a.0.cmp(&b.0));
    agent.probes.dedup_by(|next, first| next.0 == first.0);
    agent.queues.iter_mut().for_each(|queue| sanitise(&mut queue.name));
    agent.queues.sort_by(|a, b| a.name.cmp(&b.name));
    agent.queues.dedup_by(|next, first| next.name == first.name);
}
