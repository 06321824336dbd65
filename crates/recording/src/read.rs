//! Reading a recording line by line. It may be cut, damaged or forged: it is as little trusted as what it tells of.

use crate::line::{FORMAT, Header, Line, VERSION};
use crossbeam_channel::{Receiver, bounded};
use serde::Deserialize;
use std::{
    io::{self, BufRead, BufReader, Read},
    thread,
};
use wasmscope_model::text::shown;

/// Longest line. A close look at a process with thousands of code images has some megabytes.
pub const MOST_LINE_BYTES: usize = 64 << 20;
/// Longest first line, which is read before it is known whether this is a recording at all.
const MOST_HEADER_BYTES: usize = 64 << 10;
/// Capacity of a line's buffer that is kept for the next one.
const KEPT_BYTES: usize = 1 << 20;
const READ_BYTES: usize = 1 << 18;
/// Bytes of lines that are handed on together, and how often that may wait.
const BATCH_BYTES: usize = 1 << 18;
const BATCHES: usize = 2;

/// Why a recording cannot be replayed, or no further. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is nothing in it.
    #[error("it is empty: no recording of wasmscope")]
    Empty,
    /// Its first line is not that of a recording.
    #[error("line 1: this is no recording; `wasmscope record FILE` makes one")]
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

/// Parsing takes more time than all that comes after it, so it has a thread of its own.
pub(crate) struct Source {
    batches: Receiver<Vec<Item>>,
    batch: std::vec::IntoIter<Item>,
    /// The number of the line that was taken last.
    line: u64,
    by: String,
}

type Item = Result<Line<'static>, ReplayError>;

impl Source {
    /// Reads the first line, and begins with the others.
    pub(crate) fn open(input: Box<dyn Read + Send>) -> Result<(Self, Header), ReplayError> {
        let reader = BufReader::with_capacity(READ_BYTES, input);
        let mut lines = Lines { reader, buffer: Vec::new(), line: 0, over: false };
        let header = lines.header()?;
        let (parsed, batches) = bounded(BATCHES);
        let spawned = thread::Builder::new().name("parse".into()).spawn(move || {
            // Ends early when nobody wants more.
            while lines.batch().is_some_and(|batch| parsed.send(batch).is_ok()) {}
        });
        spawned.map_err(|error| ReplayError::Io { line: 1, error })?;
        let by = shown(&header.wasmscope).to_string();
        Ok((Self { batches, batch: Vec::new().into_iter(), line: 1, by }, header))
    }

    /// The next line. After the first error there is none.
    pub(crate) fn next(&mut self) -> Item {
        self.line += 1;
        if self.batch.as_slice().is_empty() {
            self.batch = self.batches.recv().unwrap_or_default().into_iter();
        }
        self.batch.next().unwrap_or(Err(ReplayError::Cut { line: self.line }))
    }

    /// The line that was taken last is `found`, where `expected` was to follow.
    pub(crate) fn diverged(&self, found: String, expected: String) -> ReplayError {
        ReplayError::Diverged { line: self.line, found, expected, by: self.by.clone() }
    }

    /// Whether the next line may have to be waited for.
    pub(crate) fn may_wait(&self) -> bool {
        self.batch.as_slice().is_empty() && self.batches.is_empty()
    }
}

/// A recording that is being read.
struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    buffer: Vec<u8>,
    /// The number of the line that was read last.
    line: u64,
    over: bool,
}

impl Lines {
    fn header(&mut self) -> Result<Header, ReplayError> {
        let whole = match self.fill(MOST_HEADER_BYTES) {
            Err(ReplayError::TooLong { .. }) => return Err(ReplayError::NoRecording),
            other => other?,
        };
        if self.buffer.is_empty() && !whole {
            return Err(ReplayError::Empty);
        }
        let header = header(&self.buffer, whole)?;
        if whole { Ok(header) } else { Err(ReplayError::Cut { line: 1 }) }
    }

    /// Some lines, the last of which may be an error; as many as there are without waiting for more. `None` behind it.
    fn batch(&mut self) -> Option<Vec<Item>> {
        if self.over {
            return None;
        }
        let (mut items, mut bytes) = (Vec::new(), 0);
        loop {
            let item = self.next();
            bytes += self.buffer.len();
            let ends = matches!(item, Err(_) | Ok(Line::End {}));
            items.push(item);
            self.over = ends;
            if ends || bytes >= BATCH_BYTES || self.reader.buffer().is_empty() {
                return Some(items);
            }
        }
    }

    fn next(&mut self) -> Item {
        if !self.fill(MOST_LINE_BYTES)? {
            return Err(ReplayError::Cut { line: self.line });
        }
        serde_json::from_slice(&self.buffer)
            .map_err(|error| ReplayError::Damaged { line: self.line, problem: problem(&error) })
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
