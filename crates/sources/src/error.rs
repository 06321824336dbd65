//! What can go wrong between a name and the bytes of a module.

use crate::limits;
use std::io;

/// Why there are no bytes.
///
/// Messages may quote what the observed wrote: escape them when showing them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system could not open or read it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Larger than [`Options::most_bytes`](crate::Options::most_bytes).
    #[error("larger than {}", wasmscope_model::text::bytes(*most))]
    TooLarge {
        /// The bound, in bytes.
        most: u64,
    },
    /// It has fewer bytes than its header or the file system said.
    #[error("ends after {got} of {size} bytes")]
    Cut {
        /// Bytes that were there.
        got: u64,
        /// Bytes that were announced.
        size: u64,
    },
    /// An archive, compression or manifest that cannot be read.
    #[error("{what}: at byte {offset}: {reason}")]
    Broken {
        /// Which format.
        what: &'static str,
        /// Where in it: of compressed data, in what comes out; of an archive, in the archive itself.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// Something that is not read, and what to do about it.
    #[error("{0}")]
    Unsupported(String),
    /// More than [`limits::EXPANSION`] times its size came out.
    #[error(
        "a decompression bomb: {produced} bytes came out of {consumed} (more than {} times as many)",
        limits::EXPANSION
    )]
    Bomb {
        /// Bytes that came out.
        produced: u64,
        /// Bytes of the file read until then.
        consumed: u64,
    },
    /// More than [`limits::ENTRIES`].
    #[error("more than {} entries", limits::ENTRIES)]
    Entries,
    /// More than [`limits::DEPTH`].
    #[error("archives nested more than {} deep", limits::DEPTH)]
    Depth,
    /// More than [`limits::DIRECTORY`].
    #[error("a directory of more than {} entries", limits::DIRECTORY)]
    Directory,
    /// The content of a blob does not have the digest that names it.
    #[error("the digest is {found}, not {expected}")]
    Digest {
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A decoder panicked.
    #[error("a defect of wasmscope: reading it panicked; please report it")]
    Defect,
}
