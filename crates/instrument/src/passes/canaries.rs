//! `canaries`: a value between a function's frame on the shadow stack and its caller's, checked before it returns.
//!
//! The frame is made 16 bytes larger at its upper end, where an overflow that runs upwards leaves it. The value is the
//! address, mixed with a number that depends on the module: it is not secret to who can read the module or the stack. As in
//! StackGuard (Cowan et al., USENIX Security 1998), which is about contiguous overflows.

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::at_memory;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;
use crate::shadow::StackPointer;
use crate::violation::Kind;
use wasm_encoder::BlockType;

/// Bytes that a frame grows by: what the stack pointer is a multiple of.
const ROOM: u64 = 16;

/// Where the canary is, and what it is made from.
#[derive(Debug, Default)]
pub(super) struct Canaries {
    setting: Option<u32>,
    found: Option<(StackPointer, Kind)>,
    secret: i64,
    guarded: usize,
}

impl Canaries {
    pub(super) fn new(setting: Option<u32>) -> Self {
        Self { setting, ..Self::default() }
    }
}

impl Pass for Canaries {
    fn name(&self) -> &'static str {
        "canaries"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let pointer = StackPointer::find(module, self.setting, self.name())?;
        self.found = Some((pointer, additions.violation_kind("stack smashed")));
        self.secret = additions.number();
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let (pointer, kind) = self.found.expect("prepared");
        let Some(frame) = pointer.frame(body) else { return };
        self.guarded += 1;
        let (width, secret) = (pointer.width, self.secret);
        let canary = edits.local(width.ty());
        let alarm = edits.alarm(kind, body.instructions[frame.reads as usize].offset);
        edits.after(frame.reads, |code| {
            width.constant(code, ROOM);
            width.sub(code);
            code.raw().local_tee(canary).local_get(canary);
            width.extend(code);
            code.raw().i64_const(secret).i64_xor().i64_store(at_memory(0, 0, 3)).local_get(canary);
        });
        edits.exit(|code| {
            code.raw().local_get(canary).i64_load(at_memory(0, 0, 3)).local_get(canary);
            width.extend(code);
            code.raw().i64_const(secret).i64_xor().i64_ne().if_(BlockType::Empty).local_get(canary);
            width.extend(code);
            alarm.raise(code);
            code.raw().end();
            if frame.moves {
                // The function has put the pointer back to where it thinks that it was.
                code.raw().local_get(canary);
                width.constant(code, ROOM);
                width.add(code);
                code.raw().global_set(pointer.global);
            }
        });
    }

    fn finish(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let (pointer, _) = self.found.expect("prepared");
        if self.guarded == 0 {
            let reason = "no selected function makes a frame on the shadow stack".to_owned();
            return Err(Refused::Pass { pass: self.name().to_owned(), reason });
        }
        let (guarded, all) = (self.guarded, module.bodies.len());
        additions.note(format!(
            "canaries in {guarded} of {all} functions; stack pointer: global {}",
            pointer.global
        ));
        Ok(())
    }
}
