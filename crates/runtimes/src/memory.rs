//! Reading the memory of an observed process.

use std::cell::Cell;
use std::io;

/// The memory of one process, or something that stands for it.
pub trait ReadMemory {
    /// Reads up to `buf.len()` bytes at `address` and returns how many there were.
    ///
    /// Fewer than asked, also 0, means that the rest is unmapped or unreadable. The contents may change
    /// between two calls: the process keeps running.
    ///
    /// # Errors
    ///
    /// Where reading is not possible at all: the process is gone, or the right is missing.
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize>;
}

/// Reads at most `len` bytes into a new buffer, which is as long as what could be read.
///
/// `len` must already be bounded by the caller: that much is allocated.
pub(crate) fn read_vec(memory: &dyn ReadMemory, address: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let read = memory.read_at(address, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Reads exactly `N` bytes, or `None`.
pub(crate) fn read_array<const N: usize>(
    memory: &dyn ReadMemory,
    address: u64,
) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    let read = memory.read_at(address, &mut bytes)?;
    Ok((read == N).then_some(bytes))
}

/// Memory of which only so many bytes are read: afterwards it looks unmapped.
///
/// What a hostile process claims about one structure is bounded where it is read; this bounds how many
/// such structures it can make us read.
pub(crate) struct Budget<'a> {
    memory: &'a dyn ReadMemory,
    left: Cell<u64>,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(memory: &'a dyn ReadMemory, bytes: u64) -> Self {
        Self { memory, left: Cell::new(bytes) }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

impl ReadMemory for Budget<'_> {
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let take = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.left.set(left.saturating_sub(take as u64));
        match buf.get_mut(..take) {
            Some(buf) => self.memory.read_at(address, buf),
            None => Ok(0),
        }
    }
}

/// Memory made of byte blocks at given addresses: a recording, a core file, or a precompiled module's
/// bytes laid at address 0.
#[derive(Debug, Default, Clone)]
pub struct Segments<'a> {
    blocks: Vec<(u64, std::borrow::Cow<'a, [u8]>)>,
}

impl<'a> Segments<'a> {
    /// No memory at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a block; where blocks overlap, the first one added is read.
    pub fn with(mut self, address: u64, bytes: impl Into<std::borrow::Cow<'a, [u8]>>) -> Self {
        self.blocks.push((address, bytes.into()));
        self
    }

    fn block_at(&self, address: u64) -> Option<&[u8]> {
        self.blocks.iter().find_map(|(start, bytes)| {
            let skip = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(skip..).filter(|rest| !rest.is_empty())
        })
    }
}

impl ReadMemory for Segments<'_> {
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        // Goes on into the next block, as a read of a real process goes on into the next mapping.
        while done < buf.len() {
            let Some(rest) = address.checked_add(done as u64).and_then(|at| self.block_at(at)) else { break };
            let take = rest.len().min(buf.len() - done);
            buf[done..done + take].copy_from_slice(&rest[..take]);
            done += take;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cross_adjacent_blocks_and_stop_at_holes() {
        let memory = Segments::new().with(10, vec![1, 2]).with(12, vec![3]).with(20, vec![9]);
        assert_eq!(read_vec(&memory, 11, 5).unwrap(), [2, 3]);
        assert!(read_vec(&memory, 13, 5).unwrap().is_empty());
        assert_eq!(read_array::<3>(&memory, 10).unwrap(), Some([1, 2, 3]));
        assert_eq!(read_array::<4>(&memory, u64::MAX).unwrap(), None);
    }
}
