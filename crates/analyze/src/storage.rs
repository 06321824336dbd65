//! Memories, tables and globals as facts.

use crate::constexpr::Value;
use crate::facts::{Global, Memory, Table};
use wasmparser::{GlobalType, MemoryType, TableType};

/// Pages are 64 KiB unless the custom-page-sizes proposal is used.
const PAGE_LOG2: u32 = 16;

pub(crate) fn memory(index: u32, ty: &MemoryType, imported: bool) -> Memory {
    let page_bytes = 1 << ty.page_size_log2.unwrap_or(PAGE_LOG2).min(63);
    Memory {
        index,
        minimum_bytes: ty.initial.saturating_mul(page_bytes),
        maximum_bytes: ty.maximum.map(|pages| pages.saturating_mul(page_bytes)),
        page_bytes,
        shared: ty.shared,
        memory64: ty.memory64,
        imported,
        exported: None,
    }
}

pub(crate) fn table(index: u32, ty: &TableType, imported: bool) -> Table {
    Table {
        index,
        element: ty.element_type.to_string(),
        minimum: ty.initial,
        maximum: ty.maximum,
        table64: ty.table64,
        shared: ty.shared,
        imported,
        exported: None,
        changed_by_code: false,
        open: false,
    }
}

pub(crate) fn global(index: u32, ty: &GlobalType, imported: bool, value: Option<Value>) -> Global {
    let initial = match value {
        Some(Value::Integer(n)) => Some(n),
        _ => None,
    };
    Global {
        index,
        ty: ty.content_type.to_string(),
        mutable: ty.mutable,
        shared: ty.shared,
        imported,
        exported: None,
        initial,
        name: None,
    }
}
