//! Is this process a Wasm workload, of which runtime, and how sure is that?

mod findings;

use crate::fingerprint::Fingerprint;
use crate::known::{Runtime, known};
use crate::layout::{SightedMemory, linear_memories};
use crate::maps::Maps;
use crate::memory::ReadMemory;
use crate::problems::Problems;
use crate::wasmtime::find_images;
use findings::{Findings, base_name, is_executable_memory, is_file_of, is_module_mapping};
use wasmscope_model::{CodeImage, LinearMemory, ModuleOrigin, Recognition, Verdict};

/// Everything that was learned of one process without judging it.
pub struct Observation<'a> {
    /// Its mappings.
    pub maps: &'a Maps,
    /// Its memory.
    pub memory: &'a dyn ReadMemory,
    /// File name of its executable, without folders.
    pub exe_name: Option<&'a str>,
    /// Names of its threads.
    pub thread_names: &'a [String],
    /// Fingerprints of its executable and of libraries it has mapped.
    pub files: &'a [FileMarks<'a>],
    /// Module files it was seen to use.
    pub module_files: &'a [SeenModule],
}

/// The fingerprint of one file of the process.
#[derive(Debug, Clone, Copy)]
pub struct FileMarks<'a> {
    /// Path as the process sees it.
    pub path: &'a str,
    /// What the file is to the process.
    pub role: FileRole,
    /// What was found in it.
    pub fingerprint: &'a Fingerprint,
}

/// What a file is to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// Its executable.
    Executable,
    /// A library that it has mapped.
    Library,
}

/// A module file that the process uses or may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenModule {
    /// Path as the process sees it.
    pub path: String,
    /// How it was seen.
    pub origin: ModuleOrigin,
}

/// What was made of an observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Verdict, runtime, version, confidence and evidence.
    pub recognition: Recognition,
    /// Code images in memory.
    pub images: Vec<CodeImage>,
    /// Linear memories, of the recognised runtime only; empty unless the verdict is a workload.
    pub memories: Vec<LinearMemory>,
    /// What could not be looked at.
    pub problems: Vec<String>,
}

/// Why a process is worth a closer look, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interest {
    /// A reservation has the shape of a linear memory.
    Memory,
    /// A module file, or a memory image made from one, is mapped.
    ModuleMapped,
    /// A mapped file has the name of a known runtime or its library.
    KnownFile,
    /// There is executable memory without a file.
    ExecutableMemory,
}

/// Says from the mappings alone whether it is worth reading the process's memory and files.
///
/// `None` is no proof: an interpreter linked into a program of another name leaves nothing in the maps.
pub fn interesting(maps: &Maps) -> Option<Interest> {
    let by_vma = maps.vmas.iter().filter_map(|vma| {
        let file = vma.file().map(base_name);
        if is_module_mapping(vma) {
            Some(Interest::ModuleMapped)
        } else if file.is_some_and(|name| known().iter().any(|r| is_file_of(r, name))) {
            Some(Interest::KnownFile)
        } else if is_executable_memory(vma) {
            Some(Interest::ExecutableMemory)
        } else {
            None
        }
    });
    let strongest = by_vma.min();
    // The shapes cost more than the names, and nothing but another strongest reason comes of them.
    let scan = linear_memories(maps);
    let telling = scan.memories.iter().flat_map(|m| &m.candidates).any(|c| c.weight.get() > 0);
    if telling { Some(Interest::Memory) } else { strongest }
}

/// Joins all signals into a verdict.
///
/// A workload needs evidence that Wasm runs: a code image; a reservation that only a Wasm memory has; a
/// less telling one together with a marker of the same runtime (a heap of a JVM or of AddressSanitizer can
/// look like a memory); or, for runtimes that leave no reservation, a marker together with a module file
/// and the runtime's kind of code area. A runtime without such
/// evidence is a host.
pub fn recognise(o: &Observation<'_>) -> Sighting {
    let mut problems = Problems::default();
    if o.maps.truncated {
        problems.note("too many mappings, not all looked at");
    }
    if o.maps.malformed > 0 {
        problems.note(format!("{} lines of the maps not understood", o.maps.malformed));
    }
    let images = find_images(o.maps, o.memory);
    images.problems.iter().for_each(|p| problems.note(p.as_str()));
    let scan = linear_memories(o.maps);
    if scan.truncated {
        problems.note("too many linear memories, not all reported");
    }
    let findings = Findings::gather(o, &images.images, &scan.memories);
    let (verdict, runtime) = findings.judge();
    let memories = match verdict {
        Verdict::Workload => memories_of(&scan.memories, runtime),
        Verdict::Host | Verdict::None => Vec::new(),
    };
    let image_version = images.images.iter().find_map(|image| image.engine_version.clone());
    let version = runtime.and_then(|r| findings.version_of(r, image_version.as_deref()));
    let confidence = findings.confidence(verdict, runtime);
    let runtime = runtime.map(|r| r.name.clone());
    let evidence = findings.into_evidence(&mut problems);
    Sighting {
        recognition: Recognition { verdict, runtime, version, confidence, evidence },
        images: images.images,
        memories,
        problems: problems.into_vec(),
    }
}

/// The memories that the runtime can have made; where it is unknown, those that only Wasm has.
fn memories_of(sighted: &[SightedMemory], runtime: Option<&Runtime>) -> Vec<LinearMemory> {
    sighted
        .iter()
        .filter_map(|memory| {
            let candidate = memory.candidates.iter().find(|c| match runtime {
                Some(runtime) => runtime.name == c.runtime,
                None => c.specific,
            })?;
            Some(LinearMemory { limit_bytes: Some(candidate.limit), ..memory.memory.clone() })
        })
        .collect()
}
