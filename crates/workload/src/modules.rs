//! Module files: what they are, and which of those a process touched it really runs.

use crate::inspector::Inspector;
use std::{
    rc::Rc,
    sync::{Arc, OnceLock},
};
use wasmscope_model::{
    CodeImage, LimitSource, LinearMemory, ModuleFile, ModuleOrigin, Sha256, activity::Word,
};
use wasmscope_runtimes::{ModuleFacts, ModuleKind, module_facts};
use wasmscope_sensor_proc::RegularFile;

/// Largest module that is hashed, in bytes. The largest module in wide use is about 60 MB.
pub const MOST_MODULE_BYTES: u64 = 256 << 20;

/// One module file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleInfo {
    /// Hash of its bytes; `None` for a file beyond [`MOST_MODULE_BYTES`].
    pub sha256: Option<Sha256>,
    /// Bytes.
    pub size_bytes: u64,
    /// What the bytes tell; `None` where they are broken or too many.
    pub facts: Option<ModuleFacts>,
    /// What an [`Inspect`] says of them, once it has.
    pub traits: Arc<OnceLock<Traits>>,
}

/// What a module can do and what speaks against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// What it can ask of its host; `None` where that is not known.
    pub capabilities: Option<Vec<Word>>,
    /// Ids of findings.
    pub findings: Vec<Word>,
}

/// Analyses the bytes of a module.
pub type Inspect = fn(&[u8]) -> Traits;

impl ModuleInfo {
    /// Reads `file` if it begins like a module: `\0asm`, a precompiled module of Wasmtime, or text that a
    /// runtime would take for one.
    pub fn read(file: &RegularFile, inspector: Option<&Inspector>) -> Option<Self> {
        let head = file.head::<512>().ok()?;
        if !begins_like_a_module(&head) {
            return None;
        }
        let size_bytes = file.id.size;
        let Some(bytes) = file.content(MOST_MODULE_BYTES).ok()? else {
            return Some(Self { sha256: None, size_bytes, facts: None, traits: Inspector::nothing() });
        };
        let facts = module_facts(&bytes).ok();
        if facts.is_none() && !head.starts_with(b"\0asm") {
            return None;
        }
        let sha256 = Some(Sha256::of(&bytes));
        let traits = inspector.map_or_else(Inspector::nothing, |inspector| inspector.inspect(bytes));
        Some(Self { sha256, size_bytes, facts, traits })
    }
}

/// A cheap test that spares reading files that cannot be modules.
fn begins_like_a_module(head: &[u8]) -> bool {
    const ELFOSABI_WASMTIME: u8 = 200; // wasmtime-environ, obj.rs
    head.starts_with(b"\0asm")
        || (head.starts_with(b"\x7fELF") && head.get(7) == Some(&ELFOSABI_WASMTIME))
        || text_begins_like_a_module(head)
}

/// `(module` or `(component` behind white space and `;;` comments.
fn text_begins_like_a_module(head: &[u8]) -> bool {
    let mut rest = head.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b";;") {
        let end = comment.iter().position(|b| *b == b'\n').unwrap_or(comment.len());
        rest = comment[end..].trim_ascii_start();
    }
    rest.strip_prefix(b"(")
        .map(<[u8]>::trim_ascii_start)
        .is_some_and(|form| form.starts_with(b"module") || form.starts_with(b"component"))
}

/// A module file and how the process was tied to it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Path as the process sees it, where known.
    pub path: Option<String>,
    /// How it was found.
    pub origin: ModuleOrigin,
    /// Its content, where it could be read.
    pub info: Option<Rc<ModuleInfo>>,
}

/// Decides which files the workload runs: those whose symbols are in a code image first, then by how they were
/// found. One entry per content, or per path where there is no content.
pub fn resolve(
    mut candidates: Vec<Candidate>,
    images: &[CodeImage],
) -> Vec<(ModuleFile, Option<ModuleFacts>)> {
    for candidate in &mut candidates {
        let symbols = candidate.info.as_ref().and_then(|i| i.facts.as_ref()?.symbols_sha256);
        if symbols.is_some() && images.iter().any(|image| image.symbols_sha256 == symbols) {
            candidate.origin = ModuleOrigin::CodeImage;
        }
    }
    // Stable: among equals the order of discovery stays.
    candidates.sort_by_key(|c| (c.origin, c.path.is_none()));
    let mut files: Vec<(ModuleFile, Option<ModuleFacts>)> = Vec::new();
    for candidate in candidates {
        let sha256 = candidate.info.as_ref().and_then(|i| i.sha256);
        let known = files.iter().any(|(file, _)| match sha256 {
            Some(_) => file.sha256 == sha256,
            None => file.path == candidate.path,
        });
        if known {
            continue;
        }
        let facts = candidate.info.as_ref().and_then(|i| i.facts.clone());
        let traits = candidate.info.as_ref().and_then(|i| i.traits.get().cloned()).unwrap_or_default();
        let file = ModuleFile {
            path: candidate.path,
            sha256,
            size_bytes: candidate.info.as_ref().map(|i| i.size_bytes),
            name: facts.as_ref().and_then(|f| f.name.clone()),
            origin: candidate.origin,
            capabilities: traits.capabilities,
            findings: traits.findings,
        };
        files.push((file, facts));
    }
    files
}

