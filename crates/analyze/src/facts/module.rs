//! One core module.

use super::{
    ConstantSet, Content, DataSegment, DebugInfo, Dependency, Elements, Encoding, FormatCalls, Functions,
    Global, Hardening, IndirectCalls, InstructionMix, Interface, InterfaceUse, Memory, Origin, Problem,
    Producer, ProposalUse, Reachability, Segments, Shapes, SignatureSection, Table,
};
use crate::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmscope_model::Sha256;

/// Everything about one core module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleFacts {
    /// Where it stands: `module`, or for the third module of the second component in a component
    /// `component/component[1]/module[2]`.
    pub path: String,
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of just this module.
    pub sha256: Sha256,
    /// Its name in the `name` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The layout of the file.
    pub sections: Vec<Section>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Exact number of imports.
    pub import_count: u32,
    /// What it exports.
    pub exports: Vec<Export>,
    /// Exact number of exports.
    pub export_count: u32,
    /// The interfaces behind the imports, sorted by namespace.
    pub interfaces: Vec<InterfaceUse>,
    /// What the imports allow, whether code calls them or not; see [`reachability`](Self::reachability).
    pub capabilities: Capabilities,
    /// Linear memories, imported ones first.
    pub memories: Vec<Memory>,
    /// Tables, imported ones first.
    pub tables: Vec<Table>,
    /// Globals, imported ones first.
    pub globals: Vec<Global>,
    /// Index of the function that runs at instantiation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Data segments.
    pub data: Segments<DataSegment>,
    /// Element segments.
    pub elements: Elements,
    /// The functions in numbers.
    pub functions: Functions,
    /// Which instructions the code is made of.
    pub instructions: InstructionMix,
    /// Which proposals beyond the first version of WebAssembly it uses, in the order of
    /// their names.
    pub proposals: Vec<ProposalUse>,
    /// What can be called from where.
    pub reachability: Reachability,
    /// What calls through tables and references may reach; `None` where no call graph was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indirect_calls: Option<IndirectCalls>,
    /// Calls of `printf` and its kin; `None` where no call graph was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format_calls: Option<FormatCalls>,
    /// Functions of a telling shape.
    pub shapes: Shapes,
    /// Constants of well-known algorithms in code and data.
    pub constants: Vec<ConstantSet>,
    /// What lies in data segments and custom sections.
    pub content: Content,
    /// The language and toolchain it seems to come from.
    pub origin: Origin,
    /// What the `producers` section says.
    pub producers: Vec<Producer>,
    /// Features the `target_features` section names, such as `+simd128`.
    pub target_features: Vec<String>,
    /// The crates in its `.dep-v0` section (cargo-auditable); `None` without such a section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<Dependency>>,
    /// The wasmsign2 section; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureSection>,
    /// What helps to read it.
    pub debug: DebugInfo,
    /// Allocator, libc, stack pointer, stack protector.
    pub hardening: Hardening,
    /// How it is written down, where that is odd.
    pub encoding: Encoding,
    /// What is odd about it or was left out.
    pub problems: Vec<Problem>,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Its number.
    pub id: u8,
    /// `type`, `import`, …, `unknown`, or the name of a custom section.
    pub name: String,
    /// Where its contents begin.
    pub offset: u64,
    /// Bytes of contents.
    pub size: u64,
    /// Entries it declares, where it is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Shannon entropy of a custom section's contents in bits per byte, 0 to 8, in steps of 0.01; of more than
    /// 1 MiB, of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f32>,
}

/// What kind of thing is imported or exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A linear memory.
    Memory,
    /// A global.
    Global,
    /// An exception tag.
    Tag,
}

/// The type of an import or export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternType {
    /// What kind of thing.
    pub kind: ItemKind,
    /// Index in the index space of its kind.
    pub index: u32,
    /// The type in words: `(i32, i64) -> (i32)`, `mut i32`, `memory 1..2 shared`. Empty for a type
    /// index that does not exist.
    pub signature: String,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    /// The namespace.
    pub module: String,
    /// The name in it.
    pub name: String,
    /// The type.
    #[serde(flatten)]
    pub ty: ExternType,
    /// The family of host functions it belongs to.
    pub interface: Interface,
    /// What it allows.
    pub capabilities: Capabilities,
    /// Is it a function the tables of this crate know by name?
    pub known: bool,
}

/// One export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(flatten)]
    pub ty: ExternType,
}
