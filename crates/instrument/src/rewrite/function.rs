//! One function: its bytes with the insertions between them.

use crate::additions::Additions;
use crate::body::{Body, Frame};
use crate::edits::{Changes, Side};
use crate::map::FunctionMap;
use std::collections::BTreeSet;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Encode, Instruction, InstructionSink, ValType};
use wasmparser::Operator;

/// A function whose changes are known.
#[derive(Debug)]
pub(crate) struct Spliced<'s, 'a> {
    pub(crate) body: &'s Body<'s, 'a>,
    pub(crate) frame: Frame,
    /// Whether a branch leads to the end of the function.
    pub(crate) to_end: bool,
}

impl Spliced<'_, '_> {
    pub(crate) fn write(
        &self,
        changes: &mut Changes,
        additions: &mut Additions,
        out: &mut Vec<u8>,
        map: &mut FunctionMap,
    ) {
        let bytes = self.body.module.bytes;
        let end_of_body = map.original.end;
        self.exits(changes, additions);
        self.calls(changes, additions);
        (self.frame.local_groups + changes.locals.len() as u32).encode(out);
        out.extend_from_slice(&bytes[self.frame.locals_at..self.frame.code_at]);
        for local in &changes.locals {
            1_u32.encode(out);
            local.encode(out);
        }
        out.extend_from_slice(&changes.entry);
        changes.inserts.sort_by_key(|insert| (insert.instruction, insert.side));
        let mut copied = self.frame.code_at;
        let instructions = self.body.instructions;
        for insert in &changes.inserts {
            let at = instructions[insert.instruction as usize].offset as usize;
            let next = instructions
                .get(insert.instruction as usize + 1)
                .map_or(end_of_body, |instruction| instruction.offset as usize);
            let until = if insert.side == Side::After { next } else { at };
            if copied < until {
                map.run(copied, out.len());
                out.extend_from_slice(&bytes[copied..until]);
                copied = until;
            }
            out.extend_from_slice(&changes.code[insert.start as usize..insert.end as usize]);
            if insert.side == Side::Instead {
                map.run(at, out.len() - (insert.end - insert.start) as usize);
                copied = copied.max(next);
            }
        }
        map.run(copied, out.len());
        out.extend_from_slice(&bytes[copied..end_of_body]);
    }

    /// The code for exits: before each `return` and tail call, and at the end. Branches to the end of the function would
    /// jump over that, so then a block around the body catches them: its label takes the place of the function's.
    fn exits(&self, changes: &mut Changes, additions: &mut Additions) {
        if changes.exit.is_empty() {
            return;
        }
        let exit = std::mem::take(&mut changes.exit);
        for (at, instruction) in self.body.instructions.iter().enumerate() {
            if matches!(
                instruction.operator,
                Operator::Return
                    | Operator::ReturnCall { .. }
                    | Operator::ReturnCallIndirect { .. }
                    | Operator::ReturnCallRef { .. }
            ) {
                changes.insert(at as u32, Side::Before, |code| code.extend_from_slice(&exit));
            }
        }
        let last = self.body.instructions.len() as u32 - 1;
        if self.to_end {
            let ty = self.block_type(additions);
            InstructionSink::new(&mut changes.entry).block(ty);
            changes.insert(last, Side::Before, |code| code.push(0x0b));
        }
        changes.insert(last, Side::Before, |code| code.extend_from_slice(&exit));
        changes.exit = exit;
    }

    fn block_type(&self, additions: &mut Additions) -> BlockType {
        let results: Vec<ValType> = self
            .body
            .signature
            .results()
            .iter()
            .map(|ty| RoundtripReencoder.val_type(*ty).expect("any value type has an encoding"))
            .collect();
        match results.as_slice() {
            [] => BlockType::Empty,
            [ty] => BlockType::Result(*ty),
            several => BlockType::FunctionType(additions.signature(&[], several)),
        }
    }

    /// With an import inserted, functions that the module defines have other indices. And functions that were wrapped call
    /// each other as before.
    fn calls(&self, changes: &mut Changes, additions: &Additions) {
        let wrapped = |function: u32| additions.wrapped.iter().find(|wrapped| wrapped.function == function);
        let among = wrapped(self.body.function).is_some();
        if additions.imports.is_empty() && !among {
            return;
        }
        let replaced: BTreeSet<u32> = changes
            .inserts
            .iter()
            .filter(|insert| insert.side == Side::Instead)
            .map(|insert| insert.instruction)
            .collect();
        let index = |function: u32| match wrapped(function).filter(|_| among) {
            Some(wrapped) => wrapped.moved,
            None => additions.function_index(function),
        };
        for (at, instruction) in self.body.instructions.iter().enumerate() {
            if replaced.contains(&(at as u32)) {
                continue;
            }
            let new = match instruction.operator {
                Operator::Call { function_index } => Instruction::Call(index(function_index)),
                Operator::ReturnCall { function_index } => Instruction::ReturnCall(index(function_index)),
                Operator::RefFunc { function_index } => {
                    Instruction::RefFunc(additions.function_index(function_index))
                }
                _ => continue,
            };
            changes.insert(at as u32, Side::Instead, |code| new.encode(code));
        }
    }
}
