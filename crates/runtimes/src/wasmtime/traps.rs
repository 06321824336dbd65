//! Looking up trap codes and Wasm offsets of native addresses, directly in the observed memory.
//!
//! # The two sections
//!
//! `.wasmtime.traps` says which instructions can trap and why; `.wasmtime.addrmap` says from which byte of
//! the Wasm file an instruction was compiled. Both are sorted by *text offset*, bytes from the start of
//! `.text`. All numbers are little-endian on every architecture; neither section has any alignment.
//!
//! ## [`TableFormat::Blocks`]: Wasmtime 47 to 50
//!
//! (`wasmtime-environ` `src/compile/trap_encoding.rs`, `src/compile/address_map.rs`, `src/bytes.rs`)
//!
//! ```text
//! u32 entry_count
//! u32 block_count                  = ceil(entry_count / 128)
//! { u32 first_offset;              text offset of the block's first entry, ascending
//!   u32 data_pos; } [block_count]  where its body begins, from the end of this index
//! u8  bodies[]
//! ```
//!
//! A block has 128 entries, the last one what remains. Body of a block of `.wasmtime.traps`:
//!
//! ```text
//! u8 default_code
//! { uleb token;                    token >> 1: text offset minus that of the previous entry
//!   u8 code if token & 1; } []     (first entry: minus first_offset, so 0); else the code is default_code
//! ```
//!
//! Body of a block of `.wasmtime.addrmap`:
//!
//! ```text
//! { uleb token;                    token >> 1: as above; token & 1: generated code without a position
//!   leb position if !(token & 1); } []
//! ```
//!
//! where the first position of a block is absolute and unsigned (uleb), each later one a signed difference
//! (sleb) to the last position before it in the block.
//!
//! ## [`TableFormat::Flat`]: Wasmtime 43 to 46
//!
//! `.wasmtime.traps`: `u32 count; u32 text_offset[count]; u8 code[count]`.
//! `.wasmtime.addrmap`: `u32 count; u32 text_offset[count]; u32 position[count]`, position `0xffff_ffff` for none.
//!
//! ## Looking up
//!
//! A trap is found only at the exact offset of its instruction. A position holds from its entry's offset up
//! to the next entry's. Binary search, in the index for the last block with `first_offset <= offset`, then
//! at most 128 entries one after the other. A *return address* is looked up by the byte before it, as it may
//! already belong to the next Wasm instruction.
//!
//! An address without a trap entry is no Wasm trap, whatever signal it got. A load that Cranelift merged
//! into the instruction that uses it has that one's position.

use super::elf::read_headers;
use super::trap_code::TrapCode;
use crate::memory::{ReadMemory, read_array, read_vec};
use crate::problems::Problems;
use std::cmp::Ordering;
use std::io;
use wasmscope_model::CodeImage;

/// Entries in one block (`TRAP_BLOCK_SIZE`, `ADDRMAP_BLOCK_SIZE`).
const BLOCK: u64 = 128;

/// Most bytes of one block's body: a token of 33 bits and a position of 32 or 33 take 5 bytes each.
const MAX_BODY: u64 = BLOCK * 10 + 1;

/// A position that means none, in the flat format.
const NO_POSITION: u32 = u32::MAX;

/// How the two sections are written; `src/wasmtime/traps.rs` begins with the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Two sorted arrays, up to Wasmtime 46.
    Flat,
    /// An index and blocks of differences, from Wasmtime 47.
    Blocks,
}

/// Where the two sections of one image lie in its process's memory: address and length in bytes, both 0
/// where the image has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrapSections {
    /// `.wasmtime.traps`.
    pub traps: (u64, u64),
    /// `.wasmtime.addrmap`.
    pub addrmap: (u64, u64),
    /// How both are written.
    pub format: TableFormat,
}

impl TrapSections {
    /// Finds the sections of `image`; `None` if the image is gone.
    ///
    /// # Errors
    ///
    /// Where the process's memory cannot be read at all.
    pub fn locate(image: &CodeImage, memory: &dyn ReadMemory) -> io::Result<Option<Self>> {
        let mut problems = Problems::default();
        let Some(headers) = read_headers(memory, image.base, image.size_bytes, &mut problems)? else {
            return Ok(None);
        };
        let of = |name| {
            let section = headers.section(name);
            section.map_or((0, 0), |section| (image.base.saturating_add(section.offset), section.size))
        };
        let format = format_of(image.engine_version.as_deref());
        Ok(Some(Self { traps: of(".wasmtime.traps"), addrmap: of(".wasmtime.addrmap"), format }))
    }

    /// Why the instruction `offset` bytes after the start of `.text` traps; `None` if it does not.
    ///
    /// # Errors
    ///
    /// Where the process's memory cannot be read at all.
    pub fn trap_code(&self, memory: &dyn ReadMemory, offset: u64) -> io::Result<Option<TrapCode>> {
        let Ok(offset) = u32::try_from(offset) else { return Ok(None) };
        let table = Table { memory, section: self.traps };
        let byte = match self.format {
            TableFormat::Flat => table.flat_trap(offset)?,
            TableFormat::Blocks => table.block(offset)?.and_then(|block| block_trap(&block, offset)),
        };
        Ok(byte.map(TrapCode::from_u8))
    }

    /// The byte of the Wasm file from which the instruction at `offset` was compiled: of the whole file, a
    /// component's too. For a return address pass the byte before it. `None` for generated code.
    ///
    /// # Errors
    ///
    /// Where the process's memory cannot be read at all.
    pub fn wasm_offset(&self, memory: &dyn ReadMemory, offset: u64) -> io::Result<Option<u32>> {
        let Ok(offset) = u32::try_from(offset) else { return Ok(None) };
        let table = Table { memory, section: self.addrmap };
        match self.format {
            TableFormat::Flat => table.flat_position(offset),
            TableFormat::Blocks => Ok(table.block(offset)?.and_then(|block| block_position(&block, offset))),
        }
    }
}

