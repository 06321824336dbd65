//! Looking at one live process: everything that `/proc` and its memory tell, judged by `runtimes`.

use crate::{
    cache::FileCache,
    container,
    counters::is_instrumented,
    inspector::Inspector,
    modules::{Candidate, limit_memories, name_images, resolve},
    stacks::{FaultSight, Program, Stacks},
};
use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};
use wasmscope_model::{
    BootId, CodeImage, GuestStack, LinearMemory, ModuleOrigin, ProcessKey, RawStack, Verdict, Workload,
    WorkloadId, activity::Word, text::lossy_within,
};
use wasmscope_runtimes::{
    FileMarks, FileRole, Fingerprint, Maps, Observation, ReadMemory, SeenModule, Segments, Vma, interesting,
    linear_memories, recognise,
};
use wasmscope_sensor_proc::{FileId, Process, ProcessError, RegularFile};

/// Most libraries of one process that are fingerprinted, most mapped data files looked into, most arguments tried.
const MOST_LIBRARIES: usize = 512;
const MOST_DATA_FILES: usize = 64;
const MOST_ARGUMENTS: usize = 64;

/// A module file that the kernel saw a process read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRead {
    /// Inode number, as the file system knows it.
    pub inode: u64,
    /// Bytes of the file.
    pub size: u64,
    /// Path within its file system.
    pub path: Vec<u8>,
}

/// What is known of a process beforehand, from events.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Arguments at `execve`, NUL-separated; the process cannot change these any more.
    pub args: Option<Vec<u8>>,
    /// Files it read that may be modules.
    pub reads: Vec<ModuleRead>,
    /// A known runtime, reservation or module read points to it: look at everything.
    pub thorough: bool,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Sight {
    /// Which process and program.
    pub key: ProcessKey,
    /// All that was found; `workload.recognition.verdict` says whether it is one.
    pub workload: Workload,
    /// The executable itself carries a strong marker of a runtime: files of any name that it reads are of interest.
    pub dedicated: bool,
    /// Changes whenever code is loaded or memory is reserved, and only then.
    pub layout: u64,
    /// A module is still being analysed: a later look will know more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

/// Why a look found nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookError {
    /// The process could not be read.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It was replaced by another program while it was looked at.
    #[error("process {0} ran another program before the look was over")]
    Changed(u32),
}

/// The seam between deciding and doing: implemented by [`Looker`], and by tests and replay.
pub trait Look {
    /// Looks closely.
    ///
    /// # Errors
    /// The process ended, changed or is denied.
    fn look(&mut self, pid: u32, hints: &Hints) -> Result<Sight, LookError>;

    /// Whether the executable of `pid` carries a marker of a runtime: cheap for executables seen before.
    ///
    /// # Errors
    /// As for [`look`](Self::look).
    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError>;

    /// `CLOCK_MONOTONIC`.
    fn now(&self) -> Duration;

    /// Whether the process is there (a zombie is not).
    fn is_alive(&mut self, pid: u32) -> bool;

    /// Looks only at memory sizes of a known workload; `None` where its layout changed and a full look is due.
    ///
    /// # Errors
    /// As for [`look`](Self::look).
    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError>;

    /// Which guest functions led to a call, or why that cannot be said.
    ///
    /// # Errors
    /// The reason, in a few words.
    fn stack(&mut self, known: &Sight, raw: &RawStack) -> Result<GuestStack, Word>;

    /// What a fault at the instruction `ip`, with the frame pointer `fp`, means.
    fn fault(&mut self, known: &Sight, ip: u64, fp: u64, raw: &RawStack) -> FaultSight;
}

/// Native code of guests in a process.
pub(crate) fn native_code(images: &[CodeImage]) -> impl Iterator<Item = &CodeImage> {
    images.iter().filter(|image| image.is_native())
}

/// Looks at processes of this host.
#[derive(Debug)]
pub struct Looker {
    boot: BootId,
    boot_time: u64,
    cache: FileCache,
    stacks: Stacks,
}

