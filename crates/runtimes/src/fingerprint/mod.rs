//! Which runtimes an executable or a shared library contains.

mod go;
mod ranges;
mod scan;

use crate::known::known;
use crate::problems::Problems;
use std::io;
use wasmscope_model::Confidence;
use wasmscope_model::text::lossy_within;

/// Most bytes read of one file.
pub const MAX_READ: u64 = 96 << 20;

/// Longest marker text kept, in bytes.
const MAX_SHOWN: usize = 120;

/// A file of which parts can be read.
pub trait ReadFile {
    /// Reads up to `buf.len()` bytes at `offset`; fewer, also 0, only at the end of the file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Size in bytes.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadFile for &[u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let take = rest.len().min(buf.len());
        buf[..take].copy_from_slice(&rest[..take]);
        Ok(take)
    }

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
}

/// Something in a file that speaks for a runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Name of the runtime.
    pub runtime: String,
    /// The runtime's version, where the marker tells it.
    pub version: Option<String>,
    /// What was found, with what follows it; bounded, attacker-controlled.
    pub marker: String,
    /// How much it weighs.
    pub weight: Confidence,
}

/// All that was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// The marks, heaviest first.
    pub marks: Vec<Mark>,
    /// What could not be read, and what was not looked at.
    pub problems: Vec<String>,
}

/// Looks for the markers of all known runtimes in an executable or a shared library.
///
/// Reads only what can hold them: constant data, symbol names, compiler comments and Go's build
/// information; at most [`MAX_READ`] bytes. A file that is no ELF file has no marks. Whoever wrote the
/// file can put any marker into it, or remove all: a mark is evidence, never proof.
pub fn fingerprint(file: &dyn ReadFile) -> Fingerprint {
    let mut problems = Problems::default();
    let mut marks = match collect(file, &mut problems) {
        Ok(marks) => marks,
        Err(error) => {
            problems.note(format!("reading the file: {error}"));
            Vec::new()
        }
    };
    marks.sort_by(|a, b| (b.weight, &a.runtime, &a.marker).cmp(&(a.weight, &b.runtime, &b.marker)));
    Fingerprint { marks, problems: problems.into_vec() }
}

fn collect(file: &dyn ReadFile, problems: &mut Problems) -> io::Result<Vec<Mark>> {
    let Some(ranges) = ranges::of(file, problems)? else { return Ok(Vec::new()) };
    let mut marks = scan::markers(file, &ranges.data, problems)?;
    if let Some(range) = ranges.go_build_info {
        for module in go::modules(file, range)? {
            let runtime = known().iter().find(|r| r.go_module.as_deref() == Some(&*module.path));
            marks.extend(runtime.map(|runtime| Mark {
                runtime: runtime.name.clone(),
                marker: lossy_within(format!("{} {}", module.path, module.version).as_bytes(), MAX_SHOWN),
                version: Some(module.version.trim_start_matches('v').to_owned()).filter(|v| !v.is_empty()),
                weight: go::WEIGHT,
            }));
        }
    }
    Ok(marks)
}