/// By the engine's version; one that cannot be read is taken for a new one.
fn format_of(version: Option<&str>) -> TableFormat {
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(..=46) => TableFormat::Flat,
        _ => TableFormat::Blocks,
    }
}

/// One section, of which only single numbers and blocks are ever read.
struct Table<'a> {
    memory: &'a dyn ReadMemory,
    section: (u64, u64),
}

/// The body of one block, or more than that.
struct Block {
    first_offset: u32,
    entries: u64,
    body: Vec<u8>,
}

impl Table<'_> {
    /// The number at byte `at` of the section, if it lies inside and is readable.
    fn u32_at(&self, at: u64) -> io::Result<Option<u32>> {
        let (start, len) = self.section;
        let inside = at.checked_add(4).is_some_and(|end| end <= len);
        match start.checked_add(at) {
            Some(address) if inside => Ok(read_array(self.memory, address)?.map(u32::from_le_bytes)),
            _ => Ok(None),
        }
    }

    /// Among `count` ascending numbers that lie `stride` bytes apart, the last one that is not above
    /// `wanted`: its index and itself.
    fn search(&self, first: u64, stride: u64, count: u64, wanted: u32) -> io::Result<Option<(u64, u32)>> {
        let (mut low, mut high) = (0, count);
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let at = middle.checked_mul(stride).and_then(|at| at.checked_add(first));
            let Some(at) = at else { return Ok(None) };
            let Some(value) = self.u32_at(at)? else { return Ok(None) };
            match value.cmp(&wanted) {
                Ordering::Greater => high = middle,
                Ordering::Less | Ordering::Equal => (low, found) = (middle + 1, Some((middle, value))),
            }
        }
        Ok(found)
    }

    fn flat_trap(&self, offset: u32) -> io::Result<Option<u8>> {
        let Some(count) = self.u32_at(0)?.map(u64::from) else { return Ok(None) };
        // The size is exact, or this is no such table.
        if count * 5 + 4 != self.section.1 {
            return Ok(None);
        }
        match self.search(4, 4, count, offset)? {
            Some((index, value)) if value == offset => {
                let at = self.section.0.saturating_add(4 + count * 4 + index);
                Ok(read_array::<1>(self.memory, at)?.map(|[code]| code))
            }
            _ => Ok(None),
        }
    }

    fn flat_position(&self, offset: u32) -> io::Result<Option<u32>> {
        let Some(count) = self.u32_at(0)?.map(u64::from) else { return Ok(None) };
        if count * 8 + 4 != self.section.1 {
            return Ok(None);
        }
        let Some((index, _)) = self.search(4, 4, count, offset)? else { return Ok(None) };
        let position = self.u32_at(4 + count * 4 + index * 4)?;
        Ok(position.filter(|position| *position != NO_POSITION))
    }

    /// The only block in which `offset` can be.
    fn block(&self, offset: u32) -> io::Result<Option<Block>> {
        let (Some(entries), Some(blocks)) = (self.u32_at(0)?, self.u32_at(4)?) else { return Ok(None) };
        let (entries, blocks) = (u64::from(entries), u64::from(blocks));
        if blocks != entries.div_ceil(BLOCK) {
            return Ok(None);
        }
        let Some((index, first_offset)) = self.search(8, 8, blocks, offset)? else { return Ok(None) };
        let Some(data_pos) = self.u32_at(8 + index * 8 + 4)? else { return Ok(None) };
        let at = 8 + blocks * 8 + u64::from(data_pos);
        let len = self.section.1.saturating_sub(at).min(MAX_BODY);
        let body = read_vec(self.memory, self.section.0.saturating_add(at), len as usize)?;
        Ok(Some(Block { first_offset, entries: (entries - index * BLOCK).min(BLOCK), body }))
    }
}

fn block_trap(block: &Block, wanted: u32) -> Option<u8> {
    let mut body = block.body.as_slice();
    let default = pop(&mut body)?;
    let mut offset = block.first_offset;
    for _ in 0..block.entries {
        let token = uleb(&mut body)?;
        offset = offset.checked_add(u32::try_from(token >> 1).ok()?)?;
        let code = if token & 1 == 0 { default } else { pop(&mut body)? };
        match offset.cmp(&wanted) {
            Ordering::Less => {}
            Ordering::Equal => return Some(code),
            Ordering::Greater => break,
        }
    }
    None
}

fn block_position(block: &Block, wanted: u32) -> Option<u32> {
    let mut body = block.body.as_slice();
    let (mut offset, mut last, mut found) = (block.first_offset, None, None);
    for _ in 0..block.entries {
        let token = uleb(&mut body)?;
        offset = offset.checked_add(u32::try_from(token >> 1).ok()?)?;
        let position = match (token & 1, last) {
            (1, _) => None,
            (_, None) => Some(u32::try_from(uleb(&mut body)?).ok()?),
            (_, Some(last)) => Some(u32::checked_add_signed(last, i32::try_from(sleb(&mut body)?).ok()?)?),
        };
        if offset > wanted {
            break;
        }
        (last, found) = (position.or(last), position);
    }
    found
}

fn pop(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// At most 10 bytes, as Wasmtime reads them.
fn uleb(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = pop(bytes)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn sleb(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = pop(bytes)?;
        value |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let negative = byte & 0x40 != 0 && shift + 7 < 64;
            return Some(if negative { value | (-1 << (shift + 7)) } else { value });
        }
    }
    None
}
