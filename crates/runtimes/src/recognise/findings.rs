//! The single signals, and the rules that make a verdict of them.

use super::{FileRole, Observation};
use crate::known::{CodeArea, Runtime, known};
use crate::layout::SightedMemory;
use crate::maps::{MapPath, Maps, Vma};
use crate::problems::Problems;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_model::text::{bytes, lossy_within};
use wasmscope_model::{CodeImage, Confidence, Evidence, ModuleOrigin, Signal, Verdict};

/// A marker of at least this weight says by itself that the runtime is in the program.
const STRONG_MARKER: Confidence = Confidence::percent(50);

/// How sure at most without a sign that a module runs.
const HOST_AT_MOST: Confidence = Confidence::percent(49);

/// How sure at most where not even a runtime is found.
const NONE_AT_MOST: Confidence = Confidence::percent(24);

/// Most pieces of evidence kept.
const MAX_EVIDENCE: usize = 64;

/// Longest path shown in evidence, in bytes.
const MAX_SHOWN: usize = 256;

/// All signals of one process. Runtimes are told apart by their names, which are unique.
#[derive(Default)]
pub(super) struct Findings {
    evidence: Vec<Evidence>,
    has_image: bool,
    /// Have memory that only they make.
    specific: BTreeSet<&'static str>,
    /// Have memory that something else might make as well.
    loose: BTreeSet<&'static str>,
    /// Are in one of the files, with the versions that its marks tell, that of the heaviest mark first.
    marked: BTreeMap<&'static str, Vec<String>>,
    /// Gave the executable or a library its name.
    named: BTreeSet<&'static str>,
    module: Option<ModuleOrigin>,
    areas: Vec<CodeArea>,
}

impl Findings {
    pub(super) fn gather(o: &Observation<'_>, images: &[CodeImage], memories: &[SightedMemory]) -> Self {
        let mut findings = Self::default();
        findings.code_images(images);
        findings.reservations(memories);
        findings.mappings(o.maps);
        findings.module_files(o);
        findings.markers(o);
        findings.names(o);
        findings.code_areas(o.maps);
        findings
    }

    fn add(&mut self, signal: Signal, runtime: Option<&str>, weight: Confidence, detail: String) {
        self.evidence.push(Evidence { signal, runtime: runtime.map(str::to_owned), weight, detail });
    }

    fn code_images(&mut self, images: &[CodeImage]) {
        let (Some(first), Some(runtime)) = (images.first(), image_runtime()) else { return };
        self.has_image = true;
        let detail = format!("{} code images, the first at {:#x}", images.len(), first.base);
        self.add(Signal::CodeImage, Some(&runtime.name), runtime.code.weight, detail);
    }

    fn reservations(&mut self, memories: &[SightedMemory]) {
        // One piece of evidence per runtime and way of reserving, however many memories there are.
        let mut groups: BTreeMap<_, (usize, u64, Confidence)> = BTreeMap::new();
        for memory in memories {
            for c in memory.candidates.iter().filter(|c| c.weight.get() > 0) {
                let set = if c.specific { &mut self.specific } else { &mut self.loose };
                set.insert(c.runtime);
                let key = (c.runtime, c.shape.before, c.shape.extent, c.specific);
                groups.entry(key).or_insert((0, memory.memory.base, c.weight)).0 += 1;
            }
        }
        for ((runtime, before, extent, specific), (count, first, weight)) in groups {
            let fit = if specific { "" } else { ", not telling alone" };
            let detail = format!(
                "{count} reserved as {} + {}, the first at {first:#x}{fit}",
                bytes(before),
                bytes(extent)
            );
            self.add(Signal::Reservation, Some(runtime), weight, detail);
        }
    }

    fn mappings(&mut self, maps: &Maps) {
        for runtime in known() {
            for mapping in &runtime.mappings {
                let named =
                    |vma: &&Vma| matches!(&vma.path, MapPath::File { path, .. } if *path == mapping.path);
                if let Some(vma) = maps.vmas.iter().find(named) {
                    self.specific.insert(&runtime.name);
                    let detail = format!("{} mapped at {:#x}", mapping.path, vma.start);
                    self.add(Signal::Reservation, Some(&runtime.name), mapping.weight, detail);
                }
            }
        }
    }

    fn module_files(&mut self, o: &Observation<'_>) {
        let Some(best) = o.module_files.iter().min_by_key(|m| m.origin) else { return };
        self.module = Some(best.origin);
        let (weight, how) = match best.origin {
            ModuleOrigin::CodeImage => (70, "its functions are in memory"),
            ModuleOrigin::Mapped => (60, "mapped"),
            ModuleOrigin::Open => (50, "open"),
            ModuleOrigin::Read => (50, "read"),
            ModuleOrigin::CommandLine => (20, "named on the command line"),
        };
        let detail = format!("{} ({how})", lossy_within(best.path.as_bytes(), MAX_SHOWN));
        self.add(Signal::ModuleFile, None, Confidence::percent(weight), detail);
    }

