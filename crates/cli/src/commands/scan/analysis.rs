//! From what was found to facts or a sentence.

use std::sync::{Mutex, PoisonError};
use wasmscope_analyze::{AnalyzeError, ErrorKind, Facts, Options, analyze};
use wasmscope_model::text::{bytes as size, shown};
use wasmscope_sources::SourceError;

/// Longer texts are refused: while it is parsed, a text takes up to 70 times its bytes in memory (`(func)(func)…`).
pub(super) const TEXT_BYTES: u64 = 768 << 10;

/// One text at a time, for the same reason.
static PARSING: Mutex<()> = Mutex::new(());

/// What the bytes tell, or why they tell nothing, fit to be shown.
pub(super) fn facts(content: Result<Vec<u8>, SourceError>) -> Result<Facts, String> {
    let bytes = content.map_err(|error| match error {
        SourceError::TooLarge { .. } => format!("{error}: --max-size raises the bound"),
        error => shown(&error.to_string()).to_string(),
    })?;
    match analyze(&bytes, &Options::default()) {
        Err(AnalyzeError { kind: ErrorKind::Text, .. }) => of_text(&bytes),
        result => result.map_err(|error| of_analysis(&error)),
    }
}

fn of_text(text: &[u8]) -> Result<Facts, String> {
    if text.len() as u64 > TEXT_BYTES {
        return Err(format!(
            "text of more than {}: make a binary module of it first, with `wasm-tools parse` or `wat2wasm`",
            size(TEXT_BYTES)
        ));
    }
    let one = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let binary = wat::parse_bytes(text).map_err(|error| first_lines(&error.to_string()))?;
    drop(one);
    analyze(&binary, &Options::default()).map_err(|error| of_analysis(&error))
}

fn of_analysis(error: &AnalyzeError) -> String {
    shown(&error.to_string()).to_string()
}

/// An error of the text format quotes the line and points into it.
fn first_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().take(6).map(|line| shown(line).to_string()).collect();
    lines.join("\n")
}
