//! Records that link to each other, and the search for the innermost one.

use super::super::table::{Code, Place};
use super::Chain;
use super::evidence::{Text, leads_to};
use wasmscope_model::FrameRecord;

/// Most records looked at, lowest first; the kernel side reports far fewer.
const MAX_RECORDS: usize = 1024;

/// How far below its trampoline's record a lone return address may lie where the trampoline cannot be
/// read: the frame holds the call's parameters and results and a few registers.
const MAX_FRAME: u64 = 4096;

/// How far a frame's caller may lie above it, as on the kernel's side.
const MAX_LINK: u64 = 1 << 20;

/// Candidates in known code, in ascending order of address.
pub(super) struct Records<'a> {
    all: Vec<Node<'a>>,
}

struct Node<'a> {
    at: u64,
    fp: u64,
    ret: u64,
    /// What `ret` returns to.
    caller: Code<'a>,
    /// What the call before `ret` names.
    called: Option<Code<'a>>,
}

impl Node<'_> {
    /// Whether it can be a frame's record: stack pointers are multiples of 16 at each call, and a caller's
    /// frame lies higher, so that a walk along records ends.
    fn is_record(&self) -> bool {
        let distance = self.fp.checked_sub(self.at);
        self.at.is_multiple_of(16)
            && self.fp.is_multiple_of(16)
            && distance.is_some_and(|d| d > 0 && d <= MAX_LINK)
    }
}

/// A record above which all is well, up to where the host entered or to the end of what was scanned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Nowhere,
    /// Beyond the last candidate.
    Beyond,
    /// The entry trampoline's record with this number.
    Entry(usize),
}

/// A record that may be the innermost one.
#[derive(Clone, Copy)]
struct Head {
    record: usize,
    exit: Option<Exit>,
}