    fn markers(&mut self, o: &Observation<'_>) {
        // Per runtime the heaviest mark, and a version from whichever mark has one.
        for runtime in known() {
            let marks = o.files.iter().flat_map(|f| f.fingerprint.marks.iter().map(move |m| (f, m)));
            let marks = marks.filter(|(_, mark)| mark.runtime == runtime.name);
            let Some((file, best)) = marks.clone().max_by_key(|(_, m)| (m.weight, m.version.is_some()))
            else {
                continue;
            };
            if best.weight >= STRONG_MARKER {
                let mut telling: Vec<_> = marks.clone().filter(|(_, m)| m.version.is_some()).collect();
                telling.sort_by_key(|(_, m)| Reverse(m.weight));
                let versions = telling.into_iter().filter_map(|(_, m)| m.version.clone()).collect();
                self.marked.insert(&runtime.name, versions);
            }
            let role = match file.role {
                FileRole::Executable => "executable",
                FileRole::Library => "library",
            };
            let path = lossy_within(file.path.as_bytes(), MAX_SHOWN);
            let detail = format!("{:?} in the {role} {path}", best.marker);
            self.add(Signal::Marker, Some(&runtime.name), best.weight, detail);
        }
    }

    fn names(&mut self, o: &Observation<'_>) {
        for runtime in known() {
            let file_names = o.maps.vmas.iter().filter_map(|vma| vma.file().map(base_name));
            if let Some(name) =
                o.exe_name.into_iter().chain(file_names).find(|name| is_file_of(runtime, name))
            {
                self.named.insert(&runtime.name);
                let name = lossy_within(name.as_bytes(), MAX_SHOWN);
                self.add(Signal::Name, Some(&runtime.name), runtime.name_weight, name);
            }
            if let Some(thread) = runtime.threads.iter().find(|t| o.thread_names.contains(&t.name)) {
                self.add(Signal::ThreadName, Some(&runtime.name), thread.weight, thread.name.clone());
            }
        }
    }

    fn code_areas(&mut self, maps: &Maps) {
        let areas = code_areas(maps);
        self.areas = areas.iter().map(|(area, _)| *area).collect();
        // Executable memory alone is any compiler's; it is evidence only for a runtime that is there.
        let present: Vec<_> = known().iter().filter(|r| self.is_present(r)).collect();
        for runtime in present {
            if let Some((_, at)) = areas.iter().find(|(area, _)| *area == runtime.code.area) {
                let detail = format!("executable memory without a file at {at:#x}");
                self.add(Signal::JitArea, Some(&runtime.name), runtime.code.weight, detail);
            }
        }
    }

    fn is_present(&self, runtime: &Runtime) -> bool {
        self.marked.contains_key(&*runtime.name) || self.named.contains(&*runtime.name)
    }

    /// The verdict and the runtime it is about.
    pub(super) fn judge(&self) -> (Verdict, Option<&'static Runtime>) {
        if self.has_image {
            return (Verdict::Workload, image_runtime());
        }
        if !self.specific.is_empty() {
            return (Verdict::Workload, self.best(|r| self.specific.contains(&*r.name)));
        }
        let likely = |r: &Runtime| {
            let marked = self.marked.contains_key(&*r.name);
            marked && (self.loose.contains(&*r.name) || (self.module.is_some() && self.runs_code(r)))
        };
        if known().iter().any(likely) {
            return (Verdict::Workload, self.best(likely));
        }
        if !self.marked.is_empty() || !self.named.is_empty() {
            return (Verdict::Host, self.best(|r| self.is_present(r)));
        }
        (Verdict::None, None)
    }

    /// Whether the code area that the runtime needs for a module is there, as far as it tells anything.
    fn runs_code(&self, runtime: &Runtime) -> bool {
        match runtime.code.area {
            // A module that was compiled shows as an image, and then there is nothing to guess.
            CodeArea::ElfImage => false,
            CodeArea::None => !runtime.general_purpose,
            CodeArea::IsolatedRwx => self.areas.contains(&CodeArea::IsolatedRwx),
            area => !runtime.general_purpose && self.areas.contains(&area),
        }
    }

