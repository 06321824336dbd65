//! `instructions`: how many instructions were executed, by class.
//!
//! A block is counted when it is entered. If it traps, what stands behind the instruction that trapped was counted all the
//! same: less than one block, once, because calls end blocks, so every function that called has counted exactly.

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::class::Class;
use crate::edits::Edits;
use crate::error::Refused;
use crate::mix::Mix;
use crate::module::Module;

/// Counters by the mix of classes in a block.
#[derive(Debug)]
pub(super) struct Instructions(Mix);

impl Default for Instructions {
    fn default() -> Self {
        let classes = Class::ALL.into_iter().map(Class::name);
        Self(Mix::new("instructions", std::iter::once("total").chain(classes)))
    }
}

impl Pass for Instructions {
    fn name(&self) -> &'static str {
        "instructions"
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        for block in body.blocks {
            let mut weights = [0_u64; Class::ALL.len() + 1];
            for instruction in &body.instructions[block.start as usize..block.end as usize] {
                if let Some(class) = Class::of(&instruction.operator) {
                    weights[0] += 1;
                    weights[1 + class as usize] += 1;
                }
            }
            self.0.count(edits, block.start, &weights);
        }
    }

    fn finish(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        self.0.finish(additions);
        Ok(())
    }
}
