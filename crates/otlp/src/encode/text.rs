//! Texts of the observed, bounded and escaped as in the text output: what shows them later may be a terminal.

use std::{fmt, io::Write as _};
use wasmscope_model::text::shown_within;

/// Longest text, in characters. The agent itself reads no longer ones.
pub(crate) const LONGEST: usize = 4096;

/// The text, if it needs neither a cut nor an escape, as nearly all do.
pub(crate) fn harmless(text: &str) -> Option<&str> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'\\');
    // Without a way out in the middle it is done many bytes at a time.
    let all = text.bytes().fold(true, |all, byte| all & plain(byte));
    (all && text.len() <= LONGEST).then_some(text)
}

/// Writes the text, cut and escaped.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{}", shown_within(text, LONGEST));
}

/// Takes what is formatted.
pub(crate) struct Plain<'o>(pub(crate) &'o mut Vec<u8>);

impl fmt::Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