    /// The runtime that most evidence speaks for; `None` where two are equally likely.
    fn best(&self, possible: impl Fn(&Runtime) -> bool) -> Option<&'static Runtime> {
        let mut ranked: Vec<_> =
            known().iter().filter(|r| possible(r)).map(|r| (self.weight_of(&r.name), r)).collect();
        ranked.sort_by_key(|(weight, _)| Reverse(*weight));
        match ranked.as_slice() {
            [(first, runtime), (second, _), ..] => (first > second).then_some(*runtime),
            [(_, runtime)] => Some(*runtime),
            [] => None,
        }
    }

    fn weight_of(&self, runtime: &str) -> Confidence {
        combine(self.evidence.iter().filter(|e| e.runtime.as_deref() == Some(runtime)))
    }

    /// How sure it is that Wasm runs: all signals that do not speak for another runtime.
    pub(super) fn confidence(&self, verdict: Verdict, runtime: Option<&Runtime>) -> Confidence {
        let fitting = self.evidence.iter().filter(|e| match (&e.runtime, runtime) {
            (Some(speaks_for), Some(runtime)) => *speaks_for == runtime.name,
            _ => true,
        });
        let all = combine(fitting);
        match verdict {
            Verdict::Workload => all,
            Verdict::Host => all.min(HOST_AT_MOST),
            Verdict::None => all.min(NONE_AT_MOST),
        }
    }

    /// The version of a runtime according to its files and, where it has one, the version in its code image.
    ///
    /// Wasmtime 43 to 50 write only their major version into images (36 wrote all of it). It is of what really runs, so a mark must
    /// agree with it: a program can hold marks of several versions, or of what it never calls.
    pub(super) fn version_of(&self, runtime: &Runtime, image: Option<&str>) -> Option<String> {
        let marked = self.marked.get(&*runtime.name).map(Vec::as_slice).unwrap_or_default();
        let Some(image) = image else { return marked.first().cloned() };
        let refines =
            |version: &&String| version.strip_prefix(image).is_some_and(|rest| rest.starts_with('.'));
        Some(marked.iter().find(refines).cloned().unwrap_or_else(|| image.to_owned()))
    }

    /// The evidence, strongest first.
    pub(super) fn into_evidence(self, problems: &mut Problems) -> Vec<Evidence> {
        let mut evidence = self.evidence;
        evidence.sort_by_key(|e| (e.signal, Reverse(e.weight)));
        if evidence.len() > MAX_EVIDENCE {
            problems.note(format!("{} pieces of evidence, only the strongest kept", evidence.len()));
            evidence.truncate(MAX_EVIDENCE);
        }
        evidence
    }
}

/// Joins evidence; of one signal only the heaviest piece counts, since its pieces are not independent.
fn combine<'a>(evidence: impl Iterator<Item = &'a Evidence>) -> Confidence {
    let mut heaviest: BTreeMap<Signal, Confidence> = BTreeMap::new();
    for e in evidence {
        let weight = heaviest.entry(e.signal).or_insert(e.weight);
        *weight = e.weight.max(*weight);
    }
    Confidence::combine(heaviest.into_values())
}

/// The runtime that keeps its code as the images that [`crate::wasmtime`] reads.
fn image_runtime() -> Option<&'static Runtime> {
    known().iter().find(|r| r.code.area == CodeArea::ElfImage)
}

/// Which kinds of code area there are, each with the address of the first.
fn code_areas(maps: &Maps) -> Vec<(CodeArea, u64)> {
    let mut areas: Vec<(CodeArea, u64)> = Vec::new();
    for (n, vma) in maps.vmas.iter().enumerate().filter(|(_, vma)| is_executable_memory(vma)) {
        let before = n.checked_sub(1).and_then(|n| maps.vmas.get(n)).is_some_and(|v| v.end == vma.start);
        let after = maps.vmas.get(n + 1).is_some_and(|v| v.start == vma.end);
        let isolated = !before && !after;
        let kinds: &[CodeArea] = match (vma.perms.write, isolated) {
            (true, true) => &[CodeArea::AnonymousRwx, CodeArea::IsolatedRwx],
            (true, false) => &[CodeArea::AnonymousRwx],
            (false, _) => &[CodeArea::AnonymousRx],
        };
        for kind in kinds {
            if !areas.iter().any(|(known, _)| known == kind) {
                areas.push((*kind, vma.start));
            }
        }
    }
    areas
}

/// Executable memory that no file backs.
pub(super) fn is_executable_memory(vma: &Vma) -> bool {
    vma.perms.execute && vma.is_memory()
}

/// A module file, or memory that a runtime names after Wasm.
pub(super) fn is_module_mapping(vma: &Vma) -> bool {
    let MapPath::File { path, .. } = &vma.path else { return false };
    path.ends_with(".wasm")
        || path.ends_with(".cwasm")
        || known().iter().any(|r| r.mappings.iter().any(|m| m.path == *path))
}

/// Whether a file of that name is the runtime's executable or library.
pub(super) fn is_file_of(runtime: &Runtime, name: &str) -> bool {
    runtime.executables.iter().any(|exe| exe == name)
        || runtime.libraries.iter().any(|library| name.starts_with(library.as_str()))
}

pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
