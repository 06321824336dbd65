//! `coverage`: which basic blocks were run.
//!
//! A byte per block, because setting one needs no load, and threads cannot lose each other's. With globals it is a bit.

use super::Pass;
use crate::additions::Additions;
use crate::blocks::Block;
use crate::body::Body;
use crate::class::Class;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;
use crate::results::Region;

/// A mark per block.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    parts: Vec<[u32; 3]>,
    blocks: u64,
}

impl Pass for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let places: Vec<u32> = starts(body).collect();
        let (at, marks) = edits.additions.marks(places.len() as u32);
        self.parts.push([body.function, at, places.len() as u32]);
        self.blocks += places.len() as u64;
        for (place, mark) in places.into_iter().zip(marks) {
            edits.before(place, |code| code.mark(mark));
        }
    }

    fn finish(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        additions.note(format!("coverage of {} blocks", self.blocks));
        additions.regions.push(Region::Coverage { parts: std::mem::take(&mut self.parts) });
        Ok(())
    }
}

/// The instructions with which blocks begin that do something. What follows a call is left out: it runs if the call returns.
pub(crate) fn starts(body: &Body<'_, '_>) -> impl Iterator<Item = u32> {
    let does_something = |block: &&Block| {
        let instructions = &body.instructions[block.start as usize..block.end as usize];
        !block.after_call && instructions.iter().any(|i| Class::of(&i.operator).is_some())
    };
    body.blocks.iter().filter(does_something).map(|block| block.start)
}
