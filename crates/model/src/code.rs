//! Compiled code of a module as the runtime keeps it in its own memory.

use serde::{Deserialize, Serialize};

/// What one code image was compiled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageKind {
    /// A core module, native code.
    Module,
    /// A component (possibly of many modules), native code.
    Component,
    /// A core module compiled to Pulley bytecode: nothing in it is executable.
    PulleyModule,
    /// A component compiled to Pulley bytecode.
    PulleyComponent,
    /// Something a newer runtime writes; the raw `e_flags` are kept.
    Unknown(u32),
}

/// One compiled module or component found in a process's memory.
///
/// Every number and name in it was read from memory that the observed process can write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeImage {
    /// Address of the image's first byte (its ELF header).
    #[serde(rename = "wasm.image.base")]
    pub base: u64,
    /// Bytes of address space the image covers.
    #[serde(rename = "wasm.image.size")]
    pub size_bytes: u64,
    /// What it was compiled from.
    #[serde(rename = "wasm.image.kind")]
    pub kind: ImageKind,
    /// Version string of the engine that compiled it, e.g. `48.0.3`.
    #[serde(rename = "wasm.runtime.version", skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// Address of the first byte of `.text`.
    #[serde(rename = "wasm.image.text.base")]
    pub text_base: u64,
    /// Bytes of `.text`.
    #[serde(rename = "wasm.image.text.size")]
    pub text_bytes: u64,
    /// Number of core modules in it (1 for a module).
    #[serde(rename = "wasm.image.modules")]
    pub modules: u32,
    /// Number of guest functions in it.
    #[serde(rename = "wasm.image.functions")]
    pub functions: u32,
    /// SHA-256 over the sorted guest function symbols: the same for every image compiled from the
    /// same module, and what joins an image to a module file.
    #[serde(rename = "wasm.image.symbols.sha256", skip_serializing_if = "Option::is_none")]
    pub symbols_sha256: Option<crate::Sha256>,
    /// SHA-256 of the module file that has the same function symbols, where such a file was found.
    #[serde(rename = "wasm.module.sha256", skip_serializing_if = "Option::is_none", default)]
    pub module_sha256: Option<crate::Sha256>,
    /// File the image is mapped from (a precompiled `.cwasm`), as the process sees it.
    #[serde(rename = "wasm.image.file", skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What of the image could not be read or made no sense; empty for a sound one.
    #[serde(rename = "wasm.image.problems", skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<String>,
}

impl CodeImage {
    /// Whether addresses of the processor lie in its `.text`: Pulley's is bytecode.
    pub fn is_native(&self) -> bool {
        matches!(self.kind, ImageKind::Module | ImageKind::Component)
    }
}

/// One guest function in a code image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Index of the core module within the image.
    #[serde(rename = "wasm.module.index")]
    pub module_index: u32,
    /// Function index in that module's function index space (imports included), as the runtime wrote it.
    #[serde(rename = "wasm.function.index")]
    pub index: u32,
    /// Name from the module's name section; `None` where it has none.
    #[serde(rename = "wasm.function.name", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The symbol as it stands in the image, lossily decoded and cut to a bounded length.
    #[serde(rename = "wasm.function.symbol")]
    pub symbol: String,
    /// Native address of the function's first instruction (Pulley: of its first bytecode byte).
    #[serde(rename = "wasm.function.address")]
    pub address: u64,
    /// Bytes of native code.
    #[serde(rename = "wasm.function.size")]
    pub size_bytes: u64,
}
