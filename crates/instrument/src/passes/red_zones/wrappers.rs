//! The wrappers around an allocator's functions.

use super::{Role, Wrapped};
use crate::additions::Additions;
use crate::code::{Code, at_memory};
use crate::module::Module;
use crate::violation::Kind;
use wasm_encoder::{BlockType, ValType};

/// Bytes before the program's, and behind.
const HEAD: i32 = 16;
const TAIL: i32 = 8;
/// What a number of a freed chunk differs by.
const FREED: i32 = 0x5f1e_ed00;

/// Helpers that all wrappers share.
#[derive(Debug)]
pub(super) struct Wrappers {
    /// `dress(chunk, head, size)`: writes both zones, and gives the program's address; 0 for 0.
    dress: u32,
    /// `check(user, function, offset)`: raises what is wrong.
    check: u32,
    number: i32,
}

impl Wrappers {
    pub(super) fn new(additions: &mut Additions, kinds: [Kind; 3], number: i32) -> Self {
        let i32s = [ValType::I32; 3];
        let dress = additions.function("red-zone.dress", &i32s, &i32s[..1]);
        let check = additions.function("red-zone.check", &i32s, &[]);
        let wrappers = Self { dress, check, number };
        additions.counter("red-zones.chunks");
        let chunks = additions.results.last().and_then(|(_, source)| match source {
            crate::results::Source::Cell(cell) => Some(*cell),
            _ => None,
        });
        wrappers.define_dress(additions, chunks.expect("a counter is a cell"));
        wrappers.define_check(additions, kinds);
        wrappers
    }

    /// Pushes what stands before a chunk of the size in local `size`, at the address in local `user`.
    fn first(&self, code: &mut Code<'_>, user: u32, size: u32) {
        code.raw().local_get(user).local_get(size).i32_const(7).i32_rotl().i32_xor();
        code.raw().i32_const(self.number).i32_xor().i64_extend_i32_u();
        code.raw().i64_const(0x0100_0000_01b3_i64 << 8 | 0x5d).i64_mul();
    }

    /// Pushes what stands behind it.
    fn last(&self, code: &mut Code<'_>, user: u32) {
        code.raw().local_get(user).i32_const(!self.number).i32_xor().i64_extend_i32_u();
        code.raw().i64_const(0x0100_0000_01b3_i64 << 8 | 0xa7).i64_mul();
    }

    /// Params: chunk, head, size. Local 3: user.
    fn define_dress(&self, additions: &mut Additions, chunks: crate::Cell) {
        additions.define(self.dress, &[ValType::I32], |code| {
            code.raw().local_get(0).i32_eqz().if_(BlockType::Empty).i32_const(0).return_().end();
            code.add(chunks, 1);
            code.raw().local_get(0).local_get(1).i32_add().local_set(3);
            code.raw().local_get(3).i32_const(16).i32_sub().local_get(1).i32_store(at_memory(0, 0, 2));
            code.raw().local_get(3).i32_const(12).i32_sub().local_get(2).i32_store(at_memory(0, 0, 2));
            code.raw().local_get(3).i32_const(8).i32_sub();
            self.first(code, 3, 2);
            code.raw().i64_store(at_memory(0, 0, 3)).local_get(3).local_get(2).i32_add();
            self.last(code, 3);
            code.raw().i64_store(at_memory(0, 0, 0)).local_get(3);
        });
    }

