//! Memories, tables, globals and what they are filled with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A linear memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Its index.
    pub index: u32,
    /// Bytes at start.
    pub minimum_bytes: u64,
    /// Bytes at most; `None` where the module sets no maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_bytes: Option<u64>,
    /// Bytes in a page: 65,536 unless the custom-page-sizes proposal is used.
    pub page_bytes: u64,
    /// Shared between threads.
    pub shared: bool,
    /// Addressed with 64 bits.
    pub memory64: bool,
    /// Given by the host.
    pub imported: bool,
    /// The first name under which it is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its index.
    pub index: u32,
    /// Type of its elements: `funcref`.
    pub element: String,
    /// Elements at start.
    pub minimum: u64,
    /// Elements at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
    /// Indexed with 64 bits.
    pub table64: bool,
    /// Shared between threads.
    pub shared: bool,
    /// Given by the host.
    pub imported: bool,
    /// The first name under which it is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported: Option<String>,
    /// Does code change it (`table.set`, `.grow`, `.fill`, `.copy`, `.init`)?
    pub changed_by_code: bool,
    /// Its contents cannot be known: imported, exported, changed by code, or filled from unknown values.
    pub open: bool,
}

/// A global.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Global {
    /// Its index.
    pub index: u32,
    /// Type of its value.
    pub ty: String,
    /// Can be set.
    pub mutable: bool,
    /// Shared between threads.
    pub shared: bool,
    /// Given by the host.
    pub imported: bool,
    /// The first name under which it is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported: Option<String>,
    /// Its initial value, if that is an integer constant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<i64>,
    /// Its name in the `name` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A kind of segments in numbers, and the segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segments<T> {
    /// Exact number.
    pub count: u32,
    /// Bytes in all of them.
    pub bytes: u64,
    /// Bytes in active ones, which are copied at instantiation.
    pub active_bytes: u64,
    /// The segments.
    pub list: Vec<T>,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self { count: 0, bytes: 0, active_bytes: 0, list: Vec::new() }
    }
}

/// How a segment is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "mode")]
pub enum Segment {
    /// Copied at instantiation to a memory or table.
    Active {
        /// Which memory or table.
        target: u32,
        /// Where to; `None` if only the host knows (`global.get` of an import).
        #[serde(skip_serializing_if = "Option::is_none")]
        start: Option<u64>,
    },
    /// Copied when code asks for it.
    Passive,
    /// Only declares functions for `ref.func`.
    Declared,
}

/// A data segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataSegment {
    /// Its index.
    pub index: u32,
    /// Where its bytes are in the file.
    pub offset: u64,
    /// How many.
    pub size: u64,
    /// Where they go.
    #[serde(flatten)]
    pub segment: Segment,
    /// Shannon entropy in bits per byte, 0 to 8, in steps of 0.01: machine code lies near 6, compressed or encrypted data
    /// of some kilobytes above 7.5.
    pub entropy: f32,
    /// Its name in the `name` section: the linker writes `.rodata`, `.data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Is it meant to be constant, by that name? WebAssembly itself has no read-only memory. `None` without a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// Element segments in numbers, and the segments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Elements {
    /// Exact number of segments.
    pub count: u32,
    /// Elements in all of them.
    pub elements: u64,
    /// The segments.
    pub list: Vec<ElementSegment>,
}

/// An element segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ElementSegment {
    /// Its index.
    pub index: u32,
    /// Number of elements.
    pub elements: u32,
    /// Where they go.
    #[serde(flatten)]
    pub segment: Segment,
}
