//! `memory`: loads, stores, bytes, growth and its high-water mark.
//!
//! Accesses of a fixed size are counted by block, like instructions. What `memory.copy`, `fill` and `init` move is added
//! before they run, so one that traps has been counted with all its bytes.

use super::Pass;
use crate::access::access;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::Cell;
use crate::edits::Edits;
use crate::error::Refused;
use crate::mix::Mix;
use crate::module::Module;
use wasm_encoder::{BlockType, ValType};
use wasmparser::Operator;

/// Counters by the mix of accesses in a block, and a few for what is only known at run time.
#[derive(Debug)]
pub(super) struct Memory {
    mix: Mix,
    cells: Option<Cells>,
}

#[derive(Debug, Clone, Copy)]
struct Cells {
    bulk: Cell,
    bulk_bytes: Cell,
    grows: Cell,
    failed: Cell,
    /// Pages of memory 0, at most.
    high_water: Cell,
}

impl Default for Memory {
    fn default() -> Self {
        let classes = ["loads", "stores", "loaded-bytes", "stored-bytes"];
        Self { mix: Mix::new("memory", classes), cells: None }
    }
}

impl Pass for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let minimum = module.memories.first().map_or(0, |memory| memory.initial);
        let high_water = additions.cell(minimum.cast_signed());
        additions.results.push(("memory.high-water-pages".into(), crate::results::Source::Cell(high_water)));
        self.cells = Some(Cells {
            bulk: additions.counter("memory.bulk"),
            bulk_bytes: additions.counter("memory.bulk-bytes"),
            grows: additions.counter("memory.grows"),
            failed: additions.counter("memory.failed-grows"),
            high_water,
        });
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let cells = self.cells.expect("prepared");
        for block in body.blocks {
            let mut weights = [0_u64; 4];
            for at in block.start..block.end {
                let operator = &body.instructions[at as usize].operator;
                if let Some(access) = access(operator) {
                    weights[0] += u64::from(access.load);
                    weights[1] += u64::from(access.store);
                    weights[2] += u64::from(access.load) * u64::from(access.bytes);
                    weights[3] += u64::from(access.store) * u64::from(access.bytes);
                } else {
                    dynamic(body.module, operator, at, cells, edits);
                }
            }
            self.mix.count(edits, block.start, &weights);
        }
    }

    fn finish(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        self.mix.finish(additions);
        Ok(())
    }
}

fn dynamic(module: &Module<'_>, operator: &Operator<'_>, at: u32, cells: Cells, edits: &mut Edits<'_>) {
    let wide = |memory: u32| module.memory64(memory);
    let length_is_wide = match operator {
        Operator::MemoryCopy { dst_mem, src_mem } => wide(*dst_mem) && wide(*src_mem),
        Operator::MemoryFill { mem } => wide(*mem),
        Operator::MemoryInit { .. } => false,
        Operator::MemoryGrow { mem } => return grow(*mem, wide(*mem), at, cells, edits),
        _ => return,
    };
    let ty = if length_is_wide { ValType::I64 } else { ValType::I32 };
    let length = edits.scratch(ty, 0);
    edits.before(at, |code| {
        code.raw().local_tee(length);
        code.add(cells.bulk, 1);
        code.update(cells.bulk_bytes, |code| {
            code.raw().local_get(length);
            if !length_is_wide {
                code.raw().i64_extend_i32_u();
            }
            code.raw().i64_add();
        });
    });
}

fn grow(memory: u32, wide: bool, at: u32, cells: Cells, edits: &mut Edits<'_>) {
    let answer = edits.scratch(if wide { ValType::I64 } else { ValType::I32 }, 0);
    edits.after(at, |code| {
        code.raw().local_tee(answer).local_get(answer);
        match wide {
            true => code.raw().i64_const(-1).i64_eq(),
            false => code.raw().i32_const(-1).i32_eq(),
        };
        code.raw().if_(BlockType::Empty);
        code.add(cells.failed, 1);
        code.raw().else_();
        code.add(cells.grows, 1);
        if memory == 0 {
            code.set(cells.high_water, |code| {
                code.raw().memory_size(memory);
                if !wide {
                    code.raw().i64_extend_i32_u();
                }
            });
        }
        code.raw().end();
    });
}