    /// Params: user, function, offset. Locals: 3 size, 4 what stands before it.
    fn define_check(&self, additions: &mut Additions, [overflow, invalid, double]: [Kind; 3]) {
        let handler = additions.violation_handler();
        let raise = |code: &mut Code<'_>, kind: Kind| {
            code.raw().local_get(0).i64_extend_i32_u().i32_const(kind.0 as i32).local_get(1).local_get(2);
            code.raw().call(handler);
        };
        additions.define(self.check, &[ValType::I32, ValType::I64], |code| {
            code.raw().local_get(0).i32_const(12).i32_sub().i32_load(at_memory(0, 0, 2)).local_set(3);
            code.raw().local_get(0).i32_const(8).i32_sub().i64_load(at_memory(0, 0, 3)).local_set(4);
            code.raw().local_get(4);
            self.first(code, 0, 3);
            code.raw().i64_ne().if_(BlockType::Empty);
            code.raw().local_get(4);
            self.first(code, 0, 3);
            code.raw().i64_const(i64::from(FREED)).i64_xor().i64_eq().if_(BlockType::Empty);
            raise(code, double);
            code.raw().else_();
            raise(code, invalid);
            // A size that was overwritten says nothing of where the chunk ends.
            code.raw().end().return_().end();
            code.raw().local_get(0).local_get(3).i32_add().i64_load(at_memory(0, 0, 0));
            self.last(code, 0);
            code.raw().i64_ne().if_(BlockType::Empty);
            raise(code, overflow);
            code.raw().end();
        });
    }

    pub(super) fn define(&self, additions: &mut Additions, module: &Module<'_>, wrapped: &[Wrapped]) {
        let moved = |role| wrapped.iter().find(|w| w.role == role).map_or(0, |w| w.moved);
        for &Wrapped { role, function, moved: inner } in wrapped {
            let locals = [ValType::I32; 3];
            let offset = module.body(function).map_or(0, |body| body.start) as u32;
            let place = [function, offset].map(u32::cast_signed);
            let (malloc, free) = (moved(Role::Malloc), moved(Role::Free));
            additions.define_wrapper(function, &locals, |code| match role {
                Role::Malloc => {
                    enlarged(code, 0, HEAD + TAIL);
                    code.raw().call(inner).i32_const(HEAD).local_get(0).call(self.dress);
                }
                Role::Calloc => self.calloc(code, inner),
                Role::Free => {
                    code.raw().local_get(0).i32_eqz().if_(BlockType::Empty).return_().end();
                    self.check(code, place);
                    freed(code);
                    code.raw().call(inner);
                }
                Role::Realloc => self.realloc(code, malloc, free, place),
                Role::Aligned => {
                    padding(code, 0, 2);
                    code.raw().local_get(0);
                    padded(code, 1, 2);
                    code.raw().call(inner).local_get(2).local_get(1).call(self.dress);
                }
                Role::Posix => {
                    padding(code, 1, 3);
                    code.raw().local_get(0).local_get(1);
                    padded(code, 2, 3);
                    code.raw().call(inner).local_tee(4).i32_eqz().if_(BlockType::Empty).local_get(0);
                    code.raw().local_get(0).i32_load(at_memory(0, 0, 2)).local_get(3).local_get(2);
                    code.raw().call(self.dress).i32_store(at_memory(0, 0, 2)).end().local_get(4);
                }
                Role::Usable => {
                    code.raw().local_get(0).i32_eqz().if_(BlockType::Empty).i32_const(0).return_().end();
                    code.raw().local_get(0).i32_const(12).i32_sub().i32_load(at_memory(0, 0, 2));
                }
            });
        }
    }

    /// Checks the chunk in local 0.
    fn check(&self, code: &mut Code<'_>, [function, offset]: [i32; 2]) {
        code.raw().local_get(0).i32_const(function).i32_const(offset).call(self.check);
    }

    /// The product can overflow: then it is the allocator that says no.
    fn calloc(&self, code: &mut Code<'_>, inner: u32) {
        let mut raw = code.raw();
        raw.local_get(0).i64_extend_i32_u().local_get(1).i64_extend_i32_u().i64_mul();
        raw.i64_const(i64::from(i32::MAX)).i64_gt_u().if_(BlockType::Empty);
        raw.local_get(0).local_get(1).call(inner).return_().end();
        raw.local_get(0).local_get(1).i32_mul().local_tee(2).i32_const(HEAD + TAIL).i32_add();
        raw.i32_const(1).call(inner).i32_const(HEAD).local_get(2).call(self.dress);
    }

    /// Always another chunk: what the old one's zones say must not move with it. Locals: 2 new chunk, 3 bytes to copy.
    fn realloc(&self, code: &mut Code<'_>, malloc: u32, free: u32, place: [i32; 2]) {
        code.raw().local_get(0).i32_eqz().if_(BlockType::Empty);
        enlarged(code, 1, HEAD + TAIL);
        code.raw().call(malloc).i32_const(HEAD).local_get(1).call(self.dress).return_().end();
        self.check(code, place);
        enlarged(code, 1, HEAD + TAIL);
        let mut raw = code.raw();
        raw.call(malloc).i32_const(HEAD).local_get(1).call(self.dress).local_tee(2).i32_eqz();
        raw.if_(BlockType::Empty).i32_const(0).return_().end();
        raw.local_get(0).i32_const(12).i32_sub().i32_load(at_memory(0, 0, 2)).local_tee(3).local_get(1);
        raw.local_get(3).local_get(1).i32_lt_u().select().local_set(3);
        copy(code);
        freed(code);
        code.raw().call(free).local_get(2);
    }
}

/// Pushes a size with room for the zones; the largest number if that overflows, which no allocator gives.
fn enlarged(code: &mut Code<'_>, size: u32, by: i32) {
    code.raw().i32_const(-1).local_get(size).i32_const(by).i32_add();
    code.raw().local_get(size).i32_const(-1 - by).i32_gt_u().select();
}

/// The room before an aligned chunk: its alignment, 16 at least.
fn padding(code: &mut Code<'_>, alignment: u32, into: u32) {
    code.raw().local_get(alignment).i32_const(HEAD).local_get(alignment).i32_const(HEAD).i32_gt_u().select();
    code.raw().local_set(into);
}

/// Pushes an aligned chunk's size with its zones: a multiple of the alignment, as C11 wants it.
fn padded(code: &mut Code<'_>, size: u32, padding: u32) {
    let mut raw = code.raw();
    raw.i32_const(-1);
    raw.local_get(size).i32_const(TAIL).i32_add().local_get(padding).i32_const(1).i32_sub().i32_add();
    raw.i32_const(0).local_get(padding).i32_sub().i32_and().local_get(padding).i32_add();
    raw.local_get(size).local_get(padding).i32_add().i32_const(i32::MAX).i32_gt_u().select();
}

/// Marks the chunk in local 0 as freed, and pushes where the allocator's chunk begins.
fn freed(code: &mut Code<'_>) {
    let mut raw = code.raw();
    raw.local_get(0).i32_const(8).i32_sub().local_get(0).i32_const(8).i32_sub().i64_load(at_memory(0, 0, 3));
    raw.i64_const(i64::from(FREED)).i64_xor().i64_store(at_memory(0, 0, 3));
    raw.local_get(0).local_get(0).i32_const(HEAD).i32_sub().i32_load(at_memory(0, 0, 2)).i32_sub();
}

/// Copies the bytes of local 3 from local 0 to local 2, byte by byte: not every runtime has `memory.copy`. Locals 3 and 4
/// are lost.
fn copy(code: &mut Code<'_>) {
    let mut raw = code.raw();
    raw.block(BlockType::Empty).loop_(BlockType::Empty).local_get(3).i32_eqz().br_if(1);
    raw.local_get(3).i32_const(1).i32_sub().local_set(3);
    raw.local_get(2).local_get(3).i32_add();
    raw.local_get(0).local_get(3).i32_add().i32_load8_u(at_memory(0, 0, 0)).i32_store8(at_memory(0, 0, 0));
    raw.br(0).end().end();
}
