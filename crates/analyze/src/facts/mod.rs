//! What is known of a file after [`analyze`](crate::analyze): plain data, the same for the same bytes.
//!
//! Every offset counts from the start of the file, in bytes. Lists are in the order of the file unless they say
//! otherwise. Counts are exact; lists are cut at [`limits::LISTED`](crate::limits::LISTED) entries per file.
//! Names are the file's own, attacker-controlled, cut at [`limits::NAME_BYTES`](crate::limits::NAME_BYTES): escape them
//! when showing them.

mod code;
mod component;
mod content;
mod encoding;
mod interface;
mod linked;
mod module;
mod origin;
mod reach;
mod shapes;
mod storage;

pub use code::{Functions, InstructionMix, NamedFunction, ProposalUse};
pub use component::{ComponentFacts, ComponentItem};
pub use content::{
    ConstantSet, Content, Counted, EmbeddedFile, FileFormat, Library, Place, Secret, SecretKind, Text,
    TextClass,
};
pub use encoding::{Encoding, UnknownCustom};
pub use interface::{Interface, InterfaceUse};
pub use linked::{EntryReach, HostReach, Linked};
pub use module::{Export, ExternType, Import, ItemKind, ModuleFacts, Section};
pub use origin::{
    Allocator, DebugInfo, Dependency, DependencyKind, GuardPlace, Hardening, Libc, Origin, Producer,
    Recognised, Signature, SignatureSection, StackGuard, StackPointer,
};
pub use reach::{CapabilityReach, ExportReach, ImportReach, Path, Reachability, Root, Step, Via};
pub use shapes::{Dispatcher, FormatCall, FormatCalls, IndirectCalls, LoopFunction, Shapes};
pub use storage::{DataSegment, ElementSegment, Elements, Global, Memory, Segment, Segments, Table};

use crate::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmscope_model::Sha256;

/// Everything about one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// Core module or component.
    pub kind: Kind,
    /// SHA-256 of the whole file.
    pub sha256: Sha256,
    /// Bytes in the file.
    pub size: u64,
    /// Is it valid, with every proposal enabled?
    pub validation: Validation,
    /// What the file as a whole asks of its host: of a core module its imports; of a component the imports of
    /// the outermost component and the handlers that it exports, because what nested modules import is given to them by other parts of the file.
    pub capabilities: Capabilities,
    /// The core modules, in the order in which they end in the file; of a core module just itself.
    pub modules: Vec<ModuleFacts>,
    /// The components, in the order in which they begin, the outermost first; empty for a core module.
    pub components: Vec<ComponentFacts>,
    /// What can be reached in the component as a whole; `None` for a core module, or if it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<Linked>,
    /// Exact number of core modules, also of those beyond the bound.
    pub module_count: u32,
    /// What is odd about the file or was left out.
    pub problems: Vec<Problem>,
}

/// Core module or component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// The validator's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// Did the whole file validate?
    pub valid: bool,
    /// The first error, or why validation was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// Something odd at a place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What kind: stable.
    pub kind: ProblemKind,
    /// Where; `None` if it has no single place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What, for a person. May quote names of the file.
    pub message: String,
}

/// What kind of oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// Not valid.
    Invalid,
    /// A section id that no known proposal uses.
    UnknownSection,
    /// A function body that cannot be decoded to its end: an unknown instruction, or broken.
    UndecodedFunction,
    /// A custom section of a known name with unreadable contents.
    BrokenCustomSection,
    /// A custom section that may appear once appears again; the first counts.
    RepeatedCustomSection,
    /// Left out, because a bound was reached.
    LeftOut,
}
