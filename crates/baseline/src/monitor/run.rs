//! What is kept of one workload while it runs.

use super::{recent::Recent, sequence::Sequences, told::Told};
use crate::{Dimension, Key, Profile, Quantity, patterns::How, quantity::RATE_NS};
use std::time::Duration;
use wasmscope_model::{EventKind, Kind, Sha256, Workload, text::lossy_within};

/// Memories of one workload whose sizes are added up.
const MOST_MEMORIES: usize = 16;
/// Longest path of a module that is kept, bytes.
const MOST_PATH_BYTES: usize = 256;
/// Shorter times say nothing about the share of a core.
const LEAST_CPU_TIME: Duration = Duration::from_secs(1);
const LEAST_GUEST_TIME: Duration = Duration::from_millis(100);
/// What a run takes at most beside its draft and its recent events: its facts, the last acts of its threads, what was told.
const FLAT_BYTES: usize = 4096;

/// What detections say of the workload.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) runtime: Option<String>,
    pub(super) version: Option<String>,
    pub(super) path: Option<String>,
    pub(super) sha256: Option<Sha256>,
}

/// One workload.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) key: Option<Key>,
    /// Its profile's place.
    pub(super) profile: Option<usize>,
    /// Enough was learnt of its module before.
    pub(super) is_asked: bool,
    pub(super) facts: Facts,
    /// What it did until now, if that is to be learnt.
    draft: Option<Box<Profile>>,
    draft_bytes: usize,
    /// Something of high severity was detected.
    pub(super) rejected: bool,
    /// Events of it were lost or withheld.
    pub(super) lossy: bool,
    from_start: bool,
    first: u64,
    pub(super) last: u64,
    memories: Vec<(u64, u64)>,
    most_memory: u64,
    pub(super) cpu: Option<Duration>,
    ended: Option<Duration>,
    rates: Vec<Rate>,
    pub(super) sequences: Sequences,
    pub(super) told: Told,
    pub(super) recent: Recent,
}

/// Events of a kind in a stretch of time.
#[derive(Debug)]
struct Rate {
    kind: Kind,
    stretch: u64,
    count: u64,
}

impl Run {
    pub(super) fn new(at: u64, from_start: bool, learning: bool) -> Self {
        Self {
            key: None,
            profile: None,
            is_asked: false,
            facts: Facts::default(),
            draft: learning.then(Box::default),
            draft_bytes: if learning { size_of::<Profile>() } else { 0 },
            rejected: false,
            lossy: false,
            from_start,
            first: at,
            last: at,
            memories: Vec::new(),
            most_memory: 0,
            cpu: None,
            ended: None,
            rates: Vec::new(),
            sequences: Sequences::default(),
            told: Told::default(),
            recent: Recent::default(),
        }
    }

