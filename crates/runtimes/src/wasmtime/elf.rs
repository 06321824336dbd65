//! Header and section table of a code image, read piece by piece from hostile memory.

use crate::memory::{ReadMemory, read_array, read_vec};
use crate::problems::Problems;
use object::Endianness;
use object::elf::{FileHeader64, SHT_NOBITS, SectionHeader64};
use object::read::elf::{FileHeader as _, SectionHeader as _};
use std::io;
use wasmscope_model::text::lossy_within;

/// `EI_OSABI` of Wasmtime's images (`ELFOSABI_WASMTIME`).
pub(crate) const OSABI_WASMTIME: u8 = 200;

/// Most sections looked at; Wasmtime writes about 20.
const MAX_SECTIONS: usize = 128;

/// Most bytes of section names; Wasmtime writes about 300.
const MAX_SECTION_NAMES: u64 = 64 << 10;

/// Longest section name, in bytes.
const MAX_SECTION_NAME: usize = 64;

/// The parts of an image's headers that are needed.
#[derive(Debug, Clone)]
pub(crate) struct Headers {
    pub(crate) endian: Endianness,
    pub(crate) flags: u32,
    /// Bytes from the image's start to the end of its last part, as it claims itself.
    pub(crate) claimed_size: u64,
    sections: Vec<Section>,
}

/// Where one section lies, relative to the image's start.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    name: String,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl Headers {
    /// The first section of that name.
    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

/// Whether an image may begin with these bytes.
pub(crate) fn is_image_start(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF\x02") && bytes.get(7) == Some(&OSABI_WASMTIME)
}

/// Reads the headers of the image at `base`, of which `available` bytes are mapped.
///
/// `Ok(None)` if there is no image. Sections that reach beyond `available` are left out and noted.
pub(crate) fn read_headers(
    memory: &dyn ReadMemory,
    base: u64,
    available: u64,
    problems: &mut Problems,
) -> io::Result<Option<Headers>> {
    let Some(bytes) = read_array::<{ size_of::<FileHeader64<Endianness>>() }>(memory, base)? else {
        return Ok(None);
    };
    if !is_image_start(&bytes) {
        return Ok(None);
    }
    let Ok(header) = FileHeader64::<Endianness>::parse(bytes.as_slice()) else { return Ok(None) };
    let Ok(endian) = header.endian() else { return Ok(None) };
    let mut headers = Headers {
        endian,
        flags: header.e_flags(endian).0,
        claimed_size: bytes.len() as u64,
        sections: Vec::new(),
    };

    let entry = size_of::<SectionHeader64<Endianness>>();
    let (table, count) = (header.e_shoff(endian), usize::from(header.e_shnum(endian)));
    if usize::from(header.e_shentsize(endian)) != entry {
        problems.note("section headers of an unknown size");
        return Ok(Some(headers));
    }
    if count > MAX_SECTIONS {
        problems.note(format!("{count} sections, only {MAX_SECTIONS} looked at"));
    }
    let count = count.min(MAX_SECTIONS);
    let Some(raw) = part(memory, base, available, table, (count * entry) as u64)? else {
        problems.note("section table outside of the mapped image");
        return Ok(Some(headers));
    };
    headers.claimed_size = headers.claimed_size.max(table.saturating_add(raw.len() as u64));
    let raw_sections = raw.chunks_exact(entry).filter_map(|chunk| {
        object::pod::from_bytes::<SectionHeader64<Endianness>>(chunk).ok().map(|(header, _)| *header)
    });
    let raw_sections: Vec<_> = raw_sections.collect();
    if raw_sections.len() < count {
        problems.note("section table partly unreadable");
    }
    let names = match raw_sections.get(usize::from(header.e_shstrndx(endian).0)) {
        Some(names) if names.sh_size(endian) <= MAX_SECTION_NAMES => {
            part(memory, base, available, names.sh_offset(endian), names.sh_size(endian))?
        }
        _ => None,
    };
    let Some(names) = names else {
        problems.note("section names missing, unreadable or too long");
        return Ok(Some(headers));
    };
    for raw in raw_sections.iter().filter(|s| s.sh_type(endian) != SHT_NOBITS && s.sh_size(endian) > 0) {
        let (offset, size) = (raw.sh_offset(endian), raw.sh_size(endian));
        let name = c_string(&names, raw.sh_name(endian), MAX_SECTION_NAME);
        match offset.checked_add(size).filter(|end| *end <= available) {
            Some(end) => {
                headers.claimed_size = headers.claimed_size.max(end);
                headers.sections.push(Section { name: lossy_within(name, MAX_SECTION_NAME), offset, size });
            }
            None => problems.note(format!(
                "section {:?} reaches beyond the mapped image",
                lossy_within(name, MAX_SECTION_NAME)
            )),
        }
    }
    Ok(Some(headers))
}

/// Reads `len` bytes at `offset` of the image if they lie within what is mapped; shorter where memory
/// turns out to be unreadable. The caller bounds `len`.
fn part(
    memory: &dyn ReadMemory,
    base: u64,
    available: u64,
    offset: u64,
    len: u64,
) -> io::Result<Option<Vec<u8>>> {
    let inside = offset.checked_add(len).is_some_and(|end| end <= available);
    match (base.checked_add(offset), usize::try_from(len)) {
        (Some(address), Ok(len)) if inside => read_vec(memory, address, len).map(Some),
        _ => Ok(None),
    }
}

/// The NUL-terminated string at `offset`, at most `max` bytes and one more to show that it was cut.
pub(crate) fn c_string(table: &[u8], offset: u32, max: usize) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|at| table.get(at..)).unwrap_or_default();
    let rest = rest.get(..max.saturating_add(1)).unwrap_or(rest);
    rest.split(|b| *b == 0).next().unwrap_or_default()
}
