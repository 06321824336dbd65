//! Text out of the file, kept within bounds.

use crate::limits::NAME_BYTES;
use wasmscope_model::text::lossy_within;

/// A name out of the file, cut at [`NAME_BYTES`].
pub(crate) fn name(text: &str) -> String {
    lossy_within(text.as_bytes(), NAME_BYTES)
}

/// A message of wasmparser, which may quote names of the file: the kind of the error without them would say too
/// little, so it is cut like every other text.
pub(crate) fn message(error: &wasmparser::BinaryReaderError) -> String {
    name(error.message())
}
