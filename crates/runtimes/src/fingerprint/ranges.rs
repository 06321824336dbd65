//! Which parts of an ELF file are worth scanning.

use super::ReadFile;
use crate::problems::Problems;
use object::Endianness;
use object::elf::{FileHeader64, PF_W, PT_LOAD, ProgramHeader64, SHT_NOBITS, SectionHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use std::io;
use std::ops::Range;

/// Most section or program headers looked at.
const MAX_HEADERS: usize = 1024;

/// Most bytes of section names.
const MAX_NAMES: u64 = 1 << 20;

/// A table of local symbols is only scanned up to this size: it is the largest part of an unstripped
/// Rust or C++ program, and says little that its constant data does not.
const MAX_SYMBOL_NAMES: u64 = 16 << 20;

/// Parts of a file, as byte ranges.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// Where markers can stand, most telling first.
    pub(super) data: Vec<Range<u64>>,
    /// Where Go's build information begins, up to the end of what holds it.
    pub(super) go_build_info: Option<Range<u64>>,
}

/// The ranges of an ELF file; `None` for any other file.
pub(super) fn of(file: &dyn ReadFile, problems: &mut Problems) -> io::Result<Option<Ranges>> {
    let bytes = read(file, 0, size_of::<FileHeader64<Endianness>>() as u64)?;
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    let header = match FileHeader64::<Endianness>::parse(bytes.as_slice()) {
        Ok(header) => *header,
        Err(_) => {
            problems.note("not a 64-bit ELF file: all of it scanned");
            return Ok(Some(Ranges { data: std::iter::once(0..file.len()).collect(), go_build_info: None }));
        }
    };
    let Ok(endian) = header.endian() else { return Ok(None) };
    let by_section = sections(file, &header, endian)?;
    match by_section {
        Some(ranges) if !ranges.data.is_empty() => Ok(Some(ranges)),
        _ => segments(file, &header, endian).map(Some),
    }
}

fn sections(
    file: &dyn ReadFile,
    header: &FileHeader64<Endianness>,
    endian: Endianness,
) -> io::Result<Option<Ranges>> {
    let entry = size_of::<SectionHeader64<Endianness>>();
    let count = usize::from(header.e_shnum(endian)).min(MAX_HEADERS);
    if usize::from(header.e_shentsize(endian)) != entry || count == 0 {
        return Ok(None);
    }
    let raw = read(file, header.e_shoff(endian), (count * entry) as u64)?;
    let Ok((headers, _)) =
        object::pod::slice_from_bytes::<SectionHeader64<Endianness>>(&raw, raw.len() / entry)
    else {
        return Ok(None);
    };
    let Some(names) = headers.get(usize::from(header.e_shstrndx(endian).0)) else { return Ok(None) };
    let names = read(file, names.sh_offset(endian), names.sh_size(endian).min(MAX_NAMES))?;
    let mut ranges = Ranges::default();
    let mut symbol_names = None;
    for section in headers.iter().filter(|s| s.sh_type(endian) != SHT_NOBITS) {
        let range = clip(file, section.sh_offset(endian), section.sh_size(endian));
        match crate::wasmtime::c_string(&names, section.sh_name(endian), 64) {
            b".comment" | b".dynstr" => ranges.data.insert(0, range),
            b".go.buildinfo" => ranges.go_build_info = Some(range),
            b".strtab" if section.sh_size(endian) <= MAX_SYMBOL_NAMES => symbol_names = Some(range),
            name if name.starts_with(b".rodata") => ranges.data.push(range),
            _ => {}
        }
    }
    ranges.data.extend(symbol_names);
    Ok(Some(ranges))
}

/// For a file without section headers: everything that is loaded and not writable, and, for Go's build
/// information, the first writable segment, which is where Go's linker puts it.
fn segments(
    file: &dyn ReadFile,
    header: &FileHeader64<Endianness>,
    endian: Endianness,
) -> io::Result<Ranges> {
    let entry = size_of::<ProgramHeader64<Endianness>>();
    let count = usize::from(header.e_phnum(endian)).min(MAX_HEADERS);
    let mut ranges = Ranges::default();
    if usize::from(header.e_phentsize(endian)) != entry {
        return Ok(ranges);
    }
    let raw = read(file, header.e_phoff(endian), (count * entry) as u64)?;
    let Ok((headers, _)) =
        object::pod::slice_from_bytes::<ProgramHeader64<Endianness>>(&raw, raw.len() / entry)
    else {
        return Ok(ranges);
    };
    for segment in headers.iter().filter(|s| s.p_type(endian) == PT_LOAD) {
        let range = clip(file, segment.p_offset(endian), segment.p_filesz(endian));
        if !segment.p_flags(endian).contains(PF_W) {
            ranges.data.push(range);
        } else if ranges.go_build_info.is_none() {
            ranges.go_build_info = Some(range);
        }
    }
    Ok(ranges)
}

/// The part of `offset..offset + size` that lies in the file.
fn clip(file: &dyn ReadFile, offset: u64, size: u64) -> Range<u64> {
    let end = offset.saturating_add(size).min(file.len());
    offset.min(end)..end
}

/// Reads what the file has of these bytes; `len` is bounded by the caller.
pub(super) fn read(file: &dyn ReadFile, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let range = clip(file, offset, len);
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(range.start.saturating_add(done as u64), rest)? {
            0 => break,
            n => done += n.min(rest.len()),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}
