//! `shadow-stack`: the shadow stack must not grow into the data below it.
//!
//! Each write of the stack pointer is checked. A stack that is somewhere else altogether, as those of threads are, is let
//! alone: only a pointer that was within the main stack can leave it. Leaves that use up to 128 bytes below the pointer
//! without moving it are not seen.

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;
use crate::shadow::StackPointer;
use crate::violation::Kind;
use wasm_encoder::BlockType;
use wasmparser::ExternalKind;

/// The stack's lower and upper end.
#[derive(Debug, Default)]
pub(super) struct ShadowStack {
    setting: Option<u32>,
    found: Option<Found>,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    pointer: StackPointer,
    lowest: u64,
    highest: u64,
    kind: Kind,
}

impl ShadowStack {
    pub(super) fn new(setting: Option<u32>) -> Self {
        Self { setting, found: None }
    }
}

impl Pass for ShadowStack {
    fn name(&self) -> &'static str {
        "shadow-stack"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let refuse = |reason: &str| Refused::Pass { pass: self.name().to_owned(), reason: reason.to_owned() };
        let pointer = StackPointer::find(module, self.setting, self.name())?;
        let highest =
            pointer.initial.ok_or_else(|| refuse("the stack pointer's initial value is not a constant"))?;
        let exported = module
            .export(ExternalKind::Global, "__data_end")
            .and_then(|global| module.globals.get(global as usize)?.initial)
            .map(i64::cast_unsigned);
        let below = |segment: &crate::module::Segment| match segment.active {
            Some((0, Some(start))) if start < highest => Some(start.saturating_add(segment.len)),
            _ => None,
        };
        let lowest = exported
            .filter(|end| *end <= highest)
            .or_else(|| module.data.iter().filter_map(below).max())
            .filter(|end| *end <= highest)
            .unwrap_or(0);
        if lowest == 0 {
            additions.note(
                "the shadow stack lies below all data: it cannot grow into any, and traps at address 0",
            );
            return Ok(());
        }
        let kind = additions.violation_kind("stack overflow");
        additions.note(format!("the shadow stack is taken to be {lowest:#x} to {highest:#x}"));
        self.found = Some(Found { pointer, lowest, highest, kind });
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let Some(Found { pointer, lowest, highest, kind }) = self.found else { return };
        let width = pointer.width;
        for (at, instruction) in body.instructions.iter().enumerate() {
            if !pointer.is_write(instruction) {
                continue;
            }
            let new = edits.scratch(width.ty(), 0);
            let alarm = edits.alarm(kind, instruction.offset);
            edits.before(at as u32, |code| {
                code.raw().local_tee(new).local_get(new);
                width.constant(code, lowest);
                width.less(code);
                code.raw().if_(BlockType::Empty).global_get(pointer.global);
                width.constant(code, lowest);
                width.sub(code);
                width.constant(code, highest - lowest + 1);
                width.less(code);
                code.raw().if_(BlockType::Empty).local_get(new);
                width.extend(code);
                alarm.raise(code);
                code.raw().end().end();
            });
        }
    }
}
