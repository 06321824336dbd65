//! Linear memories as they look from outside the runtime.

use serde::{Deserialize, Serialize};

/// Where the limit of a linear memory is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    /// The maximum that the module declares (its bytes were read).
    Module,
    /// The address range that the runtime reserved: no growth beyond it without moving.
    Reservation,
}

/// One linear memory of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinearMemory {
    /// Native address of the guest's address 0.
    #[serde(rename = "wasm.memory.base")]
    pub base: u64,
    /// Bytes the guest can use now: the contiguous readable and writable extent from `base`.
    #[serde(rename = "wasm.memory.size")]
    pub size_bytes: u64,
    /// Bytes it can grow to at most; `None` where nobody outside the runtime can tell.
    #[serde(rename = "wasm.memory.limit", skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// Where the limit comes from.
    #[serde(rename = "wasm.memory.limit.source", skip_serializing_if = "Option::is_none")]
    pub limit_source: Option<LimitSource>,
    /// It holds what a module counts of itself: `wasmscope instrument` appended it.
    #[serde(rename = "wasm.memory.instrumented", skip_serializing_if = "std::ops::Not::not", default)]
    pub instrumented: bool,
}