/// A return address into an exit trampoline.
#[derive(Clone, Copy)]
struct Exit {
    /// Where it lies.
    word: u64,
    /// Whether it lies as far below the record as the trampoline's code says.
    checked: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(candidates: &[FrameRecord], text: &Text<'_, 'a>) -> Self {
        let mut sorted = candidates.to_vec();
        sorted.sort_by_key(|record| record.at);
        sorted.dedup_by_key(|record| record.at);
        let node = |record: &FrameRecord| {
            let caller = text.caller(record.ret)?;
            let called = text.called(record.ret);
            Some(Node { at: record.at, fp: record.fp, ret: record.ret, caller, called })
        };
        Self { all: sorted.iter().filter_map(node).take(MAX_RECORDS).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The stack; `checked` says whether calls must name the functions they led to.
    pub(super) fn chain(&self, text: &Text<'_, '_>, checked: bool) -> Option<Chain> {
        let reach = self.reach(checked);
        let heads = self.heads(text, &reach, checked);
        let head = self.innermost(&heads, &reach)?;
        let mut chain = Chain::default();
        let mut next = Some(head);
        while let Some(head) = next {
            next = None;
            for n in self.upward(head.record) {
                chain.pcs.extend(self.all.get(n).map(|node| node.ret));
            }
            match reach.get(head.record) {
                // The host had been called by a guest itself: that activation lies wholly above.
                Some(Reach::Entry(root)) => next = self.outer(&heads, &reach, *root),
                _ => chain.cut = true,
            }
        }
        Some(chain)
    }

    /// The record that `n` links to.
    fn parent(&self, n: usize) -> Option<usize> {
        let node = self.all.get(n)?;
        if !node.is_record() || node.caller.place == Place::Entry {
            return None;
        }
        self.all.binary_search_by_key(&node.fp, |node| node.at).ok()
    }

    /// `n` and all that it leads to, upward.
    fn upward(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(n), |n| self.parent(*n))
    }

    /// For each record where it leads.
    fn reach(&self, checked: bool) -> Vec<Reach> {
        let mut reach = vec![Reach::Nowhere; self.all.len()];
        let highest = self.all.last().map_or(0, |node| node.at);
        for n in (0..self.all.len()).rev() {
            let Some(node) = self.all.get(n) else { continue };
            let reached = match (node.caller.place, self.parent(n)) {
                (Place::Entry, _) if node.is_record() => Reach::Entry(n),
                // Only the host can have pushed it, which saves no frame pointer of its own there.
                (Place::Exit, _) => Reach::Nowhere,
                (_, Some(parent)) => {
                    let called = self.all.get(parent).and_then(|parent| parent.called);
                    let sound = !checked || leads_to(called, node.caller);
                    if sound { reach.get(parent).copied().unwrap_or(Reach::Nowhere) } else { Reach::Nowhere }
                }
                (_, None) if node.is_record() && node.fp > highest => Reach::Beyond,
                _ => Reach::Nowhere,
            };
            if let Some(slot) = reach.get_mut(n) {
                *slot = reached;
            }
        }
        reach
    }

    /// All records that may be the innermost one, highest first.
    fn heads(&self, text: &Text<'_, '_>, reach: &[Reach], checked: bool) -> Vec<Head> {
        let sound = |n: &usize| reach.get(*n).is_some_and(|reach| *reach != Reach::Nowhere);
        // A guest's function that did not call guest code there.
        let may_leave = |n: &usize| {
            let Some(node) = self.all.get(*n) else { return false };
            let called = node.called.map(|called| called.place);
            let guest = matches!(node.caller.place, Place::Function { .. });
            guest && (!checked || matches!(called, None | Some(Place::Exit)))
        };
        let mut heads: Vec<Head> = Vec::new();
        for exit in self.all.iter().filter(|node| node.caller.place == Place::Exit) {
            let word = exit.at.saturating_add(8);
            let size = text.frame_size(exit.caller);
            let record = match size {
                // The call pushed its return address right below the frame.
                Some(size) => {
                    let at = word.checked_add(8).and_then(|at| at.checked_add(size));
                    at.and_then(|at| self.all.binary_search_by_key(&at, |node| node.at).ok())
                }
                None => {
                    let above = self.all.partition_point(|node| node.at <= exit.at);
                    let lowest = (above..self.all.len()).find(|n| sound(n));
                    lowest.filter(|n| self.all.get(*n).is_some_and(|node| node.at - word <= MAX_FRAME))
                }
            };
            // A direct call names the very trampoline.
            let named = |n: &usize| {
                let called = self.all.get(*n).and_then(|node| node.called);
                !checked || called.is_none_or(|called| called.start == exit.caller.start)
            };
            if let Some(record) = record.filter(sound).filter(may_leave).filter(named) {
                heads.push(Head { record, exit: Some(Exit { word, checked: size.is_some() }) });
            }
        }
        if heads.is_empty() {
            // No return address into an exit trampoline was reported: records that nothing links to.
            let mut linked = vec![false; self.all.len()];
            (0..self.all.len()).filter(sound).filter_map(|n| self.parent(n)).for_each(|parent| {
                if let Some(linked) = linked.get_mut(parent) {
                    *linked = true;
                }
            });
            let free = (0..self.all.len()).filter(|n| linked.get(*n) == Some(&false));
            heads.extend(free.filter(sound).filter(may_leave).map(|record| Head { record, exit: None }));
        }
        heads.sort_by_key(|head| std::cmp::Reverse(head.record));
        heads
    }

    /// Of the lowest activation the highest head, unless another head's chain goes through it.
    ///
    /// The guest can have left for the host at the same place before; what a trampoline left then may lie in
    /// a live frame's unused slots. A whole chain below it cannot be such a remain as easily: most of it
    /// would lie right where the host's frames are.
    fn innermost(&self, heads: &[Head], reach: &[Reach]) -> Option<Head> {
        let root = |head: &Head| reach.get(head.record).copied();
        // A window that ends early has no entry for its outermost chains; complete ones are surer.
        let complete = heads.iter().filter(|head| matches!(root(head), Some(Reach::Entry(_))));
        let surely = |head: &&Head| matches!(head.exit, Some(Exit { checked: true, .. }));
        // Where nothing vouches for the lowest activation, the one that goes deepest is the live one.
        let length = |head: &&Head| self.upward(head.record).count();
        let lowest = complete.clone().rfind(surely).or_else(|| complete.max_by_key(length));
        let activation = root(lowest.or(heads.first())?)?;
        let mut heads = heads.iter().filter(|head| root(head) == Some(activation));
        let first = *heads.next()?;
        Some(heads.fold(first, |best, head| {
            let through = self.upward(head.record).any(|n| n == best.record);
            if through { *head } else { best }
        }))
    }

    /// The innermost record of the next activation above the entry with number `root`, if the host entered
    /// there while a guest was waiting for it.
    ///
    /// Above an entry lie host frames with remains of guest calls that are over, such as start functions.
    /// But when a guest waits, Wasmtime keeps where it left (`last_wasm_exit_pc`, the return address in the
    /// head) on the host's stack while the inner activation runs (`EntryStoreContext` in `wasmtime`
    /// `src/runtime/func.rs`, 48).
    fn outer(&self, heads: &[Head], reach: &[Reach], root: usize) -> Option<Head> {
        let kept = |head: &&Head| {
            let (Some(top), Some(Exit { word, checked: true })) = (self.all.get(head.record), head.exit)
            else {
                return false;
            };
            let between = self.all.get(root.saturating_add(1)..head.record).unwrap_or_default();
            between.iter().any(|node| node.ret == top.ret && node.at.saturating_add(8) < word)
        };
        let waiting: Vec<Head> = heads.iter().filter(kept).copied().collect();
        self.innermost(&waiting, reach)
    }
}
