//! Code that has a telling shape.

use super::Counted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Functions of a telling shape, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shapes {
    /// Functions with loops that read bytes, combine them with something and write them back, without calls.
    pub decoder_loops: Counted<LoopFunction>,
    /// Functions with loops whose only memory instructions are atomic additions and stores; counted only where a
    /// memory is shared.
    pub counter_loops: Counted<LoopFunction>,
    /// Functions with a loop around a `br_table` most of whose targets lead back to it.
    pub dispatchers: Counted<Dispatcher>,
}

/// A function and its loops of one shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopFunction {
    /// Index, imported functions counted first.
    pub index: u32,
    /// Name in the `name` section, else the first export's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many such loops.
    pub loops: u32,
    /// Where its body begins in the file.
    pub offset: u64,
}

/// A function that goes around a `br_table`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dispatcher {
    /// Index, imported functions counted first.
    pub index: u32,
    /// Name in the `name` section, else the first export's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Targets of the largest `br_table` of its loop, the default not counted.
    pub targets: u32,
    /// Branches in the loop that lead back to its beginning.
    pub back_branches: u32,
    /// Blocks in the loop.
    pub blocks: u32,
    /// Where its body begins in the file.
    pub offset: u64,
}

/// What calls through tables and references may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndirectCalls {
    /// Distinct function types that are called through a table or reference.
    pub types_called: u32,
    /// Functions whose address is taken, or that are exported.
    pub taken: u32,
    /// The most of them that have one type.
    pub largest_class: u32,
    /// The most functions that one indirect call may reach.
    pub most_candidates: u32,
}

/// Calls of `printf` and its kin, by the names of functions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormatCalls {
    /// Functions of this kind that are known by name and have the right type, imports included.
    pub functions: u32,
    /// Calls with a constant format.
    pub constant: u64,
    /// Calls with a format that is not constant.
    pub variable: Counted<FormatCall>,
    /// Calls of `vprintf` and its kin that pass a format on: wrappers, not counted above.
    pub forwarded: u64,
}

/// A call with a format that is not constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormatCall {
    /// Index of the function that calls.
    pub caller: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which one it calls: `snprintf`.
    pub callee: String,
    /// Where the call is in the file.
    pub offset: u64,
}
