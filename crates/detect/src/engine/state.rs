//! What is remembered of one workload or module.

use super::event_bytes;
use crate::{envelope::is_bounded, window::Window};
use wasmscope_model::{Event, Workload, text::lossy_within};

/// Events kept of a window before the one that fills it.
const EVIDENCE: usize = 3;
/// Different things of one rule that are told apart for suppression; beyond, they are suppressed together.
const MOST_TOLD: usize = 32;
/// Of a workload's facts: module files, and bytes of a text.
const MOST_MODULES: usize = 4;
const MOST_TEXT_BYTES: usize = 256;

/// Everything of one workload or module.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What is known of the workload, without what conditions do not ask for.
    pub(super) facts: Option<Box<Workload>>,
    /// The latest time of an event that matched, ns.
    pub(super) clock: u64,
    /// When events of it were last withheld, ns.
    pub(super) throttled_at: Option<u64>,
    /// By rule, sorted.
    slots: Vec<Slot>,
}

/// Everything of one rule and workload.
pub(super) struct Slot {
    pub(super) rule: u32,
    pub(super) window: Option<Window>,
    evidence: Vec<Event>,
    evidence_bytes: usize,
    told: Vec<Told>,
}

/// Something was told, and will not be again for a while.
#[derive(Debug)]
struct Told {
    what: u64,
    at: u64,
    suppressed: u64,
}

impl State {
    /// The place of a rule.
    pub(super) fn slot(&mut self, rule: u32) -> &mut Slot {
        let at = self.slots.binary_search_by_key(&rule, |slot| slot.rule).unwrap_or_else(|at| {
            let empty =
                Slot { rule, window: None, evidence: Vec::new(), evidence_bytes: 0, told: Vec::new() };
            self.slots.insert(at, empty);
            at
        });
        &mut self.slots[at]
    }

    /// Forgets windows and what was told; what the workload is stays known.
    pub(super) fn begin_anew(&mut self) {
        self.slots.clear();
        self.throttled_at = None;
    }

    /// Rules have other numbers now, or none any more.
    pub(super) fn renumber(&mut self, moved: &[Option<u32>]) {
        self.slots.retain_mut(|slot| match moved[slot.rule as usize] {
            Some(rule) => {
                slot.rule = rule;
                true
            }
            None => false,
        });
        self.slots.sort_by_key(|slot| slot.rule);
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.iter().map(Slot::bytes).sum()
    }
}

impl Slot {
    pub(super) fn bytes(&self) -> usize {
        let told = self.told.capacity() * size_of::<Told>();
        size_of::<Self>() + self.window.as_ref().map_or(0, Window::bytes) + self.evidence_bytes + told
    }

    /// Keeps an event if there is room, and forgets those before `from`.
    pub(super) fn keep_evidence(&mut self, event: &Event, from: u64) {
        if self.evidence.first().is_some_and(|first| first.monotonic_ns < from) {
            self.evidence.retain(|kept| kept.monotonic_ns >= from);
            self.evidence_bytes = self.evidence.iter().map(event_bytes).sum();
        }
        if self.evidence.len() < EVIDENCE {
            self.evidence_bytes += event_bytes(event);
            self.evidence.push(event.clone());
        }
    }

    /// The kept events from `since` on.
    pub(super) fn take_evidence(&mut self, since: u64) -> Vec<Event> {
        self.evidence_bytes = 0;
        let mut evidence = std::mem::take(&mut self.evidence);
        evidence.retain(|kept| kept.monotonic_ns >= since);
        evidence
    }

    /// Whether this is to be told `now`, and how many of the same were withheld since it last was.
    pub(super) fn told(&mut self, what: u64, now: u64, suppress: u64) -> Option<u64> {
        let known = match self.told.iter().position(|told| told.what == what) {
            Some(at) => Some(at),
            // Beyond the bound everything new counts as the oldest.
            None if self.told.len() == MOST_TOLD => {
                self.told.retain(|told| told.suppressed > 0 || now.saturating_sub(told.at) < suppress);
                (self.told.len() == MOST_TOLD).then_some(0)
            }
            None => None,
        };
        let Some(at) = known else {
            self.told.push(Told { what, at: now, suppressed: 0 });
            return Some(0);
        };
        let told = &mut self.told[at];
        if now.saturating_sub(told.at) < suppress {
            told.suppressed += 1;
            return None;
        }
        let suppressed = std::mem::take(&mut told.suppressed);
        (told.at, told.what) = (now, what);
        Some(suppressed)
    }
}

/// A workload without what no condition asks for, its texts cut.
pub(super) fn kept_facts(workload: &Workload) -> Workload {
    let cut =
        |text: &Option<String>| text.as_ref().map(|text| lossy_within(text.as_bytes(), MOST_TEXT_BYTES));
    let mut kept = Workload {
        modules: workload.modules.iter().take(MOST_MODULES).cloned().collect(),
        images: Vec::new(),
        memories: Vec::new(),
        unknown: Vec::new(),
        executable: cut(&workload.executable),
        recognition: wasmscope_model::Recognition { evidence: Vec::new(), ..workload.recognition.clone() },
        container: workload.container.clone(),
        ..*workload
    };
    // What is not kept, or in no file, may be able to do anything.
    if workload.modules.len() > MOST_MODULES || !is_bounded(workload) {
        kept.modules.iter_mut().for_each(|module| module.capabilities = None);
    }
    for module in &mut kept.modules {
        (module.path, module.name) = (cut(&module.path), cut(&module.name));
    }
    kept.recognition.version = cut(&kept.recognition.version);
    kept
}