impl Looker {
    /// A looker for this boot of this host.
    ///
    /// # Errors
    /// `/proc` is not readable.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            boot: wasmscope_sensor_proc::boot_id()?,
            boot_time: wasmscope_sensor_proc::boot_time()?,
            cache: FileCache::default(),
            stacks: Stacks::default(),
        })
    }

    /// Modules are given to `inspector` when they are first read, and what it says of them becomes part of their workloads
    /// with a later look.
    #[must_use]
    pub fn inspecting(mut self, inspector: Inspector) -> Self {
        self.cache.inspect_with(inspector);
        self
    }

    /// Whether the file that `pid` has mapped at this range carries a marker of a runtime.
    pub fn is_marked_mapping(&mut self, pid: u32, start: u64, end: u64) -> bool {
        let file = Process::open(pid).ok().and_then(|p| p.open_mapped_range(start, end).ok());
        file.and_then(|f| self.cache.fingerprint(f.id, || Ok(f))).is_some_and(|marks| !marks.marks.is_empty())
    }

    fn executable_marks(&mut self, process: &Process) -> Option<Rc<Fingerprint>> {
        let executable = process.executable().ok()?;
        self.cache.fingerprint(executable.id, || process.open_executable())
    }

    fn marks_of_libraries(
        &mut self,
        process: &Process,
        maps: &Maps,
        executable: Option<FileId>,
    ) -> Vec<(String, Rc<Fingerprint>)> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for vma in maps.vmas.iter().filter(|v| v.perms.execute) {
            let Some(path) = vma.file() else { continue };
            if !seen.insert((vma.dev, vma.inode)) {
                continue;
            }
            if seen.len() > MOST_LIBRARIES {
                break;
            }
            // Opening says which version of which file; the fingerprint itself is taken once.
            let Ok(file) = process.open_mapped(vma).or_else(|_| process.open_path(Path::new(path))) else {
                continue;
            };
            if Some(file.id) == executable {
                continue;
            }
            if let Some(marks) = self.cache.fingerprint(file.id, || Ok(file))
                && !marks.marks.is_empty()
            {
                found.push((path.to_owned(), marks));
            }
        }
        found
    }

    fn module_candidates(&mut self, process: &Process, maps: &Maps, hints: &Hints) -> Candidates<'_> {
        let mut found = Candidates { cache: &mut self.cache, found: Vec::new(), unknown: Vec::new() };
        for vma in data_files(maps) {
            if let Ok(mapped) = process.open_mapped_file(vma) {
                found.add(Some(mapped.path), ModuleOrigin::Mapped, &mapped.file);
            }
        }
        for open in process.open_files() {
            found.add(Some(open.path), ModuleOrigin::Open, &open.file);
        }
        for read in &hints.reads {
            found.add_read(process, read);
        }
        let args = hints.args.as_deref().map_or_else(|| process.command_line(), split_args);
        for path in argument_paths(&args) {
            if let Ok(file) = process.open_path(&path) {
                let shown = lossy_within(process.absolute(&path).as_os_str().as_bytes(), MOST_PATH_BYTES);
                found.add(Some(shown), ModuleOrigin::CommandLine, &file);
            }
        }
        found
    }
}

impl Look for Looker {
    fn look(&mut self, pid: u32, hints: &Hints) -> Result<Sight, LookError> {
        let process = Process::open(pid)?;
        let maps = process.maps()?;
        let facts = process.facts()?;
        let executable = process.executable().ok();
        let executable_marks = self.executable_marks(&process);
        let worth = hints.thorough
            || interesting(&maps).is_some()
            || executable_marks.as_ref().is_some_and(|f| !f.marks.is_empty());
        let libraries = if worth {
            self.marks_of_libraries(&process, &maps, executable.as_ref().map(|e| e.id))
        } else {
            Vec::new()
        };
        let (candidates, mut unknown) = if worth {
            let found = self.module_candidates(&process, &maps, hints);
            (found.found, found.unknown)
        } else {
            (Vec::new(), Vec::new())
        };

        let executable_path = executable.as_ref().map_or("", |e| e.path.as_str());
        let own_marks = executable_marks.iter().map(|f| FileMarks {
            path: executable_path,
            role: FileRole::Executable,
            fingerprint: f,
        });
        let library_marks =
            libraries.iter().map(|(path, f)| FileMarks { path, role: FileRole::Library, fingerprint: f });
        let files: Vec<_> = own_marks.chain(library_marks).collect();
        let module_files: Vec<_> = candidates
            .iter()
            .map(|c| SeenModule { path: c.path.clone().unwrap_or_default(), origin: c.origin })
            .collect();
        // Most processes are no runtimes, and nobody reads their memory.
        let memory: Box<dyn ReadMemory> =
            if worth { Box::new(process.memory()?) } else { Box::new(Segments::new()) };
        let thread_names = if worth { process.thread_names() } else { Vec::new() };
        let sighting = recognise(&Observation {
            maps: &maps,
            memory: memory.as_ref(),
            exe_name: executable_path.rsplit('/').next().filter(|n| !n.is_empty()),
            thread_names: &thread_names,
            files: &files,
            module_files: &module_files,
        });

        if sighting.recognition.verdict == Verdict::Workload {
            self.stacks.learn(*process.key(), native_code(&sighting.images), memory.as_ref());
        }
        unknown.extend(sighting.problems);
        let pending =
            candidates.iter().filter_map(|c| c.info.as_ref()).any(|info| info.traits.get().is_none());
        let modules = resolve(candidates, &sighting.images);
        let mut images = sighting.images;
        name_images(&mut images, &modules);
        let mut memories = sighting.memories;
        limit_memories(&mut memories, &modules);
        for found in &mut memories {
            found.instrumented = is_instrumented(memory.as_ref(), found);
        }
        if sighting.recognition.verdict == Verdict::Workload && modules.is_empty() {
            unknown.push("module: no file that it reads, maps, holds open or names could be found".into());
        }
        let container = container::of_cgroup(&process.cgroup());
        // What was read piecemeal must be of one program: an exec in between would mix two.
        if !process.is_current() {
            return Err(LookError::Changed(pid));
        }
        let key = *process.key();
        Ok(Sight {
            key,
            dedicated: executable_marks
                .is_some_and(|f| f.marks.iter().any(|m| m.weight.get() >= DEDICATED_PERCENT)),
            layout: layout(&maps),
            pending,
            workload: Workload {
                id: WorkloadId::new(&self.boot, &key),
                pid: key.pid,
                namespace_pid: facts.namespace_pid,
                parent_pid: facts.parent,
                uid: facts.uid,
                started_unix: self.boot_time as f64 + key.start_ticks as f64 / 100.0,
                executable: executable.map(|e| e.path),
                recognition: sighting.recognition,
                modules: modules.into_iter().map(|(file, _)| file).collect(),
                images,
                memories,
                container,
                unknown,
            },
        })
    }

    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError> {
        let process = Process::open(pid)?;
        Ok(self.executable_marks(&process).is_some_and(|f| !f.marks.is_empty()))
    }

