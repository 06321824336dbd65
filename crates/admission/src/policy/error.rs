//! What is wrong with a policy file.

use super::words::closest;

/// Why a policy file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right. May quote the file.
    pub message: String,
}

impl PolicyError {
    pub(crate) fn new(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = position(source, offset);
        Self { line, column, message: message.into() }
    }

    pub(crate) fn of(source: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let mut message = error.message().replace('\n', ", ");
        // Serde names the unknown key first and then those it knows, each between backticks.
        let mut quoted = message.split('`').skip(1).step_by(2);
        if message.starts_with("unknown field")
            && let Some(unknown) = quoted.next()
            && let Some(known) = closest(unknown, quoted)
        {
            // Before the list, which may be cut where it is shown.
            message = message.replacen(", expected", &format!(": did you mean `{known}`? Expected"), 1);
        }
        Self::new(source, offset, message)
    }
}

/// Line and column of a byte, both from 1.
pub(crate) fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
