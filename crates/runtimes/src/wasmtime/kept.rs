//! The tables of an image, kept for when its process is gone: a guest that traps mostly takes its process with it.

use super::{TrapCode, TrapSections};
use crate::memory::{ReadMemory, Segments, read_vec};
use std::io;
use wasmscope_model::CodeImage;

/// Longer sections are not kept (CPython has 0.7 MB of traps and 2.3 MB of positions, for 10 MB of code).
const MOST_BYTES: u64 = 8 << 20;

/// Where the copies pretend to be.
const TRAPS_AT: u64 = 0;
const ADDRMAP_AT: u64 = 1 << 32;

/// Copies of `.wasmtime.traps` and `.wasmtime.addrmap`. The same for every image that one compiler made of one module.
#[derive(Debug, Clone)]
pub struct KeptTables {
    sections: TrapSections,
    traps: Box<[u8]>,
    addrmap: Box<[u8]>,
}

impl KeptTables {
    /// Copies what is not too long; `None` if the image is gone.
    ///
    /// # Errors
    ///
    /// Where the process's memory cannot be read at all.
    pub fn read(image: &CodeImage, memory: &dyn ReadMemory) -> io::Result<Option<Self>> {
        let Some(found) = TrapSections::locate(image, memory)? else { return Ok(None) };
        let copy = |(address, length): (u64, u64)| match length <= MOST_BYTES {
            true => read_vec(memory, address, length as usize).map(Vec::into_boxed_slice),
            false => Ok(Box::default()),
        };
        let (traps, addrmap) = (copy(found.traps)?, copy(found.addrmap)?);
        let sections = TrapSections {
            traps: (TRAPS_AT, traps.len() as u64),
            addrmap: (ADDRMAP_AT, addrmap.len() as u64),
            format: found.format,
        };
        Ok(Some(Self { sections, traps, addrmap }))
    }

    /// As [`TrapSections::trap_code`].
    pub fn trap_code(&self, offset: u64) -> Option<TrapCode> {
        self.sections.trap_code(&self.memory(), offset).ok().flatten()
    }

    /// As [`TrapSections::wasm_offset`].
    pub fn wasm_offset(&self, offset: u64) -> Option<u32> {
        self.sections.wasm_offset(&self.memory(), offset).ok().flatten()
    }

    /// Bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.traps.len() + self.addrmap.len()
    }

    fn memory(&self) -> Segments<'_> {
        Segments::new().with(TRAPS_AT, &*self.traps).with(ADDRMAP_AT, &*self.addrmap)
    }
}
