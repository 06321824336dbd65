//! Loops that read bytes, combine them with something and write them back: a closer look at the functions in which
//! some loop loads and stores bytes.

use crate::flow::{self, Context, Operand, Value, Watch};
use std::collections::BTreeSet;
use wasmparser::FunctionBody;

/// Calls end a loop's candidacy, so nothing needs to be known of types.
struct NoTypes;

impl Context for NoTypes {
    fn function(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn signature(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn is_constant(&self, _: u32) -> bool {
        false
    }
}

#[derive(Default)]
struct Block {
    is_loop: bool,
    /// Has a call, or a loop inside.
    busy: bool,
    decodes: bool,
}

#[derive(Default)]
struct Decoders {
    blocks: Vec<Block>,
    loops: u32,
}

impl Watch for Decoders {
    fn any_call(&mut self) {
        if let Some(block) = self.blocks.last_mut() {
            block.busy = true;
        }
    }

    fn store(&mut self, address: Operand, value: Operand, offset: u64) {
        let Value::Mixed { from, xor } = value.value else { return };
        let in_place = from.is_some() && from == address.address(offset);
        if let Some(block) = self.blocks.last_mut() {
            block.decodes |= xor || in_place;
        }
    }

    fn begin(&mut self, is_loop: bool) {
        self.blocks.push(Block { is_loop, ..Block::default() });
    }

    fn end(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        let found = block.is_loop && block.decodes && !block.busy;
        self.loops += u32::from(found);
        if let Some(outer) = self.blocks.last_mut() {
            outer.busy |= block.busy || block.is_loop;
            outer.decodes |= block.decodes && !block.is_loop;
        }
    }
}

/// How many such loops the function has.
pub(crate) fn loops(body: &FunctionBody<'_>) -> u32 {
    let mut decoders = Decoders::default();
    match flow::follow(body, 0, &NoTypes, &BTreeSet::new(), &mut decoders) {
        Ok(_) => decoders.loops,
        Err(_) => 0,
    }
}
