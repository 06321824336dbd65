//! Where a module comes from, and what it was built with. All of it can be forged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmscope_model::recognition::Confidence;

/// What something was recognised as, how sure, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recognised {
    /// The name: `Rust`, `Emscripten`.
    pub name: String,
    /// How sure, 0 to 100.
    pub confidence: Confidence,
    /// What was seen, for a person.
    pub evidence: Vec<String>,
}

/// Language and toolchain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Languages, the surest first.
    pub languages: Vec<Recognised>,
    /// Toolchains, the surest first.
    pub toolchains: Vec<Recognised>,
}

/// One entry of the `producers` section
/// (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// The name: `rustc`.
    pub name: String,
    /// The version, may be empty.
    pub version: String,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    /// Part of the module.
    Runtime,
    /// Ran while it was built.
    Build,
}

/// A crate in the module (cargo-auditable).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// The crate's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it was from: `crates.io`, `git`, `local`, `registry`.
    pub source: String,
    /// What it is for.
    pub kind: DependencyKind,
    /// Is it the crate the module was built from?
    pub root: bool,
    /// The crates it depends on: places in the list.
    pub dependencies: Vec<u32>,
}

/// What a `signature` section of the wasmsign2 kind says. Present, not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureSection {
    /// Version of the format.
    pub version: u64,
    /// Is the signature the module's first section, as the format wants it?
    pub first: bool,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// The signer's key id, in hexadecimal digits; empty if it names none.
    pub key_id: String,
    /// The algorithm's number: 1 is Ed25519.
    pub algorithm: u64,
    /// How many parts of the module it covers.
    pub hashes: u32,
}

/// What helps a debugger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DebugInfo {
    /// Is there a `name` section?
    pub names: bool,
    /// Bytes of DWARF (`.debug_*` sections).
    pub dwarf_bytes: u64,
    /// Where the DWARF is, if outside (`external_debug_info`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_debug_info: Option<String>,
    /// Where the source map is (`sourceMappingURL`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_map: Option<String>,
    /// Build id, in hexadecimal digits (`build_id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
}

/// An allocator.
pub type Allocator = Recognised;

/// A C library.
pub type Libc = Recognised;

/// What the guest's memory safety rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hardening {
    /// Allocators, the surest first.
    pub allocators: Vec<Allocator>,
    /// C libraries, the surest first.
    pub libcs: Vec<Libc>,
    /// The global that points into the stack in linear memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_pointer: Option<StackPointer>,
    /// Does it call `__stack_chk_fail`? `None` where there are no names to tell by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_protector: Option<bool>,
    /// Is there `__stack_chk_guard`, by the names of exports, data symbols or globals?
    pub stack_guard: bool,
    /// The guard of the stack protector, where its place is known: by its name, or because every function that calls
    /// `__stack_chk_fail` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<StackGuard>,
    /// Does the stack end below all data, so that an overflow traps before it reaches them? `None` where the stack
    /// pointer or the data's place is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_first: Option<bool>,
}

/// The value that the stack protector compares with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StackGuard {
    /// Where it is.
    #[serde(flatten)]
    pub place: GuardPlace,
    /// Is it zero before any code runs? `None` where the module does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero: Option<bool>,
}

/// Where a guard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "place")]
pub enum GuardPlace {
    /// In linear memory, which the guest can write everywhere.
    Memory {
        /// Its address.
        address: u64,
    },
    /// In a global, which no store reaches.
    Global {
        /// Its index.
        index: u32,
    },
}

/// The stack pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StackPointer {
    /// Index of the global.
    pub global: u32,
    /// Can be set; always true in practice.
    pub mutable: bool,
    /// Can the host or another module set it, because it is exported or imported?
    pub exposed: bool,
    /// Its initial value: the end of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<i64>,
    /// Known by its name; otherwise it is the first mutable integer global, as linkers lay it out.
    pub named: bool,
}
