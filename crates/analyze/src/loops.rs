//! Loops of a telling shape, found while the code is read once: what each loop does is the difference of counters between
//! its end and its beginning.

use crate::facts::{Dispatcher, LoopFunction, Shapes};
use crate::limits::CONTENT;

/// What of an instruction matters for loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Nothing,
    /// Loads a byte, or sixteen at once.
    LoadByte,
    /// Stores a byte, or sixteen at once.
    StoreByte,
    /// Any other access to memory that is not atomic.
    Memory,
    /// Adds atomically, or stores so.
    AtomicAdd,
    /// Any other atomic access.
    Atomic,
    Call,
    Xor,
}

/// What the instruction with this name of wasmparser's visitor does; at compile time.
pub(crate) const fn touch(visit: &str) -> Touch {
    if has(visit, "visit_call") || has(visit, "visit_return_call") {
        Touch::Call
    } else if has(visit, "atomic") {
        if has(visit, "rmw") && has(visit, "_add") || has(visit, "atomic_store") {
            Touch::AtomicAdd
        } else if has(visit, "fence") {
            Touch::Nothing
        } else {
            Touch::Atomic
        }
    } else if has(visit, "_load8_") || is(visit, "visit_v128_load") {
        // `v128.load8_lane` and `_splat` are among them: they load one byte.
        Touch::LoadByte
    } else if has(visit, "_store8") || is(visit, "visit_v128_store") {
        Touch::StoreByte
    } else if has(visit, "_load") || has(visit, "_store") || has(visit, "visit_memory_") {
        Touch::Memory
    } else if has(visit, "_xor") {
        Touch::Xor
    } else {
        Touch::Nothing
    }
}

const fn is(text: &str, other: &str) -> bool {
    text.len() == other.len() && has(text, other)
}

const fn has(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let mut start = 0;
    while start + part.len() <= text.len() {
        let mut n = 0;
        while n < part.len() && text[start + n] == part[n] {
            n += 1;
        }
        if n == part.len() {
            return true;
        }
        start += 1;
    }
    false
}

/// Counters over one function. They may wrap: only differences are used.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    load_byte: u32,
    store_byte: u32,
    memory: u32,
    atomic_add: u32,
    atomic: u32,
    call: u32,
    xor: u32,
    blocks: u32,
    loops: u32,
}

struct Frame {
    depth: u64,
    before: Tally,
    /// Branches to its beginning.
    back: u32,
    /// Targets of the largest `br_table` in it, but not in a loop inside.
    width: u32,
}

/// Loops in loops that are told apart. Deeper ones, which no compiler makes, count as part of the last.
const NESTED: usize = 256;

/// Targets that make a `br_table` a dispatcher.
const TARGETS: u32 = 16;

/// Bytes at most that one round of a loop without `xor` loads.
const UNROLLED: u32 = 16;

/// The loops of the function that is being read.
#[derive(Default)]
pub(crate) struct Loops {
    frames: Vec<Frame>,
    /// Depth of the innermost loop, 0 for none.
    innermost: u64,
    tally: Tally,
    counters: u32,
    copies: bool,
    dispatcher: Option<Dispatcher>,
}

impl Loops {
    /// A function begins.
    pub(crate) fn reset(&mut self) {
        self.frames.clear();
        *self = Self { frames: std::mem::take(&mut self.frames), ..Self::default() };
    }

    #[inline(always)]
    pub(crate) fn touch(&mut self, touch: Touch) {
        let tally = &mut self.tally;
        let counter = match touch {
            Touch::Nothing => return,
            Touch::LoadByte => &mut tally.load_byte,
            Touch::StoreByte => &mut tally.store_byte,
            Touch::Memory => &mut tally.memory,
            Touch::AtomicAdd => &mut tally.atomic_add,
            Touch::Atomic => &mut tally.atomic,
            Touch::Call => &mut tally.call,
            Touch::Xor => &mut tally.xor,
        };
        *counter = counter.wrapping_add(1);
    }

    pub(crate) fn block(&mut self) {
        self.tally.blocks = self.tally.blocks.wrapping_add(1);
    }