    fn now(&self) -> Duration {
        wasmscope_sensor_proc::monotonic()
    }

    fn is_alive(&mut self, pid: u32) -> bool {
        Process::open(pid).is_ok()
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        let pid = known.key.pid.0;
        let process = Process::open(pid)?;
        if *process.key() != known.key {
            return Err(LookError::Changed(pid));
        }
        let maps = process.maps()?;
        if layout(&maps) != known.layout {
            return Ok(None);
        }
        let now = linear_memories(&maps).memories;
        let sizes = known.workload.memories.iter().map(|memory| {
            let size = now.iter().find(|n| n.memory.base == memory.base).map(|n| n.memory.size_bytes);
            LinearMemory { size_bytes: size.unwrap_or(memory.size_bytes), ..memory.clone() }
        });
        Ok(Some(sizes.collect()))
    }

    fn stack(&mut self, known: &Sight, raw: &RawStack) -> Result<GuestStack, Word> {
        if !raw.asked {
            let code = native_code(&known.workload.images).next();
            return Err(code.map_or(NO_CODE, |_| NOT_SEARCHED).into());
        }
        self.stacks.of_call(program(known), raw, || memory_of(known))
    }

    fn fault(&mut self, known: &Sight, ip: u64, fp: u64, raw: &RawStack) -> FaultSight {
        if !raw.asked {
            return FaultSight { in_guest: false, trap: None, stack: Err(NO_CODE.into()) };
        }
        let (images, memory) = memory_of(known);
        self.stacks.of_fault(program(known), &images, memory.as_ref(), (ip, fp), raw)
    }
}

/// Where a known process has native guest code, and its memory; of one that has ended, nothing can be read any more.
fn memory_of(known: &Sight) -> (Vec<CodeImage>, Box<dyn ReadMemory>) {
    let images = native_code(&known.workload.images).cloned().collect();
    let process = Process::open(known.key.pid.0).ok().filter(|process| *process.key() == known.key);
    let memory: Box<dyn ReadMemory> = match process.and_then(|process| process.memory().ok()) {
        Some(memory) => Box::new(memory),
        None => Box::new(Segments::new()),
    };
    (images, memory)
}

fn program(known: &Sight) -> Program {
    Program { key: known.key, layout: known.layout }
}

/// Without a runtime's code images nobody can tell guest code from host code.
const NO_CODE: &str = "guest code is known of Wasmtime only";
/// Before the sensor was told where guest code is, or because nobody wants stacks.
const NOT_SEARCHED: &str = "the stack was not searched";

/// A marker of this weight in the executable itself makes it a runtime's own program or host.
const DEDICATED_PERCENT: u8 = 50;
/// Longest path kept, in bytes (PATH_MAX).
const MOST_PATH_BYTES: usize = 4096;

/// Module files being collected.
struct Candidates<'a> {
    cache: &'a mut FileCache,
    found: Vec<Candidate>,
    unknown: Vec<String>,
}

