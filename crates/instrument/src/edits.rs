//! What passes change in one function.

use crate::additions::Additions;
use crate::code::Code;
use crate::violation::Kind;
use wasm_encoder::ValType;

/// The changes to one function. Insertions of several passes at one place stand in the order of the passes.
#[derive(Debug)]
pub struct Edits<'e> {
    /// What is added to the module.
    pub additions: &'e mut Additions,
    pub(crate) changes: &'e mut Changes,
    pub(crate) first_local: u32,
    pub(crate) function: u32,
}

/// The memory behind [`Edits`], used again for the next function.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) code: Vec<u8>,
    pub(crate) inserts: Vec<Insert>,
    pub(crate) entry: Vec<u8>,
    pub(crate) exit: Vec<u8>,
    pub(crate) locals: Vec<ValType>,
    scratch: Vec<(ValType, u32, u32)>,
}

/// Some code for one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insert {
    pub(crate) instruction: u32,
    pub(crate) side: Side,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    Instead,
    After,
}

impl Changes {
    pub(crate) fn clear(&mut self) {
        self.code.clear();
        self.inserts.clear();
        self.entry.clear();
        self.exit.clear();
        self.locals.clear();
        self.scratch.clear();
    }

    pub(crate) fn insert(&mut self, instruction: u32, side: Side, emit: impl FnOnce(&mut Vec<u8>)) {
        let start = self.code.len() as u32;
        emit(&mut self.code);
        let end = self.code.len() as u32;
        self.inserts.push(Insert { instruction, side, start, end });
    }
}

impl Edits<'_> {
    /// Code that runs when the function is entered.
    pub fn entry(&mut self, emit: impl FnOnce(&mut Code<'_>)) {
        emit(&mut Code { bytes: &mut self.changes.entry, place: self.additions.place });
    }

    /// Code that runs when the function returns, by whatever way; not when it traps or an exception leaves it. It must leave
    /// the stack as it was.
    pub fn exit(&mut self, emit: impl FnOnce(&mut Code<'_>)) {
        emit(&mut Code { bytes: &mut self.changes.exit, place: self.additions.place });
    }

    /// Code before an instruction, by its index in the body. A branch to that instruction comes to this code first.
    pub fn before(&mut self, instruction: u32, emit: impl FnOnce(&mut Code<'_>)) {
        self.at(instruction, Side::Before, emit);
    }

    /// Code after an instruction. After `loop` it runs in each iteration.
    pub fn after(&mut self, instruction: u32, emit: impl FnOnce(&mut Code<'_>)) {
        self.at(instruction, Side::After, emit);
    }

    /// Code that takes the place of an instruction.
    pub fn instead(&mut self, instruction: u32, emit: impl FnOnce(&mut Code<'_>)) {
        self.at(instruction, Side::Instead, emit);
    }

    fn at(&mut self, instruction: u32, side: Side, emit: impl FnOnce(&mut Code<'_>)) {
        let place = self.additions.place;
        self.changes.insert(instruction, side, |bytes| emit(&mut Code { bytes, place }));
    }

    /// A new local that begins as zero.
    pub fn local(&mut self, ty: ValType) -> u32 {
        self.changes.locals.push(ty);
        self.first_local + self.changes.locals.len() as u32 - 1
    }

    /// A local to be used within one insertion: others use it too. `n` tells several of one type apart.
    pub fn scratch(&mut self, ty: ValType, n: u32) -> u32 {
        let known = self.changes.scratch.iter().find(|(t, m, _)| *t == ty && *m == n);
        known.map(|(_, _, local)| *local).unwrap_or_else(|| {
            let local = self.local(ty);
            self.changes.scratch.push((ty, n, local));
            local
        })
    }

    /// The index of the function that takes a violation: code that pushes an `i64` which tells more, and then calls
    /// [`Alarm::raise`], records it and traps if the plan says so.
    pub fn alarm(&mut self, kind: Kind, offset: u32) -> Alarm {
        Alarm { handler: self.additions.violation_handler(), kind, function: self.function, offset }
    }
}

/// A violation at one place of the original module.
#[derive(Debug, Clone, Copy)]
pub struct Alarm {
    pub(crate) handler: u32,
    pub(crate) kind: Kind,
    pub(crate) function: u32,
    pub(crate) offset: u32,
}

impl Alarm {
    /// Finds an `i64` on the stack and takes it.
    pub fn raise(&self, code: &mut Code<'_>) {
        code.raw()
            .i32_const(self.kind.0 as i32)
            .i32_const(self.function.cast_signed())
            .i32_const(self.offset.cast_signed())
            .call(self.handler);
    }
}