    /// A loop begins, whose body is at `depth`.
    pub(crate) fn begin(&mut self, depth: u64) {
        self.tally.loops = self.tally.loops.wrapping_add(1);
        if self.frames.len() < NESTED {
            self.frames.push(Frame { depth, before: self.tally, back: 0, width: 0 });
            self.innermost = depth;
        }
    }

    /// A branch to the block at `depth`.
    #[inline]
    pub(crate) fn branch(&mut self, depth: u64) {
        if depth > self.innermost || self.innermost == 0 {
            return;
        }
        if let Ok(n) = self.frames.binary_search_by_key(&depth, |frame| frame.depth) {
            self.frames[n].back += 1;
        }
    }

    pub(crate) fn table(&mut self, targets: u32) {
        if let Some(frame) = self.frames.last_mut() {
            frame.width = frame.width.max(targets);
        }
    }

    /// The block at `depth` ends.
    #[inline]
    pub(crate) fn end(&mut self, depth: u64) {
        if depth == self.innermost && depth > 0 {
            self.end_loop();
        }
    }

    fn end_loop(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.innermost = self.frames.last().map_or(0, |outer| outer.depth);
        let (now, before) = (&self.tally, &frame.before);
        let quiet = now.loops == before.loops && now.call == before.call;
        if quiet {
            let plain = now.load_byte != before.load_byte
                || now.store_byte != before.store_byte
                || now.memory != before.memory;
            // Without `xor`, only a loop that does nothing else with memory: others are too many to look at.
            let small =
                now.memory == before.memory && now.load_byte.wrapping_sub(before.load_byte) <= UNROLLED;
            let copies = now.load_byte != before.load_byte && now.store_byte != before.store_byte;
            self.copies |= copies && (small || now.xor != before.xor);
            let adds = now.atomic_add != before.atomic_add && now.atomic == before.atomic;
            self.counters += u32::from(adds && !plain);
        }
        let best = self.dispatcher.as_ref().map_or(0, |best| best.back_branches);
        if frame.width >= TARGETS && frame.back >= frame.width / 2 && frame.back > best {
            let blocks = now.blocks.wrapping_sub(before.blocks);
            let (index, offset) = (0, 0);
            let (targets, back_branches) = (frame.width, frame.back);
            self.dispatcher = Some(Dispatcher { index, name: None, targets, back_branches, blocks, offset });
        }
    }

    /// Is there a loop that may decode: it loads and stores bytes and calls nothing?
    pub(crate) fn copies(&self) -> bool {
        self.copies
    }

    /// The function ends: notes its loops.
    pub(crate) fn note(&mut self, shapes: &mut Shapes, decoders: u32, index: u32, offset: u64) {
        for (loops, counted) in
            [(decoders, &mut shapes.decoder_loops), (self.counters, &mut shapes.counter_loops)]
        {
            if loops > 0 {
                counted.count += 1;
                if counted.list.len() < CONTENT {
                    counted.list.push(LoopFunction { index, name: None, loops, offset });
                }
            }
        }
        if let Some(dispatcher) = self.dispatcher.take() {
            shapes.dispatchers.count += 1;
            if shapes.dispatchers.list.len() < CONTENT {
                shapes.dispatchers.list.push(Dispatcher { index, offset, ..dispatcher });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Touch, touch};

    #[test]
    fn names_of_instructions_are_understood() {
        for (name, wanted) in [
            ("visit_i32_load8_u", Touch::LoadByte),
            ("visit_i64_store8", Touch::StoreByte),
            ("visit_v128_load", Touch::LoadByte),
            ("visit_v128_load64_lane", Touch::Memory),
            ("visit_i64_load32_u", Touch::Memory),
            ("visit_memory_copy", Touch::Memory),
            ("visit_i32_atomic_rmw8_add_u", Touch::AtomicAdd),
            ("visit_i64_atomic_store32", Touch::AtomicAdd),
            ("visit_i32_atomic_rmw_cmpxchg", Touch::Atomic),
            ("visit_i32_atomic_load", Touch::Atomic),
            ("visit_atomic_fence", Touch::Nothing),
            ("visit_return_call_indirect", Touch::Call),
            ("visit_v128_xor", Touch::Xor),
            ("visit_i32_rotl", Touch::Nothing),
        ] {
            assert_eq!(touch(name), wanted, "{name}");
        }
    }
}
