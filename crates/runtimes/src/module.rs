//! What a module file tells that can be found again in a running process.

use crate::memory::Segments;
use crate::wasmtime::digest::{SymbolDigest, clean};
use crate::wasmtime::read_image;
use wasmparser::{Encoding, KnownCustom, MemoryType, Name, NameSectionReader, Parser, Payload, TypeRef};
use wasmscope_model::text::lossy_within;
use wasmscope_model::{ImageKind, Sha256};

/// Most function names taken from one file; a component of 100 MiB has about 200,000.
const MAX_NAMES: usize = 1 << 20;

/// Most memories listed.
const MAX_MEMORIES: usize = 1024;

/// Longest module name kept, in bytes.
const MAX_MODULE_NAME: usize = 256;

/// Deepest nesting of components looked into; the reference validator allows 100.
const MAX_DEPTH: usize = 100;

/// Bytes of a page where the module does not choose another size.
const PAGE_LOG2: u32 = 16;

/// What kind of module file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleKind {
    /// A core module.
    Module,
    /// A component.
    Component,
    /// A module or component compiled ahead of time by Wasmtime (`.cwasm`) or WAMR (`.aot`).
    Precompiled {
        /// Version of the engine that compiled it, where it says so.
        version: Option<String>,
    },
    /// WebAssembly text; the runtime converts it, and nothing more is known of it here.
    Text,
}

/// One memory that a module defines or imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleMemory {
    /// Bytes at the start.
    pub initial_bytes: u64,
    /// Bytes it can grow to; `None` where the module declares no maximum.
    pub maximum_bytes: Option<u64>,
    /// Shared between threads.
    pub shared: bool,
    /// Addressed with 64 bits.
    pub memory64: bool,
    /// Imported: the importer's declaration, another module's memory.
    pub imported: bool,
}

/// What a module file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFacts {
    /// What it is.
    pub kind: ModuleKind,
    /// Module name from the name section (of the first module that has one).
    pub name: Option<String>,
    /// Number of functions defined, over all modules of a component.
    pub functions: u32,
    /// Number of core modules in it.
    pub modules: u32,
    /// Memories of all its modules.
    pub memories: Vec<ModuleMemory>,
    /// Equal to [`wasmscope_model::CodeImage::symbols_sha256`] of the image that Wasmtime compiles from
    /// these bytes; `None` where there are no functions, none with a name (components), or too many.
    pub symbols_sha256: Option<Sha256>,
    /// What was left out.
    pub problems: Vec<String>,
}

