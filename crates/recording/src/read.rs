//! Reading a recording line by line. It may be cut, damaged or forged: it is as little trusted as what it tells of.

use crate::line::{FORMAT, Header, Line, VERSION};
use serde::Deserialize;
use std::io::{self, BufRead, BufReader, Read};
use wasmscope_model::text::shown;

/// Longest line. A close look at a process with thousands of code images has some megabytes.
pub const MOST_LINE_BYTES: usize = 64 << 20;
/// Longest first line, which is read before it is known whether this is a recording at all.
const MOST_HEADER_BYTES: usize = 64 << 10;
/// Capacity of a line's buffer that is kept for the next one.
const KEPT_BYTES: usize = 1 << 20;
const READ_BYTES: usize = 1 << 18;

/// Why a recording cannot be replayed, or no further. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is nothing in it.
    #[error("it is empty: no recording of wasmscope")]
    Empty,
    /// Its first line is not that of a recording.
    #[error("line 1: this is no recording of wasmscope: `wasmscope record FILE` makes one")]
    NoRecording,
    /// Its format is another one.
    #[error(
        "line 1: format version {found}, made by wasmscope {by}; this wasmscope reads version {VERSION} only: \
         replay it with the one that made it"
    )]
    Version {
        /// Its version.
        found: u64,
        /// The wasmscope that recorded, as it says of itself.
        by: String,
    },
    /// It ends without its last line: who recorded was killed, or the disk was full.
    #[error("line {line}: the recording is cut here; everything before was replayed")]
    Cut {
        /// The incomplete line, or the one that should follow.
        line: u64,
    },
    /// A line is longer than any that is written.
    #[error("line {line}: longer than {MOST_LINE_BYTES} bytes: the recording is damaged")]
    TooLong {
        /// Which.
        line: u64,
    },
    /// A line is none that is written.
    #[error("line {line}: it makes no sense: {problem}; everything before was replayed")]
    Damaged {
        /// Which.
        line: u64,
        /// What the parser says.
        problem: String,
    },
    /// A line does not fit to those before.
    #[error(
        "line {line}: here is {found}, but {expected} was to follow: it was changed, or made by a wasmscope that \
         decides otherwise ({by}; this is {})",
        env!("CARGO_PKG_VERSION")
    )]
    Diverged {
        /// Which.
        line: u64,
        /// What stands there.
        found: String,
        /// What the replay came to ask for.
        expected: String,
        /// The wasmscope that recorded, as it says of itself.
        by: String,
    },
    /// The file cannot be read.
    #[error("line {line}: cannot be read")]
    Io {
        /// Which.
        line: u64,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// A recording that is being read.
pub(crate) struct Source {
    reader: BufReader<Box<dyn Read>>,
    buffer: Vec<u8>,
    /// The number of the line that was read last.
    line: u64,
    by: String,
}

impl Source {
    /// Reads the first line.
    pub(crate) fn open(input: Box<dyn Read>) -> Result<(Self, Header), ReplayError> {
        let reader = BufReader::with_capacity(READ_BYTES, input);
        let mut source = Self { reader, buffer: Vec::new(), line: 0, by: String::new() };
        let whole = match source.fill(MOST_HEADER_BYTES) {
            Err(ReplayError::TooLong { .. }) => return Err(ReplayError::NoRecording),
            other => other?,
        };
        if source.buffer.is_empty() && !whole {
            return Err(ReplayError::Empty);
        }
        let header = header(&source.buffer, whole)?;
        source.by = shown(&header.wasmscope).to_string();
        Ok((source, header))
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> Result<Line<'static>, ReplayError> {
        if !self.fill(MOST_LINE_BYTES)? {
            return Err(ReplayError::Cut { line: self.line });
        }
        serde_json::from_slice(&self.buffer)
            .map_err(|error| ReplayError::Damaged { line: self.line, problem: problem(&error) })
    }

    /// The line that was read last is `found`, where `expected` was to follow.
    pub(crate) fn diverged(&self, found: String, expected: String) -> ReplayError {
        ReplayError::Diverged { line: self.line, found, expected, by: self.by.clone() }
    }

    /// Whether reading on may have to wait for whoever writes.
    pub(crate) fn may_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }

    /// Reads one line without its end; `false` where that is missing.
    fn fill(&mut self, most: usize) -> Result<bool, ReplayError> {
        self.line += 1;
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
        let limit = most as u64 + 1;
        self.reader
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| ReplayError::Io { line: self.line, error })?;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
            return Ok(true);
        }
        if self.buffer.len() > most { Err(ReplayError::TooLong { line: self.line }) } else { Ok(false) }
    }
}

fn header(line: &[u8], whole: bool) -> Result<Header, ReplayError> {
    /// What every version has.
    #[derive(Deserialize)]
    struct AnyVersion {
        format: String,
        version: u64,
        #[serde(default)]
        wasmscope: String,
    }
    let any: AnyVersion = match serde_json::from_slice(line) {
        Ok(any) => any,
        Err(_) if !whole && line.starts_with(br#"{"format":"wasmscope-recording""#) => {
            return Err(ReplayError::Cut { line: 1 });
        }
        Err(_) => return Err(ReplayError::NoRecording),
    };
    if any.format != FORMAT {
        return Err(ReplayError::NoRecording);
    }
    if any.version != u64::from(VERSION) {
        return Err(ReplayError::Version { found: any.version, by: shown(&any.wasmscope).to_string() });
    }
    serde_json::from_slice(line).map_err(|error| ReplayError::Damaged { line: 1, problem: problem(&error) })
}

/// The parser's words with the place in the line; they may quote it.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("{} (column {})", shown(what), error.column())
}
