//! Where in a process the code images are.

use super::elf::is_image_start;
use super::image::read_image;
use crate::maps::{Maps, Vma};
use crate::memory::{Budget, ReadMemory, read_vec};
use crate::problems::Problems;
use std::collections::BTreeSet;
use wasmscope_model::CodeImage;

/// Most images reported for one process.
pub const MAX_IMAGES: usize = 4096;

/// Most places looked at in one process; each costs a read of 8 bytes to 64 KiB.
const MAX_PROBES: usize = 16_384;

/// Most bytes read in one process, all images together.
const MAX_READ: u64 = 256 << 20;

/// How far before executable memory an image may begin: only the engine's version and settings stand
/// between its header and `.text`.
const LOOK_BACK: u64 = 64 << 10;

/// Images begin on a page; no Linux architecture has smaller ones.
const PAGE: u64 = 4096;

/// What was found in one process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageScan {
    /// The images, in ascending order of address.
    pub images: Vec<CodeImage>,
    /// What could not be read or was left out. Problems of a single image stand with it.
    pub problems: Vec<String>,
}

/// Finds every code image of Wasmtime in a process.
///
/// Looked at are: the pages before anonymous executable memory (compiled code), the beginning of each
/// anonymous read-only mapping (Pulley bytecode is not executable), and the beginning of each privately
/// mapped file (`.cwasm`). A process without Wasmtime pays a few bytes read per such mapping.
pub fn find_images(maps: &Maps, memory: &dyn ReadMemory) -> ImageScan {
    let memory = Budget::new(memory, MAX_READ);
    let mut finder = Finder {
        maps,
        memory: &memory,
        found: BTreeSet::new(),
        images: Vec::new(),
        problems: Problems::default(),
        probes: 0,
    };
    for at in 0..maps.vmas.len() {
        if memory.is_spent() {
            break;
        }
        if finder.images.len() >= MAX_IMAGES {
            finder.problems.note(format!("more than {MAX_IMAGES} code images, the rest is left out"));
            break;
        }
        if finder.probes >= MAX_PROBES {
            finder.problems.note("too many mappings to look for code images in all of them");
            break;
        }
        finder.look_at(at);
    }
    if memory.is_spent() {
        finder.problems.note(format!("more than {MAX_READ} bytes of code images, the rest is not read"));
    }
    finder.images.sort_by_key(|image| image.base);
    ImageScan { images: finder.images, problems: finder.problems.into_vec() }
}

struct Finder<'a> {
    maps: &'a Maps,
    memory: &'a dyn ReadMemory,
    found: BTreeSet<u64>,
    images: Vec<CodeImage>,
    problems: Problems,
    probes: usize,
}

impl Finder<'_> {
    fn look_at(&mut self, at: usize) {
        let Some(vma) = self.maps.vmas.get(at) else { return };
        if !vma.perms.read || vma.perms.write {
            return;
        }
        if vma.file().is_some() {
            if vma.offset == 0 && !vma.perms.shared {
                self.try_at(at, vma.start);
            }
        } else if vma.is_memory() {
            if vma.perms.execute {
                self.look_before(at);
            } else {
                self.try_row(at);
            }
        }
    }

    /// An anonymous read-only mapping: an image at its start, and others directly after each other where
    /// the kernel joined their mappings.
    fn try_row(&mut self, at: usize) {
        let Some(vma) = self.maps.vmas.get(at) else { return };
        let mut start = vma.start;
        while start < vma.end && self.images.len() < MAX_IMAGES {
            let Some(size) = self.try_at(at, start) else { break };
            let Some(next) = start.checked_add(size).and_then(|end| end.checked_next_multiple_of(PAGE))
            else {
                break;
            };
            start = next;
        }
    }

    /// Executable memory: an image begins in the readable pages before it, nearest first. The kernel may
    /// have joined these pages with the end of another image, so that no mapping begins there.
    fn look_before(&mut self, at: usize) {
        let Some(code) = self.maps.vmas.get(at) else { return };
        let Some(before) = at.checked_sub(1).and_then(|at| self.maps.vmas.get(at)) else { return };
        let joined = before.end == code.start && before.is_memory();
        if !joined || !before.perms.read || before.perms.execute {
            return;
        }
        let lowest = before.start.max(code.start.saturating_sub(LOOK_BACK));
        // Nearly always it is the last page; only where it is not, the others are read.
        for from in [code.start.saturating_sub(PAGE).max(lowest), lowest] {
            self.probes += 1;
            let len = code.start.saturating_sub(from) as usize;
            let bytes = match read_vec(self.memory, from, len) {
                Ok(bytes) => bytes,
                Err(error) => return self.problems.note(format!("reading memory: {error}")),
            };
            let page = PAGE as usize;
            let nearest = (0..bytes.len().div_ceil(page))
                .rev()
                .find(|n| bytes.get(n * page..).is_some_and(is_image_start));
            if let Some(n) = nearest {
                self.try_at(at - 1, from.saturating_add(n as u64 * PAGE));
                return;
            }
            if from == lowest {
                return;
            }
        }
    }

    /// Reads the image at `start`, which lies in the mapping number `at`; returns its size if there is one.
    fn try_at(&mut self, at: usize, start: u64) -> Option<u64> {
        if self.found.contains(&start) {
            return None;
        }
        self.probes += 1;
        let vma = self.maps.vmas.get(at)?;
        let available = readable_from(&self.maps.vmas, at, start);
        match read_image(self.memory, start, available, vma.file()) {
            Ok(Some(image)) => {
                let size = image.size_bytes;
                self.found.insert(start);
                self.images.push(image);
                Some(size)
            }
            Ok(None) => None,
            Err(error) => {
                self.problems.note(format!("reading memory: {error}"));
                None
            }
        }
    }
}

/// Bytes from `start` to the end of the contiguous readable mappings of the same backing.
fn readable_from(vmas: &[Vma], at: usize, start: u64) -> u64 {
    let mut end = start;
    let mut first: Option<&Vma> = None;
    for vma in vmas.get(at..).unwrap_or_default() {
        let same = match first {
            None => true,
            Some(first) => vma.start == end && vma.inode == first.inode && vma.file() == first.file(),
        };
        if !same || !vma.perms.read || !(vma.is_memory() || vma.file().is_some()) {
            break;
        }
        first = Some(vma);
        end = vma.end;
    }
    end.saturating_sub(start)
}
