//! All code of one image, for asking what lies at an address.

use super::elf::read_headers;
use super::symtab::{self, CodeKind, MAX_SYMBOL, RawCode};
use crate::memory::ReadMemory;
use crate::problems::Problems;
use std::collections::HashMap;
use wasmscope_model::CodeImage;
use wasmscope_model::text::lossy_within;

/// Most bytes of function names kept for one image; further functions stay without.
const MAX_NAMES: usize = 32 << 20;

/// What lies at an address inside `.text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// A function of the guest.
    Function {
        /// Index of the core module within the image.
        module_index: u32,
        /// Index in that module's function index space, imports included.
        index: u32,
        /// Name from the module's name section, bounded; `None` where it has none.
        name: Option<&'a str>,
    },
    /// A trampoline by which the host enters compiled code. Its caller is host code.
    Entry,
    /// A trampoline by which compiled code leaves for the host. Its callee is host code.
    Exit,
    /// Other code that the compiler made.
    Other,
}

/// A place and where its code begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code<'a> {
    /// What it is.
    pub place: Place<'a>,
    /// Its first byte, counted or addressed as what was asked for.
    pub start: u64,
}

/// All code of one image, sorted by address, addresses relative to the start of `.text`.
///
/// Nothing in it depends on where the image lies, so one table serves all images with the same
/// [`symbols_sha256`](CodeImage::symbols_sha256) *and* the same [`text_bytes`](CodeImage::text_bytes),
/// engine version and kind: another compiler or setting lays the same functions out differently. A
/// hostile process can have an image agree in all of these and place its code otherwise; what it then
/// gets is wrong names for its own code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeTable {
    entries: Box<[Entry]>,
    names: Box<str>,
}

/// What [`CodeTable::read`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeScan {
    /// The table, of everything that could be read.
    pub table: CodeTable,
    /// What could not be read or made no sense.
    pub problems: Vec<String>,
    /// Whether anything is missing in the table, so that a later try may give more.
    pub truncated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Wasmtime's own tables hold 32 bits, so its `.text` never is larger.
    start: u32,
    end: u32,
    module: u32,
    index: u32,
    name: u32,
    /// More than [`MAX_SYMBOL`] for names in which U+FFFD replaced bytes.
    name_len: u16,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Entry,
    Exit,
    Other,
}

impl CodeTable {
    /// Reads the table of `image` from its process's memory.
    pub fn read(image: &CodeImage, memory: &dyn ReadMemory) -> CodeScan {
        let mut builder = Builder::default();
        let mut problems = Problems::default();
        let mut truncated = true;
        let result = read_headers(memory, image.base, image.size_bytes, &mut problems).and_then(|headers| {
            let Some(headers) = headers else {
                problems.note("the image is gone");
                return Ok(());
            };
            truncated = symtab::for_each(memory, image.base, &headers, &mut problems, |code| {
                builder.add(code);
                true
            })?;
            Ok(())
        });
        if let Err(error) = result {
            problems.note(format!("reading the image: {error}"));
        }
        if builder.full {
            problems.note(format!("more than {MAX_NAMES} bytes of function names"));
        }
        CodeScan { table: builder.finish(), problems: problems.into_vec(), truncated }
    }

    /// What lies `offset` bytes after the start of `.text`; `None` for padding between functions.
    ///
    /// A return address is asked for by the byte before it: a call can be the last instruction of its function.
    pub fn place(&self, offset: u64) -> Option<Place<'_>> {
        self.code(offset).map(|code| code.place)
    }

    /// The same, with where it begins in `.text`.
    pub fn code(&self, offset: u64) -> Option<Code<'_>> {
        let offset = u32::try_from(offset).ok()?;
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        let entry = self.entries.get(after.checked_sub(1)?).filter(|entry| offset < entry.end)?;
        let place = match entry.kind {
            Kind::Function => {
                Place::Function { module_index: entry.module, index: entry.index, name: self.name(entry) }
            }
            Kind::Entry => Place::Entry,
            Kind::Exit => Place::Exit,
            Kind::Other => Place::Other,
        };
        Some(Code { place, start: u64::from(entry.start) })
    }

    /// The same for an address in the process, with its code's address: `None` outside of `image`'s `.text`.
    pub fn code_at(&self, image: &CodeImage, address: u64) -> Option<Code<'_>> {
        let offset = address.checked_sub(image.text_base).filter(|offset| *offset < image.text_bytes)?;
        let code = self.code(offset)?;
        Some(Code { start: image.text_base.saturating_add(code.start), ..code })
    }

    fn name(&self, entry: &Entry) -> Option<&str> {
        let start = entry.name as usize;
        let name = self.names.get(start..start.checked_add(usize::from(entry.name_len))?)?;
        (!name.is_empty()).then_some(name)
    }

    /// Number of functions and trampolines in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing could be read.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory it takes: 24 for each function or trampoline, and the names.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val::<[Entry]>(&self.entries) + self.names.len()
    }
}

#[derive(Default)]
struct Builder {
    entries: Vec<Entry>,
    names: String,
    /// Where each raw name lies: a hostile table could otherwise repeat one long name half a million times.
    known: HashMap<Vec<u8>, (u32, u16)>,
    full: bool,
}

impl Builder {
    fn add(&mut self, code: &RawCode<'_>) {
        let end = code.offset.saturating_add(code.size);
        let (Ok(start), Ok(end)) = (u32::try_from(code.offset), u32::try_from(end)) else { return };
        let (kind, module, index, name) = match code.kind {
            CodeKind::Function { module, index, name } => (Kind::Function, module, index, name),
            CodeKind::Entry => (Kind::Entry, 0, 0, &[][..]),
            CodeKind::Exit => (Kind::Exit, 0, 0, &[][..]),
            CodeKind::Other => (Kind::Other, 0, 0, &[][..]),
        };
        let (name, name_len) = self.keep(name);
        self.entries.push(Entry { start, end, module, index, name, name_len, kind });
    }

    fn keep(&mut self, raw: &[u8]) -> (u32, u16) {
        if raw.is_empty() || self.full {
            return (0, 0);
        }
        if let Some(known) = self.known.get(raw) {
            return *known;
        }
        let name = lossy_within(raw, MAX_SYMBOL);
        let room = self.names.len() + name.len() <= MAX_NAMES;
        let (Ok(at), Ok(len), true) = (u32::try_from(self.names.len()), u16::try_from(name.len()), room)
        else {
            self.full = true;
            return (0, 0);
        };
        self.names.push_str(&name);
        self.known.insert(raw.to_vec(), (at, len));
        (at, len)
    }

    fn finish(mut self) -> CodeTable {
        // Stable, so that of two at the same place the later one in the table is always the one found.
        self.entries.sort_by_key(|entry| entry.start);
        CodeTable { entries: self.entries.into(), names: self.names.into() }
    }
}
