//! Code for addresses of either width.

use crate::code::Code;
use wasm_encoder::ValType;

/// Whether addresses are 64 bits wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Width {
    pub(crate) wide: bool,
}

impl Width {
    pub(crate) fn ty(self) -> ValType {
        if self.wide { ValType::I64 } else { ValType::I32 }
    }

    pub(crate) fn constant(self, code: &mut Code<'_>, value: u64) {
        match self.wide {
            true => code.raw().i64_const(value.cast_signed()),
            false => code.raw().i32_const((value as u32).cast_signed()),
        };
    }

    pub(crate) fn add(self, code: &mut Code<'_>) {
        match self.wide {
            true => code.raw().i64_add(),
            false => code.raw().i32_add(),
        };
    }

    pub(crate) fn sub(self, code: &mut Code<'_>) {
        match self.wide {
            true => code.raw().i64_sub(),
            false => code.raw().i32_sub(),
        };
    }

    pub(crate) fn less(self, code: &mut Code<'_>) {
        match self.wide {
            true => code.raw().i64_lt_u(),
            false => code.raw().i32_lt_u(),
        };
    }

    /// Makes the address on the stack an `i64`.
    pub(crate) fn extend(self, code: &mut Code<'_>) {
        if !self.wide {
            code.raw().i64_extend_i32_u();
        }
    }
}
