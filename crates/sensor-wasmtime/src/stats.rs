//! Counters of one instance. Its own thread writes them, without atomic read-modify-write; any thread reads them.

use crate::{
    Code, Function,
    function::{BLOCK_SLOTS, BLOCKS},
    functions,
    sensor::Customs,
    summary::{ErrorCount, FunctionTotals},
};
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
};

/// Most custom functions of one process that are counted one by one.
pub(crate) const CUSTOM_SLOTS: usize = 64;

/// Pairs of function and error that are counted one by one, for each instance; the rest is counted together.
const ERROR_SLOTS: usize = 128;

/// Where to look for a pair before giving up.
const PROBES: usize = 16;

/// A number that one thread at a time changes.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    pub(crate) fn sub(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).saturating_sub(n), Relaxed);
    }

    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }

    pub(crate) fn raise(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).max(n), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Counters of one function: one cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Slot {
    pub(crate) calls: Counter,
    pub(crate) errors: Counter,
    pub(crate) traps: Counter,
    pub(crate) denied: Counter,
    pub(crate) ns: Counter,
    pub(crate) read: Counter,
    pub(crate) written: Counter,
}

/// How often a function gave an error.
#[derive(Debug, Default)]
struct ErrorSlot {
    /// Function and code; 0 while it is free.
    key: AtomicU32,
    count: Counter,
}

/// Counters of all functions; those of an interface are made when it is used for the first time.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    blocks: [OnceLock<Box<[Slot]>>; BLOCKS],
    custom: OnceLock<Box<[Slot]>>,
    errors: OnceLock<Box<[ErrorSlot]>>,
    other_errors: Counter,
}

impl Stats {
    #[inline]
    pub(crate) fn slot(&self, function: &Function) -> &Slot {
        let block = match self.blocks.get(usize::from(function.block)) {
            Some(block) => block.get_or_init(|| slots(BLOCK_SLOTS[usize::from(function.block)])),
            None => self.custom.get_or_init(|| slots(CUSTOM_SLOTS)),
        };
        // Slots are numbered where blocks are sized: by the build script, and by `Customs`.
        &block[usize::from(function.slot)]
    }

    pub(crate) fn error(&self, function: &Function, code: Code) {
        let key = (u32::from(function.id) << 16 | u32::from(code.0)).wrapping_add(1);
        let slots = self.errors.get_or_init(|| (0..ERROR_SLOTS).map(|_| ErrorSlot::default()).collect());
        let first = key.wrapping_mul(0x9e37_79b1) as usize >> 16;
        for probe in 0..PROBES {
            let slot = &slots[(first + probe) % ERROR_SLOTS];
            match slot.key.load(Relaxed) {
                0 => slot.key.store(key, Relaxed),
                other if other != key => continue,
                _ => {}
            }
            return slot.count.add(1);
        }
        self.other_errors.add(1);
    }

    /// All functions that were called.
    pub(crate) fn totals(&self, customs: &Customs) -> Vec<FunctionTotals> {
        let mut out = Vec::new();
        let mut add = |function: &'static Function, slot: &Slot| {
            let calls = slot.calls.get();
            if calls > 0 {
                out.push(FunctionTotals {
                    function,
                    calls,
                    errors: slot.errors.get(),
                    traps: slot.traps.get(),
                    denied: slot.denied.get(),
                    ns: slot.ns.get(),
                    read: slot.read.get(),
                    written: slot.written.get(),
                });
            }
        };
        for function in functions() {
            if let Some(block) = self.blocks[usize::from(function.block)].get() {
                add(function, &block[usize::from(function.slot)]);
            }
        }
        if let Some(block) = self.custom.get() {
            customs.each(|function| add(function, &block[usize::from(function.slot)]));
        }
        out
    }

    /// Errors by function and name, and how many did not fit into the table.
    pub(crate) fn errors(&self, customs: &Customs) -> (Vec<ErrorCount>, u64) {
        let slots = self.errors.get().map(|slots| &slots[..]).unwrap_or_default();
        let counts = slots.iter().filter_map(|slot| {
            let key = slot.key.load(Relaxed).checked_sub(1)?;
            let function = customs.function((key >> 16) as u16)?;
            Some(ErrorCount { function, code: Code(key as u16), count: slot.count.get() })
        });
        (counts.collect(), self.other_errors.get())
    }
}

fn slots(count: usize) -> Box<[Slot]> {
    (0..count).map(|_| Slot::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_pairs_than_the_table_holds_are_counted_together() {
        let stats = Stats::default();
        let customs = Customs::default();
        for code in 0..50 {
            for function in functions().iter().take(20) {
                stats.error(function, Code(code));
                stats.error(function, Code(code));
            }
        }
        let (told, other) = stats.errors(&customs);
        assert!(told.len() <= ERROR_SLOTS && told.len() > ERROR_SLOTS / 2);
        assert!(told.iter().all(|count| count.count == 2));
        assert_eq!(told.len() as u64 * 2 + other, 2_000);
    }

    #[test]
    fn each_function_has_a_slot_of_its_own() {
        let stats = Stats::default();
        for (n, function) in functions().iter().enumerate() {
            stats.slot(function).calls.add(n as u64 + 1);
        }
        let totals = stats.totals(&Customs::default());
        assert_eq!(totals.len(), functions().len());
        assert!(totals.iter().all(|total| total.calls == u64::from(total.function.id) + 1));
    }
}
