//! `constants`: nothing writes into data that the compiler meant to be constant.
//!
//! WebAssembly has no read-only memory. Which data is constant, linkers tell in the names of data segments (`.rodata`).
//! Code that puts segments into memory when a program starts may write there. Atomic read-modify-write accesses are not
//! checked.

use super::Pass;
use crate::access::access;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::Code;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;
use crate::violation::Kind;
use crate::width::Width;
use std::ops::Range;
use wasm_encoder::{BlockType, ValType};
use wasmparser::Operator;

/// Functions that linkers make to fill memory.
const WRITERS: [&str; 3] = ["__wasm_init_memory", "__wasm_apply_data_relocs", "__wasm_apply_global_relocs"];

/// The addresses that must not change.
#[derive(Debug, Default)]
pub(super) struct Constants {
    ranges: Vec<Range<u64>>,
    kind: Option<Kind>,
}

impl Constants {
    pub(super) fn new(ranges: Vec<Range<u64>>) -> Self {
        Self { ranges, kind: None }
    }
}

impl Pass for Constants {
    fn name(&self) -> &'static str {
        "constants"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        for (index, segment) in module.data.iter().enumerate() {
            let named = module.names.data(index as u32).is_some_and(|name| name.starts_with(".rodata"));
            if let Some((0, Some(start))) = segment.active
                && named
            {
                self.ranges.push(start..start.saturating_add(segment.len));
            }
        }
        self.ranges.retain(|range| range.start < range.end);
        if self.ranges.is_empty() {
            let reason =
                "no constant data is known: no data segment is named .rodata; give addresses".to_owned();
            return Err(Refused::Pass { pass: self.name().to_owned(), reason });
        }
        self.ranges.sort_by_key(|range| range.start);
        let shown: Vec<String> =
            self.ranges.iter().map(|r| format!("{:#x} to {:#x}", r.start, r.end)).collect();
        additions.note(format!("constant data: {}", shown.join(", ")));
        self.kind = Some(additions.violation_kind("constant overwritten"));
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let name = body.module.function_name(body.function).unwrap_or_default();
        if body.module.start == Some(body.function) || WRITERS.contains(&name) {
            return;
        }
        for (at, instruction) in body.instructions.iter().enumerate() {
            let at = at as u32;
            let found = access(&instruction.operator);
            if let Some((value, access)) = found.and_then(|access| Some((access.value?, access)))
                && access.memory() == Some(0)
            {
                self.store(body, at, value, access.memarg.offset, u64::from(access.bytes), edits);
            }
            match instruction.operator {
                Operator::MemoryCopy { dst_mem: 0, src_mem } => {
                    let (wide, source) = (body.module.memory64(0), body.module.memory64(src_mem));
                    self.bulk(body, at, [source, wide && source], edits);
                }
                Operator::MemoryFill { mem: 0 } => {
                    self.bulk(body, at, [false, body.module.memory64(0)], edits)
                }
                Operator::MemoryInit { mem: 0, .. } => self.bulk(body, at, [false, false], edits),
                _ => {}
            }
        }
    }
}

impl Constants {
    fn store(
        &self,
        body: &Body<'_, '_>,
        at: u32,
        value: ValType,
        offset: u64,
        bytes: u64,
        edits: &mut Edits<'_>,
    ) {
        let width = Width { wide: body.module.memory64(0) };
        let (address, kept) = (edits.scratch(width.ty(), 0), edits.scratch(value, 1));
        let alarm = edits.alarm(self.kind.expect("prepared"), body.instructions[at as usize].offset);
        edits.before(at, |code| {
            code.raw().local_set(kept).local_tee(address);
            for (n, range) in self.ranges.iter().enumerate() {
                // A store touches the range if it begins at most its own length before it.
                let first = range.start.saturating_sub(bytes - 1);
                code.raw().local_get(address);
                width.constant(code, offset.wrapping_sub(first));
                width.add(code);
                width.constant(code, range.end - first);
                width.less(code);
                if n > 0 {
                    code.raw().i32_or();
                }
            }
            let begin = |code: &mut Code<'_>| {
                code.raw().local_get(address);
                width.extend(code);
                code.raw().i64_const(offset.cast_signed()).i64_add();
            };
            code.raw().if_(BlockType::Empty);
            begin(code);
            code.raw().i64_const(bytes.cast_signed()).i64_add();
            within(code, body.module);
            code.raw().if_(BlockType::Empty);
            begin(code);
            alarm.raise(code);
            code.raw().end().end().local_get(kept);
        });
    }

    /// A write whose length is on the stack, above two other numbers. `wide`: whether the second and the third are.
    fn bulk(&self, body: &Body<'_, '_>, at: u32, wide: [bool; 2], edits: &mut Edits<'_>) {
        let width = Width { wide: body.module.memory64(0) };
        let [second, third] = wide.map(|wide| Width { wide });
        let (to, middle) = (edits.scratch(width.ty(), 0), edits.scratch(second.ty(), 1));
        let length = edits.scratch(third.ty(), 2);
        let alarm = edits.alarm(self.kind.expect("prepared"), body.instructions[at as usize].offset);
        let extended = |code: &mut Code<'_>, local: u32, width: Width| {
            code.raw().local_get(local);
            width.extend(code);
        };
        edits.before(at, |code| {
            code.raw().local_set(length).local_set(middle).local_tee(to);
            for (n, range) in self.ranges.iter().enumerate() {
                extended(code, to, width);
                code.raw().i64_const(range.end.cast_signed()).i64_lt_u();
                extended(code, to, width);
                extended(code, length, third);
                code.raw().i64_add().i64_const(range.start.cast_signed()).i64_gt_u().i32_and();
                extended(code, length, third);
                code.raw().i64_eqz().i32_eqz().i32_and();
                if n > 0 {
                    code.raw().i32_or();
                }
            }
            code.raw().if_(BlockType::Empty);
            extended(code, to, width);
            extended(code, length, third);
            code.raw().i64_add();
            within(code, body.module);
            code.raw().if_(BlockType::Empty);
            extended(code, to, width);
            alarm.raise(code);
            code.raw().end().end().local_get(middle).local_get(length);
        });
    }
}

/// Whether the address on the stack, an `i64`, is at most the end of memory 0. A write beyond it traps and changes nothing.
fn within(code: &mut Code<'_>, module: &Module<'_>) {
    let memory = &module.memories[0];
    let page = memory.page_size_log2.unwrap_or(16);
    code.raw().memory_size(0);
    Width { wide: memory.memory64 }.extend(code);
    code.raw().i64_const(page.into()).i64_shl().i64_le_u();
}
