//! The stack protector's guard, and whether the stack lies below the data.

use crate::CallGraph;
use crate::facts::{GuardPlace, ItemKind, ModuleFacts, Segment, StackGuard};
use crate::flow::{Operand, Watch, follow};
use crate::module::ModuleReader;
use crate::ports::Ports;
use crate::revisit::number;
use std::collections::{BTreeMap, BTreeSet};

/// Callers of `__stack_chk_fail` that are looked at: they all read the same guard.
const CALLERS: usize = 64;

/// How often a function reads each constant address.
#[derive(Default)]
struct Reads(BTreeMap<u64, u32>);

impl Watch for Reads {
    fn load(&mut self, address: Operand, offset: u64) {
        if let Some(address) = number(address)
            && self.0.len() < 10_000
        {
            *self.0.entry(address.saturating_add(offset)).or_default() += 1;
        }
    }
}

impl ModuleReader<'_> {
    /// Where the guard is: what is exported under its name, else the one address that every function reads twice
    /// which calls `__stack_chk_fail`. `bytes`: the module's.
    pub(crate) fn stack_guard(
        &self,
        bytes: &[u8],
        graph: Option<&CallGraph>,
        ports: &Ports,
    ) -> Option<StackGuard> {
        let mut exports = ports.exports.iter().filter(|e| e.name == "__stack_chk_guard");
        let exported = exports.find(|e| e.ty.kind == ItemKind::Global).map(|e| e.ty.index);
        let named = || self.globals.iter().find(|g| g.name.as_deref() == Some("__stack_chk_guard"));
        if let Some(global) = exported.or_else(|| named().map(|g| g.index)) {
            let global = self.globals.get(global as usize)?;
            // A symbol in memory is exported as a constant that holds its address.
            let address = global.initial.filter(|_| !global.mutable).map(|address| address as u32);
            return Some(match address {
                Some(address) => self.guard_in_memory(bytes, u64::from(address)),
                None => StackGuard {
                    place: GuardPlace::Global { index: global.index },
                    zero: global.initial.map(|n| n == 0),
                },
            });
        }
        let address = self.guard_by_code(bytes, graph?)?;
        Some(self.guard_in_memory(bytes, address))
    }

    fn guard_by_code(&self, bytes: &[u8], graph: &CallGraph) -> Option<u64> {
        let fail = self.functions_named(|name| (name == "__stack_chk_fail").then_some(()));
        if fail.is_empty() {
            return None;
        }
        let signatures = self.signatures_of_all();
        let mut common: Option<Vec<u64>> = None;
        for (caller, body) in self.callers(bytes, graph, fail.keys().copied()).take(CALLERS) {
            let mut reads = Reads::default();
            follow(&body, signatures.parameters(caller), &signatures, &BTreeSet::new(), &mut reads).ok()?;
            let twice = |address: &u64| reads.0.get(address).is_some_and(|count| *count >= 2);
            common = Some(match common {
                None => reads.0.keys().copied().filter(twice).collect(),
                Some(addresses) => addresses.into_iter().filter(twice).collect(),
            });
        }
        match common?.as_slice() {
            [address] => Some(*address),
            _ => None,
        }
    }

    fn guard_in_memory(&self, bytes: &[u8], address: u64) -> StackGuard {
        let initial = self.initial_word(bytes, address);
        StackGuard { place: GuardPlace::Memory { address }, zero: initial.map(|word| word == 0) }
    }

    /// Four bytes of the first memory before any code runs, if they are known.
    fn initial_word(&self, bytes: &[u8], address: u64) -> Option<u32> {
        let end = address.checked_add(4)?;
        let memory = self.memories.first()?;
        if self.data.list.len() as u64 != u64::from(self.data.count)
            || memory.imported
            || end > memory.minimum_bytes
        {
            return None;
        }
        let mut word = 0;
        for segment in &self.data.list {
            let Segment::Active { target: 0, start } = segment.segment else { continue };
            let start = start?;
            if end <= start || start.saturating_add(segment.size) <= address {
                continue;
            }
            let from =
                segment.offset.checked_sub(self.offset)?.checked_add(address.checked_sub(start)?)? as usize;
            word = u32::from_le_bytes(bytes.get(from..from.checked_add(4)?)?.try_into().ok()?);
        }
        Some(word)
    }
}

/// Does the stack end below all data of the first memory, so that an overflow traps before it reaches them?
/// `None` where the stack pointer or a segment's place is not known.
pub(crate) fn stack_first(facts: &ModuleFacts) -> Option<bool> {
    let top = u64::try_from(facts.hardening.stack_pointer.as_ref()?.initial?).ok()?;
    if facts.data.list.len() as u64 != u64::from(facts.data.count) {
        return None;
    }
    let mut lowest = None;
    for segment in &facts.data.list {
        if let Segment::Active { target: 0, start } = segment.segment {
            lowest = Some(start?.min(lowest.unwrap_or(u64::MAX)));
        }
    }
    lowest.map(|lowest| top <= lowest)
}
