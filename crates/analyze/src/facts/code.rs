//! Functions and instructions in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The functions of a module in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Functions {
    /// Imported functions.
    pub imported: u32,
    /// Functions with a body.
    pub defined: u32,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// The largest body, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<NamedFunction>,
    /// The function with the most locals, parameters not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_locals: Option<NamedFunction>,
    /// The function with the deepest nesting of blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deepest: Option<NamedFunction>,
    /// The function whose largest `br_table` has the most targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widest_br_table: Option<NamedFunction>,
    /// Functions whose body could not be decoded to its end.
    pub undecoded: u32,
    /// Functions with a name in the `name` section.
    pub named: u32,
}

/// A function and what was measured of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedFunction {
    /// Index, imported functions counted first.
    pub index: u32,
    /// Name in the `name` section, else the first export's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The measure.
    pub value: u64,
    /// Where its body begins in the file.
    pub offset: u64,
}

/// How many instructions of which class the code holds. Classes do not overlap; their sum is
/// [`total`](Self::total).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstructionMix {
    /// All instructions, `end` and `else` included.
    pub total: u64,
    /// Integer `xor`.
    pub xor: u64,
    /// Integer `and`, `or`.
    pub and_or: u64,
    /// `rotl`, `rotr`.
    pub rotate: u64,
    /// `shl`, `shr_s`, `shr_u`.
    pub shift: u64,
    /// Integer `add`, `sub`.
    pub add_sub: u64,
    /// Integer `mul`, wide multiplication.
    pub mul: u64,
    /// Integer `div`, `rem`.
    pub div_rem: u64,
    /// Other integer arithmetic: `clz`, `ctz`, `popcnt`, extensions, wrapping.
    pub integer_other: u64,
    /// Integer comparisons.
    pub integer_compare: u64,
    /// Floating-point arithmetic, comparisons and conversions.
    pub float: u64,
    /// Vector instructions, loads and stores included.
    pub simd: u64,
    /// Scalar loads.
    pub load: u64,
    /// Scalar stores.
    pub store: u64,
    /// Atomic instructions and fences.
    pub atomic: u64,
    /// Constants.
    pub constant: u64,
    /// Local variables.
    pub local: u64,
    /// Global variables.
    pub global: u64,
    /// Direct calls, tail calls included.
    pub call: u64,
    /// Calls through a table or a reference.
    pub call_indirect: u64,
    /// `br`, `br_if` and their kin.
    pub branch: u64,
    /// `br_table`.
    pub br_table: u64,
    /// `block`, `loop`, `if`, `else`, `end`, `return`, `nop`, `unreachable`.
    pub structure: u64,
    /// `drop`, `select`.
    pub parametric: u64,
    /// `memory.grow`.
    pub memory_grow: u64,
    /// `memory.size`.
    pub memory_size: u64,
    /// `memory.copy`, `.fill`, `.init`, `.discard`, `data.drop`.
    pub memory_bulk: u64,
    /// `table.grow`.
    pub table_grow: u64,
    /// Other table instructions, `elem.drop`.
    pub table: u64,
    /// `ref.*`.
    pub reference: u64,
    /// Structs, arrays, casts.
    pub gc: u64,
    /// Exceptions.
    pub exception: u64,
    /// Anything else: stack switching.
    pub other: u64,
    /// Every instruction that occurs, by the name of wasmparser's visitor: `i32_xor`.
    pub opcodes: BTreeMap<String, u64>,
}

/// A proposal that the module uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposalUse {
    /// Its name as wasmparser spells it, with hyphens: `bulk-memory`.
    pub name: String,
    /// Instructions of it; 0 where only types, limits or sections show it.
    pub instructions: u64,
}
