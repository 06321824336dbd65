//! Violations: what checks find wrong, recorded with the place in the original module.

use crate::additions::Additions;
use crate::code::{Cell, Code, Place, at_memory, wide};
use crate::plan::OnViolation;
use wasm_encoder::{BlockType, ValType};

/// How many violations are kept in full; all are counted.
pub const KEPT: u32 = 64;
/// Bytes of one record: kind, function, offset, 0 (each `u32`), value (`u64`).
pub const RECORD_BYTES: u32 = 24;
/// The import that is called for each violation with [`OnViolation::Call`]: `(kind, function, offset, value)`.
pub const CALLBACK: (&str, &str) = ("wasmscope", "violation");

/// A kind of violation, by its place in the schema's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub(crate) u32);

/// What is known of violations while a module is being rewritten.
#[derive(Debug)]
pub(crate) struct Violations {
    pub(crate) on: OnViolation,
    pub(crate) kinds: Vec<String>,
    pub(crate) handler: Option<u32>,
    pub(crate) records: u32,
}

impl Violations {
    pub(crate) fn new(on: OnViolation) -> Self {
        Self { on, kinds: Vec::new(), handler: None, records: 0 }
    }
}

impl Additions {
    /// A kind of violation, by a name for people: `stack smashed`.
    pub fn violation_kind(&mut self, name: &str) -> Kind {
        let kinds = &mut self.violations.kinds;
        let at = kinds.iter().position(|kind| kind == name).unwrap_or_else(|| {
            kinds.push(name.to_owned());
            kinds.len() - 1
        });
        Kind(at as u32)
    }

    /// The function that takes a violation: value (`i64`), kind, function, offset.
    pub(crate) fn violation_handler(&mut self) -> u32 {
        if let Some(handler) = self.violations.handler {
            return handler;
        }
        let params = [ValType::I64, ValType::I32, ValType::I32, ValType::I32];
        let handler = self.function("violation", &params, &[]);
        self.violations.handler = Some(handler);
        let count = self.counter("violations");
        let locals = match self.place {
            Place::Memory { index } => {
                let records = self.bytes(u64::from(KEPT * RECORD_BYTES), 8);
                self.violations.records = records;
                self.define_handler(handler, count, |code| keep_in_memory(code, index, records, count));
                return handler;
            }
            Place::Globals => ["kind", "function", "offset", "value"]
                .map(|what| self.counter(format!("violation.first.{what}"))),
        };
        self.define_handler(handler, count, |code| keep_in_globals(code, locals, count));
        handler
    }

    fn define_handler(&mut self, handler: u32, count: Cell, keep: impl FnOnce(&mut Code<'_>)) {
        let callback = self.imported(CALLBACK.0, CALLBACK.1);
        let traps = self.violations.on == OnViolation::Trap;
        self.define(handler, &[ValType::I32], |code| {
            keep(code);
            code.add(count, 1);
            if let Some(callback) = callback {
                code.raw().local_get(1).local_get(2).local_get(3).local_get(0).call(callback);
            }
            if traps {
                code.raw().unreachable();
            }
        });
    }
}

/// Locals of the handler: value, kind, function, offset, address of the record.
fn keep_in_memory(code: &mut Code<'_>, memory: u32, records: u32, count: Cell) {
    let narrow = |offset: u32| at_memory(memory, records + offset, 2);
    code.load(count);
    code.raw().i64_const(i64::from(KEPT)).i64_lt_u().if_(BlockType::Empty);
    code.load(count);
    code.raw().i32_wrap_i64().i32_const(RECORD_BYTES.cast_signed()).i32_mul().local_set(4);
    for (field, local) in [(0, 1), (4, 2), (8, 3)] {
        code.raw().local_get(4).local_get(local).i32_store(narrow(field));
    }
    code.raw().local_get(4).local_get(0).i64_store(wide(memory, records + 16)).end();
}

fn keep_in_globals(code: &mut Code<'_>, cells: [Cell; 4], count: Cell) {
    code.load(count);
    code.raw().i64_eqz().if_(BlockType::Empty);
    for (cell, local) in cells.into_iter().zip([1, 2, 3]) {
        code.set(cell, |code| {
            code.raw().local_get(local).i64_extend_i32_u();
        });
    }
    code.set(cells[3], |code| {
        code.raw().local_get(0);
    });
    code.raw().end();
}
