//! What a WebAssembly module can do, read from its bytes before it runs.
//!
//! [`analyze`] takes bytes and gives [`Facts`]: imports and the [capabilities](Capability) behind them, memories, code in
//! numbers, origin, and what can be reached from where. Nothing here touches files, the network or the clock, and the
//! same bytes give the same facts.
//!
//! The bytes are hostile: everything is bounded (see [`limits`]), nothing panics, and names in the facts are the
//! attacker's own words.
//!
//! ```
//! let bytes = b"\0asm\x01\0\0\0";
//! let facts = wasmscope_analyze::analyze(bytes, &Default::default())?;
//! assert!(facts.validation.valid && facts.capabilities.is_empty());
//! # Ok::<(), wasmscope_analyze::AnalyzeError>(())
//! ```

mod bitmap;
mod callgraph;
mod capability;
mod code;
mod component;
mod constants;
mod constexpr;
mod content;
mod custom;
mod decoder;
mod dependencies;
mod encoding;
mod entropy;
mod error;
pub mod facts;
mod finish;
mod flow;
mod formats;
mod graph;
mod guard;
mod hardening;
mod interfaces;
mod layout;
pub mod limits;
mod links;
mod loops;
mod marks;
mod module;
mod names;
mod opcodes;
mod origin;
mod ports;
mod reach;
mod reader;
mod revisit;
mod segments;
mod signature;
mod storage;
mod text;
mod types;

pub use callgraph::{CallGraph, Ways};
pub use capability::{Capabilities, Capability, UnknownCapability};
pub use error::{AnalyzeError, ErrorKind};
pub use facts::Facts;
pub use opcodes::proposals;
pub use reader::{analyze, analyze_with_graphs};

/// What importing this function of an interface (`wasi_snapshot_preview1`, `wasi:io/streams@0.2.12`) lets a module do by itself.
///
/// ```
/// use wasmscope_analyze::{Capability, import_capabilities};
///
/// assert!(import_capabilities("wasi_snapshot_preview1", "random_get").contains(Capability::Random));
/// ```
pub fn import_capabilities(interface: &str, function: &str) -> Capabilities {
    interfaces::of_import(interface, function, facts::ItemKind::Function, "", false).capabilities
}

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Validate (about half of the time).
    pub validate: bool,
    /// Make call graphs.
    pub reachability: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { validate: true, reachability: true }
    }
}