/// Says of each image which file it was compiled from, as far as symbols prove it.
pub fn name_images(images: &mut [CodeImage], modules: &[(ModuleFile, Option<ModuleFacts>)]) {
    for image in images {
        let same = |facts: &ModuleFacts| {
            facts.symbols_sha256.is_some() && facts.symbols_sha256 == image.symbols_sha256
        };
        let file = modules.iter().find(|(_, facts)| facts.as_ref().is_some_and(same));
        image.module_sha256 = file.and_then(|(file, _)| file.sha256);
    }
}

/// Puts the module's declared maximum in place of the reservation's size, where there is exactly one memory and
/// exactly one module that could own it: otherwise nobody outside can tell whose it is.
pub fn limit_memories(memories: &mut [LinearMemory], modules: &[(ModuleFile, Option<ModuleFacts>)]) {
    let [memory] = memories else { return };
    // A module whose symbols are in memory is certain; the others only count if there is none such.
    let proven = modules.iter().filter(|(file, _)| file.origin == ModuleOrigin::CodeImage);
    let owners: Vec<_> =
        if proven.clone().next().is_some() { proven.collect() } else { modules.iter().collect() };
    let [(_, Some(facts))] = owners[..] else { return };
    if facts.kind != ModuleKind::Module {
        return;
    }
    let [declared] = facts.memories[..] else { return };
    if let Some(maximum) = declared.maximum_bytes
        && maximum >= memory.size_bytes
    {
        memory.limit_bytes = Some(maximum);
        memory.limit_source = Some(LimitSource::Module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(path: &str, origin: ModuleOrigin, wat: &str) -> Candidate {
        let bytes = wat::parse_str(wat).unwrap();
        let facts = module_facts(&bytes).unwrap();
        let info = ModuleInfo {
            sha256: Some(Sha256::of(&bytes)),
            size_bytes: bytes.len() as u64,
            facts: Some(facts),
            traits: Inspector::nothing(),
        };
        Candidate { path: Some(path.into()), origin, info: Some(Rc::new(info)) }
    }

    fn memory(size_bytes: u64) -> LinearMemory {
        LinearMemory {
            base: 0x1000,
            size_bytes,
            limit_bytes: Some(1 << 32),
            limit_source: Some(LimitSource::Reservation),
            instrumented: false,
        }
    }

    const GROWING: &str = r#"(module (memory 1 64) (func $step (export "_start")))"#;
    const OTHER: &str = r#"(module (memory 1) (func $other))"#;

    #[test]
    fn what_is_in_memory_beats_what_is_on_the_command_line() {
        let mut image = CodeImage {
            base: 0,
            size_bytes: 0,
            kind: wasmscope_model::ImageKind::Module,
            engine_version: None,
            text_base: 0,
            text_bytes: 0,
            modules: 1,
            functions: 1,
            symbols_sha256: None,
            module_sha256: None,
            file: None,
            problems: vec![],
        };
        let named = candidate("/a.wasm", ModuleOrigin::CommandLine, OTHER);
        let read = candidate("/b.wasm", ModuleOrigin::Read, GROWING);
        image.symbols_sha256 = read.info.as_ref().unwrap().facts.as_ref().unwrap().symbols_sha256;
        assert!(image.symbols_sha256.is_some());
        let twice = Candidate { path: Some("/link.wasm".into()), ..read.clone() };
        let files = resolve(vec![named, read, twice], &[image]);
        let seen: Vec<_> = files.iter().map(|(f, _)| (f.path.as_deref().unwrap(), f.origin)).collect();
        assert_eq!(seen, [("/b.wasm", ModuleOrigin::CodeImage), ("/a.wasm", ModuleOrigin::CommandLine)]);
    }

    #[test]
    fn a_declared_maximum_is_the_limit_only_where_it_is_certain() {
        let one = resolve(vec![candidate("/b.wasm", ModuleOrigin::Read, GROWING)], &[]);
        let mut memories = [memory(65536)];
        limit_memories(&mut memories, &one);
        assert_eq!(memories[0].limit_bytes, Some(64 * 65536));
        assert_eq!(memories[0].limit_source, Some(LimitSource::Module));

        let mut larger = [memory(65 * 65536)];
        limit_memories(&mut larger, &one);
        assert_eq!(
            larger[0].limit_source,
            Some(LimitSource::Reservation),
            "that memory is not this module's"
        );

        let two = resolve(
            vec![
                candidate("/a.wasm", ModuleOrigin::Read, OTHER),
                candidate("/b.wasm", ModuleOrigin::Read, GROWING),
            ],
            &[],
        );
        let mut memories = [memory(65536)];
        limit_memories(&mut memories, &two);
        assert_eq!(memories[0].limit_source, Some(LimitSource::Reservation));
    }

    #[test]
    fn text_is_told_from_other_text() {
        assert!(text_begins_like_a_module(b"\n;; licence\n;; more\n ( module"));
        assert!(!text_begins_like_a_module(b";; a scheme file\n(define x 1)"));
        assert!(!text_begins_like_a_module(b""));
    }
}
