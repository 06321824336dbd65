//! Why bytes cannot be analysed at all.

use wasmparser::BinaryReaderError;

/// Why there are no facts about a file: it is no WebAssembly, or its structure is broken.
///
/// Modules whose structure can be read but that are not valid are no error: see
/// [`Validation`](crate::facts::Validation).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {reason}")]
pub struct AnalyzeError {
    /// Where in the file; never beyond its end.
    pub offset: u64,
    /// What kind of error.
    pub kind: ErrorKind,
    /// What is wrong there, for a person. May quote names of the file: escape it when showing it.
    pub reason: String,
}

/// What kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not WebAssembly.
    NotWasm,
    /// Code that a runtime compiled ahead of time: what it does is no longer in Wasm.
    Precompiled,
    /// The text format: convert it first, for example with the `wat` crate.
    Text,
    /// WebAssembly, but its structure is broken.
    Malformed,
    /// Over one of the bounds in [`limits`](crate::limits).
    Limit,
}

impl AnalyzeError {
    pub(crate) fn new(offset: u64, kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { offset, kind, reason: reason.into() }
    }
}

impl From<BinaryReaderError> for AnalyzeError {
    fn from(error: BinaryReaderError) -> Self {
        Self::new(error.offset(), ErrorKind::Malformed, crate::text::message(&error))
    }
}