impl Candidates<'_> {
    fn add(&mut self, path: Option<String>, origin: ModuleOrigin, file: &RegularFile) {
        if let Some(info) = self.cache.module(file) {
            self.found.push(Candidate { path, origin, info: Some(info) });
        }
    }

    /// A file that the kernel saw being read: found again through the process's own root, through the mounts of
    /// its file system, or (for the lower layers of an overlay) through ours.
    fn add_read(&mut self, process: &Process, read: &ModuleRead) {
        let text = lossy_within(&read.path, MOST_PATH_BYTES);
        match process.find_read(Path::new(OsStr::from_bytes(&read.path)), read.inode, read.size) {
            Some((path, file)) => self.add(Some(path), ModuleOrigin::Read, &file),
            // A dedicated runtime reads other files too; without content only the name speaks for a module.
            None if text.ends_with(".wasm") || text.ends_with(".cwasm") => {
                self.unknown.push(format!("module: {text:?} was read, but cannot be opened any more"));
                self.found.push(Candidate { path: Some(text), origin: ModuleOrigin::Read, info: None });
            }
            None => {}
        }
    }
}

/// First mappings of files that are mapped as data only: an executable's or library's own segments are not modules.
fn data_files(maps: &Maps) -> impl Iterator<Item = &Vma> {
    let code: HashSet<_> = maps.vmas.iter().filter(|v| v.perms.execute).map(|v| (v.dev, v.inode)).collect();
    let precompiled = |v: &Vma| v.file().is_some_and(|p| p.ends_with(".cwasm"));
    let mut seen = HashSet::new();
    maps.vmas
        .iter()
        .filter(move |v| {
            v.file().is_some()
                && v.inode != 0
                && v.offset == 0
                && (precompiled(v) || !code.contains(&(v.dev, v.inode)))
                && seen.insert((v.dev, v.inode))
        })
        .take(MOST_DATA_FILES)
}

fn split_args(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    bytes.split(|b| *b == 0).map(|arg| OsStr::from_bytes(arg).to_owned()).collect()
}

/// Arguments that can be paths of modules. Not the program's own name; the value of `--option=value`.
fn argument_paths(args: &[OsString]) -> Vec<PathBuf> {
    let candidates = args.iter().skip(1).take(MOST_ARGUMENTS).filter_map(|arg| {
        let bytes = arg.as_bytes();
        let path = match bytes.strip_prefix(b"-") {
            Some(option) => &option[option.iter().position(|b| *b == b'=')? + 1..],
            None => bytes,
        };
        // A path without a dot or slash ("run", "compile") is nearly always a subcommand; a module may be so named,
        // and then the kernel's read or the open file tells.
        let plausible = path.contains(&b'.') || path.contains(&b'/');
        (plausible && path.len() <= MOST_PATH_BYTES).then(|| PathBuf::from(OsStr::from_bytes(path)))
    });
    candidates.collect()
}

/// A hash of where code and reservations are: growth of a memory leaves it as it is.
fn layout(maps: &Maps) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    for vma in &maps.vmas {
        if vma.perms.execute {
            (vma.start, vma.end).hash(&mut hasher);
        } else if vma.is_reserved() && vma.len() >= 1 << 30 {
            vma.end.hash(&mut hasher); // its start moves up as the memory below grows
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_can_be_modules() {
        let args: Vec<OsString> =
            ["wasmtime", "run", "--dir=/data", "-W", "max-memory-size=1", "app.wasm", "--", "--x=y.wasm"]
                .map(Into::into)
                .to_vec();
        let paths: Vec<_> = argument_paths(&args).into_iter().map(|p| p.display().to_string()).collect();
        assert_eq!(paths, ["/data", "app.wasm", "y.wasm"]);
    }

    #[test]
    fn growth_keeps_the_layout_and_new_code_changes_it() {
        let maps = |text: &str| wasmscope_runtimes::maps::parse(text.as_bytes());
        let before = maps(
            "7f0000000000-7f0000010000 rw-p 00000000 00:00 0\n7f0000010000-7f0100000000 ---p 00000000 00:00 0\n",
        );
        let grown = maps(
            "7f0000000000-7f0000020000 rw-p 00000000 00:00 0\n7f0000020000-7f0100000000 ---p 00000000 00:00 0\n",
        );
        let loaded = maps(
            "7f0000000000-7f0000010000 r-xp 00000000 00:00 0\n7f0000010000-7f0100000000 ---p 00000000 00:00 0\n",
        );
        assert_eq!(layout(&before), layout(&grown));
        assert_ne!(layout(&before), layout(&loaded));
    }

    #[test]
    fn this_very_process_is_no_workload() {
        let sight = Looker::new().unwrap().look(std::process::id(), &Hints::default()).unwrap();
        assert_ne!(sight.workload.recognition.verdict, Verdict::Workload, "{:?}", sight.workload.recognition);
    }
}
