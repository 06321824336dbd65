//! Loads and stores: what they touch.

use wasm_encoder::ValType;
use wasmparser::{MemArg, MemArgTarget, Operator};

/// One access to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether it writes.
    pub store: bool,
    /// Whether it reads.
    pub load: bool,
    /// Bytes.
    pub bytes: u32,
    /// Offset, alignment and memory.
    pub memarg: MemArg,
    /// What a plain store takes from the stack above the address; `None` for loads, and for what is no plain store.
    pub value: Option<ValType>,
}

impl Access {
    /// The memory; `None` for what goes to an array of the garbage collector.
    pub fn memory(&self) -> Option<u32> {
        match self.memarg.target {
            MemArgTarget::Memory(memory) => Some(memory),
            MemArgTarget::Array(_) => None,
        }
    }
}

/// The access that an instruction makes; `None` if it makes none, or if how much it touches is only known when it runs.
pub fn access(operator: &Operator<'_>) -> Option<Access> {
    scalar(operator).filter(|access| access.memory().is_some())
}

fn scalar(operator: &Operator<'_>) -> Option<Access> {
    use Operator as O;
    let load = |memarg: &MemArg, bytes| {
        Some(Access { store: false, load: true, bytes, memarg: *memarg, value: None })
    };
    let store = |memarg: &MemArg, bytes, value| {
        Some(Access { store: true, load: false, bytes, memarg: *memarg, value: Some(value) })
    };
    match operator {
        O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg } => load(memarg, 1),
        O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg } => load(memarg, 2),
        O::I32Load { memarg }
        | O::F32Load { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg } => load(memarg, 4),
        O::I64Load { memarg } | O::F64Load { memarg } => load(memarg, 8),
        O::V128Load { memarg } => load(memarg, 16),
        O::V128Load8x8S { memarg }
        | O::V128Load8x8U { memarg }
        | O::V128Load16x4S { memarg }
        | O::V128Load16x4U { memarg }
        | O::V128Load32x2S { memarg }
        | O::V128Load32x2U { memarg }
        | O::V128Load64Splat { memarg }
        | O::V128Load64Zero { memarg }
        | O::V128Load64Lane { memarg, .. } => load(memarg, 8),
        O::V128Load8Splat { memarg } | O::V128Load8Lane { memarg, .. } => load(memarg, 1),
        O::V128Load16Splat { memarg } | O::V128Load16Lane { memarg, .. } => load(memarg, 2),
        O::V128Load32Splat { memarg } | O::V128Load32Zero { memarg } | O::V128Load32Lane { memarg, .. } => {
            load(memarg, 4)
        }
        O::I32Store8 { memarg } => store(memarg, 1, ValType::I32),
        O::I64Store8 { memarg } => store(memarg, 1, ValType::I64),
        O::I32Store16 { memarg } => store(memarg, 2, ValType::I32),
        O::I64Store16 { memarg } => store(memarg, 2, ValType::I64),
        O::I32Store { memarg } => store(memarg, 4, ValType::I32),
        O::I64Store32 { memarg } => store(memarg, 4, ValType::I64),
        O::I64Store { memarg } => store(memarg, 8, ValType::I64),
        O::F32Store { memarg } => store(memarg, 4, ValType::F32),
        O::F64Store { memarg } => store(memarg, 8, ValType::F64),
        O::V128Store { memarg } => store(memarg, 16, ValType::V128),
        O::V128Store8Lane { memarg, .. } => store(memarg, 1, ValType::V128),
        O::V128Store16Lane { memarg, .. } => store(memarg, 2, ValType::V128),
        O::V128Store32Lane { memarg, .. } => store(memarg, 4, ValType::V128),
        O::V128Store64Lane { memarg, .. } => store(memarg, 8, ValType::V128),
        _ => atomic(operator),
    }
}

/// Atomic accesses. A read-modify-write reads and writes.
fn atomic(operator: &Operator<'_>) -> Option<Access> {
    macro_rules! sized {
        ($(($store:literal, $load:literal, $bytes:literal, $value:expr): $($op:ident)*;)*) => {
            match operator {
                $($(Operator::$op { memarg })|* => Some(Access {
                    store: $store, load: $load, bytes: $bytes, memarg: *memarg, value: $value,
                }),)*
                _ => None,
            }
        };
    }
    sized! {
        (false, true, 1, None): I32AtomicLoad8U I64AtomicLoad8U;
        (false, true, 2, None): I32AtomicLoad16U I64AtomicLoad16U;
        (false, true, 4, None): I32AtomicLoad I64AtomicLoad32U;
        (false, true, 8, None): I64AtomicLoad;
        (true, false, 1, Some(ValType::I32)): I32AtomicStore8;
        (true, false, 1, Some(ValType::I64)): I64AtomicStore8;
        (true, false, 2, Some(ValType::I32)): I32AtomicStore16;
        (true, false, 2, Some(ValType::I64)): I64AtomicStore16;
        (true, false, 4, Some(ValType::I32)): I32AtomicStore;
        (true, false, 4, Some(ValType::I64)): I64AtomicStore32;
        (true, false, 8, Some(ValType::I64)): I64AtomicStore;
        (true, true, 1, None): I32AtomicRmw8AddU I32AtomicRmw8SubU I32AtomicRmw8AndU I32AtomicRmw8OrU
            I32AtomicRmw8XorU I32AtomicRmw8XchgU I32AtomicRmw8CmpxchgU I64AtomicRmw8AddU I64AtomicRmw8SubU
            I64AtomicRmw8AndU I64AtomicRmw8OrU I64AtomicRmw8XorU I64AtomicRmw8XchgU I64AtomicRmw8CmpxchgU;
        (true, true, 2, None): I32AtomicRmw16AddU I32AtomicRmw16SubU I32AtomicRmw16AndU I32AtomicRmw16OrU
            I32AtomicRmw16XorU I32AtomicRmw16XchgU I32AtomicRmw16CmpxchgU I64AtomicRmw16AddU I64AtomicRmw16SubU
            I64AtomicRmw16AndU I64AtomicRmw16OrU I64AtomicRmw16XorU I64AtomicRmw16XchgU I64AtomicRmw16CmpxchgU;
        (true, true, 4, None): I32AtomicRmwAdd I32AtomicRmwSub I32AtomicRmwAnd I32AtomicRmwOr I32AtomicRmwXor
            I32AtomicRmwXchg I32AtomicRmwCmpxchg I64AtomicRmw32AddU I64AtomicRmw32SubU I64AtomicRmw32AndU
            I64AtomicRmw32OrU I64AtomicRmw32XorU I64AtomicRmw32XchgU I64AtomicRmw32CmpxchgU;
        (true, true, 8, None): I64AtomicRmwAdd I64AtomicRmwSub I64AtomicRmwAnd I64AtomicRmwOr I64AtomicRmwXor
            I64AtomicRmwXchg I64AtomicRmwCmpxchg;
    }
}
