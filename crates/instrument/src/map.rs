//! Where code went: offsets of the original module beside offsets of the new one.
//!
//! `.debug_*` sections and source maps would be wrong after the rewriting, so they are dropped, and this says what a tool
//! needs to find the original's place again.

use crate::results::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::ops::Range;

/// The offset map of one rewriting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetMap {
    original: String,
    instrumented: String,
    functions: Vec<FunctionMap>,
}

/// One function's part of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionMap {
    /// Its index in the original module.
    pub function: u32,
    /// Its body in the original file, local declarations included.
    pub original: Range<usize>,
    /// Where the new body begins in the new file.
    pub at: usize,
    /// How long the new body is.
    pub len: usize,
    /// The new function that has the body, if a wrapper has taken its place.
    pub moved_to: Option<u32>,
    /// From this original offset on, bytes are a copy that begins at this place of the new body.
    runs: Vec<(usize, usize)>,
}

impl FunctionMap {
    pub(crate) fn new(function: u32, original: Range<usize>) -> Self {
        Self { function, original, at: 0, len: 0, moved_to: None, runs: Vec::new() }
    }

    pub(crate) fn run(&mut self, original: usize, new: usize) {
        self.runs.push((original, new));
    }
}

#[derive(Serialize)]
struct Head<'m> {
    format: &'static str,
    version: u32,
    original_sha256: &'m str,
    instrumented_sha256: &'m str,
}

#[derive(Serialize)]
struct Line {
    function: u32,
    original: [usize; 2],
    new: [usize; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<u32>,
    runs: Vec<(usize, usize)>,
}

impl OffsetMap {
    pub(crate) fn new(original: String, made: &[u8], functions: Vec<FunctionMap>) -> Self {
        Self { original, instrumented: hex(&Sha256::digest(made)), functions }
    }

    /// The functions in the original's order.
    pub fn functions(&self) -> &[FunctionMap] {
        &self.functions
    }

    /// The place in the original file of the instruction that stands at `offset` of the new file, and its function; `None`
    /// for code that instrumentation added, and outside of code.
    pub fn original(&self, offset: usize) -> Option<(u32, usize)> {
        let function = self.functions.iter().find(|f| (f.at..f.at + f.len).contains(&offset))?;
        let place = offset - function.at;
        let runs = &function.runs;
        let at = runs.partition_point(|(_, new)| *new <= place).checked_sub(1)?;
        let (original, new) = runs[at];
        let found = original + (place - new);
        let end = runs.get(at + 1).map_or(function.original.end, |(next, _)| *next);
        (found < end).then_some((function.function, found))
    }

    /// JSON Lines: a head, then one object per function. `docs/instrument.md` has the fields.
    pub fn to_json_lines(&self) -> String {
        let head = Head {
            format: "wasmscope-offsets",
            version: 1,
            original_sha256: &self.original,
            instrumented_sha256: &self.instrumented,
        };
        let mut text = serde_json::to_string(&head).expect("plain data");
        for f in &self.functions {
            let line = Line {
                function: f.function,
                original: [f.original.start, f.original.end],
                new: [f.at, f.at + f.len],
                moved_to: f.moved_to,
                runs: f.runs.iter().map(|(original, new)| (*original, f.at + new)).collect(),
            };
            let _ = write!(text, "\n{}", serde_json::to_string(&line).expect("plain data"));
        }
        text.push('\n');
        text
    }
}