    /// Heap bytes and its own, roughly and rather too much.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + FLAT_BYTES + self.draft_bytes + self.recent.bytes()
    }

    pub(super) fn identify(&mut self, workload: &Workload, at: u64) {
        self.last = self.last.max(at);
        let cut =
            |text: &Option<String>| text.as_ref().map(|text| lossy_within(text.as_bytes(), MOST_PATH_BYTES));
        let module = workload.module();
        self.key = Key::of(workload);
        self.facts = Facts {
            runtime: cut(&workload.recognition.runtime),
            version: cut(&workload.recognition.version),
            path: module.and_then(|module| cut(&module.path)),
            sha256: module.and_then(|module| module.sha256),
        };
        self.memories =
            workload.memories.iter().take(MOST_MEMORIES).map(|m| (m.base, m.size_bytes)).collect();
        if let Some(draft) = &mut self.draft {
            draft.path.clone_from(&self.facts.path);
        }
    }

    /// Takes in that this was done.
    pub(super) fn note(&mut self, dimension: Dimension, pattern: &str, how: How) {
        if let Some(draft) = &mut self.draft {
            let more = draft.note(dimension, pattern, how);
            self.draft_bytes = self.draft_bytes.saturating_add_signed(more);
        }
    }

    /// Counts an event, and says how many there were in this stretch of time.
    pub(super) fn count(&mut self, kind: Kind, now: u64) -> u64 {
        let stretch = now / RATE_NS;
        let Some(rate) = self.rates.iter_mut().find(|rate| rate.kind == kind) else {
            self.rates.push(Rate { kind, stretch, count: 1 });
            return 1;
        };
        if rate.stretch == stretch {
            rate.count += 1;
            return rate.count;
        }
        let before = std::mem::replace(&mut rate.count, 1);
        rate.stretch = stretch;
        if let Some(draft) = &mut self.draft {
            draft.measure(Quantity::Rate(kind), before);
        }
        1
    }

    /// What an event says of quantities.
    pub(super) fn measure(&mut self, kind: &EventKind) -> [Option<(Quantity, u64)>; 2] {
        match kind {
            EventKind::Started { .. } | EventKind::Identified { .. } => [self.memory(), None],
            EventKind::Grown { memory, .. } => {
                match self.memories.iter().position(|(base, _)| *base == memory.base) {
                    Some(at) => self.memories[at].1 = memory.size_bytes,
                    None if self.memories.len() < MOST_MEMORIES => {
                        self.memories.push((memory.base, memory.size_bytes));
                    }
                    None => {}
                }
                [self.memory(), None]
            }
            EventKind::GuestRan(of) => {
                let run = &of.what.what;
                let share = share(
                    Duration::from_nanos(run.cpu_ns),
                    Duration::from_nanos(run.wall_ns),
                    LEAST_GUEST_TIME,
                );
                if let (Some(draft), Some(share)) = (&mut self.draft, share) {
                    draft.measure(Quantity::GuestCpu, share);
                }
                [share.map(|share| (Quantity::GuestCpu, share)), None]
            }
            EventKind::Exited { seconds, .. } => {
                self.ended = Duration::try_from_secs_f64(*seconds).ok();
                [
                    self.duration().map(|duration| (Quantity::Duration, duration)),
                    self.cpu_share().map(|share| (Quantity::Cpu, share)),
                ]
            }
            _ => [None, None],
        }
    }

    fn memory(&mut self) -> Option<(Quantity, u64)> {
        let sum = self.memories.iter().fold(0, |sum: u64, (_, size)| sum.saturating_add(*size));
        self.most_memory = self.most_memory.max(sum);
        (sum > 0).then_some((Quantity::Memory, sum))
    }

    fn duration(&self) -> Option<u64> {
        self.ended.filter(|_| self.from_start).map(|duration| duration.as_millis() as u64)
    }

    fn cpu_share(&self) -> Option<u64> {
        share(self.cpu?, self.ended?, LEAST_CPU_TIME)
    }

    /// Everything that it did, as one run; nothing if that is not to be learnt.
    pub(super) fn finish(&mut self) -> Option<Box<Profile>> {
        let mut draft = self.draft.take()?;
        for rate in self.rates.drain(..) {
            draft.measure(Quantity::Rate(rate.kind), rate.count);
        }
        let measured = [
            (Quantity::Memory, Some(self.most_memory).filter(|most| *most > 0)),
            (Quantity::Duration, self.duration()),
            (Quantity::Cpu, self.cpu_share()),
        ];
        for (quantity, value) in measured {
            value.into_iter().for_each(|value| draft.measure(quantity, value));
        }
        draft.of_one_run(self.last.saturating_sub(self.first) / 1_000_000, self.lossy);
        Some(draft)
    }
}

/// Thousandths of a core; `None` of too short a time.
fn share(cpu: Duration, time: Duration, least: Duration) -> Option<u64> {
    (time >= least).then(|| (cpu.as_nanos() * 1000 / time.as_nanos()) as u64)
}