/// Why bytes are no module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {reason}")]
pub struct ModuleError {
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

/// Reads what is needed to join a module file with code images and memories.
///
/// Parses, but does not validate: time and memory are bounded by the size of `bytes`.
///
/// # Errors
///
/// If `bytes` are neither WebAssembly, nor a precompiled module, nor text that looks like WebAssembly, or
/// if their structure is broken.
pub fn module_facts(bytes: &[u8]) -> Result<ModuleFacts, ModuleError> {
    if bytes.starts_with(b"\x7fELF") {
        return precompiled(bytes);
    }
    if bytes.starts_with(b"\0aot") {
        let mut facts = ModuleFacts::empty(ModuleKind::Precompiled { version: None });
        facts.problems.push("code compiled ahead of time for WAMR: not looked into".into());
        return Ok(facts);
    }
    if !bytes.starts_with(b"\0asm") {
        return text(bytes);
    }
    let mut reader = Reader::default();
    for payload in Parser::new(0).parse_all(bytes) {
        reader.take(payload.map_err(|e| ModuleError::new(e.offset(), e.message()))?)?;
    }
    Ok(reader.finish())
}

impl ModuleError {
    fn new(offset: u64, reason: impl Into<String>) -> Self {
        Self { offset, reason: reason.into() }
    }
}

fn text(bytes: &[u8]) -> Result<ModuleFacts, ModuleError> {
    let start = bytes.trim_ascii_start();
    let looks = [&b"(module"[..], b"(component", b";;", b"(;"].iter().any(|begin| start.starts_with(begin));
    if !looks {
        return Err(ModuleError::new(0, "neither WebAssembly nor a precompiled module"));
    }
    Ok(ModuleFacts::empty(ModuleKind::Text))
}

fn precompiled(bytes: &[u8]) -> Result<ModuleFacts, ModuleError> {
    let memory = Segments::new().with(0, bytes);
    let image = read_image(&memory, 0, bytes.len() as u64, None)
        .map_err(|e| ModuleError::new(0, e.to_string()))?
        .ok_or_else(|| ModuleError::new(0, "an ELF file, but no precompiled module"))?;
    if let ImageKind::Unknown(flags) = image.kind {
        return Err(ModuleError::new(48, format!("an unknown kind of precompiled module ({flags:#x})")));
    }
    Ok(ModuleFacts {
        functions: image.functions,
        modules: image.modules,
        symbols_sha256: image.symbols_sha256,
        problems: image.problems,
        ..ModuleFacts::empty(ModuleKind::Precompiled { version: image.engine_version })
    })
}

impl ModuleFacts {
    fn empty(kind: ModuleKind) -> Self {
        Self {
            kind,
            name: None,
            functions: 0,
            modules: 0,
            memories: Vec::new(),
            symbols_sha256: None,
            problems: Vec::new(),
        }
    }
}

/// Gathers facts over the payloads of a file.
#[derive(Default)]
struct Reader {
    component: bool,
    depth: usize,
    digest: SymbolDigest,
    functions: u32,
    modules: u32,
    names: usize,
    cut: bool,
    name: Option<String>,
    memories: Vec<ModuleMemory>,
    memories_cut: bool,
    current: Option<Module>,
}

/// The core module that is being read.
#[derive(Default)]
struct Module {
    index: u32,
    imported: u32,
    defined: u32,
    /// Cleaned function names by index.
    names: std::collections::HashMap<u32, String>,
}

impl Reader {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        let broken = |e: wasmparser::BinaryReaderError| ModuleError::new(e.offset(), e.message());
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => {
                self.depth += 1;
                self.current = Some(Module { index: self.modules, ..Module::default() });
                self.modules = self.modules.saturating_add(1);
            }
            Payload::Version { encoding: Encoding::Component, range, .. } => {
                self.depth += 1;
                self.component = true;
                if self.depth > MAX_DEPTH {
                    return Err(ModuleError::new(range.start, "components nested too deeply"));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import.map_err(broken)?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                            if let Some(module) = &mut self.current {
                                module.imported = module.imported.saturating_add(1);
                            }
                        }
                        TypeRef::Memory(memory) => self.memory(&memory, true),
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => {
                // Counted one by one: the number in front of the section may be any.
                for function in section {
                    function.map_err(broken)?;
                    if let Some(module) = &mut self.current {
                        module.defined = module.defined.saturating_add(1);
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory(&memory.map_err(broken)?, false);
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    // A broken name section does not make a broken module: Wasmtime, too, uses the part
                    // before the error.
                    let _ = self.names(names);
                }
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                self.end_module();
            }
            _ => {}
        }
        Ok(())
    }

    fn memory(&mut self, memory: &MemoryType, imported: bool) {
        if self.memories.len() == MAX_MEMORIES {
            self.memories_cut = true;
            return;
        }
        let page_log2 = memory.page_size_log2.unwrap_or(PAGE_LOG2).min(63);
        let bytes = |pages: u64| pages.saturating_mul(1 << page_log2);
        self.memories.push(ModuleMemory {
            initial_bytes: bytes(memory.initial),
            maximum_bytes: memory.maximum.map(bytes),
            shared: memory.shared,
            memory64: memory.memory64,
            imported,
        });
    }

    fn names(&mut self, section: NameSectionReader<'_>) -> wasmparser::Result<()> {
        let Some(module) = &mut self.current else { return Ok(()) };
        for subsection in section {
            match subsection? {
                Name::Module { name, .. } if self.name.is_none() => {
                    self.name = Some(lossy_within(name.as_bytes(), MAX_MODULE_NAME));
                }
                Name::Function(names) => {
                    for name in names {
                        let name = name?;
                        self.names += 1;
                        if self.names > MAX_NAMES {
                            self.cut = true;
                            return Ok(());
                        }
                        module.names.insert(name.index, clean(name.name).into_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn end_module(&mut self) {
        let Some(module) = self.current.take() else { return };
        self.functions = self.functions.saturating_add(module.defined);
        for index in (0..module.defined).map(|n| module.imported.saturating_add(n)) {
            let name = module.names.get(&index).map_or("", String::as_str);
            self.digest.add(module.index, index, name.as_bytes());
        }
    }

    fn finish(self) -> ModuleFacts {
        let mut problems = Vec::new();
        if self.cut {
            problems.push(format!("more than {MAX_NAMES} function names, the rest is left out"));
        }
        if self.memories_cut {
            problems.push(format!("more than {MAX_MEMORIES} memories, the rest is left out"));
        }
        ModuleFacts {
            kind: if self.component { ModuleKind::Component } else { ModuleKind::Module },
            name: self.name,
            functions: self.functions,
            modules: self.modules,
            memories: self.memories,
            symbols_sha256: if self.cut { None } else { self.digest.finish(self.component) },
            problems,
        }
    }
}
