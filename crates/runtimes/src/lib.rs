//! What is known of each WebAssembly runtime, and how to find it in a process from outside.
//!
//! Everything here is a pure function over bytes and memory maps: no filesystem, no privileges, no async.
//! Whoever calls brings the text of `/proc/PID/maps`, a [`ReadMemory`] and a [`ReadFile`].
//!
//! All input is hostile: every read, count and name is bounded, nothing panics, and whatever was cut or
//! made no sense is said in a `problems` list or a `truncated` flag.
//!
//! The knowledge itself is data: one folder per runtime in `known/`, see `README.md` there.

pub mod fingerprint;
pub mod known;
pub mod layout;
pub mod maps;
pub mod memory;
pub mod module;
mod problems;
pub mod recognise;
pub mod wasmtime;

pub use fingerprint::{Fingerprint, Mark, ReadFile, fingerprint};
pub use known::{Runtime, known};
pub use layout::{MemoryScan, SightedMemory, linear_memories};
pub use maps::{MapPath, Maps, Perms, Vma};
pub use memory::{ReadMemory, Segments};
pub use module::{ModuleError, ModuleFacts, ModuleKind, module_facts};
pub use recognise::{
    FileMarks, FileRole, Interest, Observation, SeenModule, Sighting, interesting, recognise,
};
