//! Writing to standard output: a closed pipe is no error, a full disk is one.

use crate::Failure;
use anyhow::Context as _;
use serde::Serialize;
use std::{
    io::{self, Write as _},
    ops::ControlFlow,
};

/// Writes `text` to standard output.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    finish(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes `text` to standard output, and breaks when nobody reads it any more.
pub(crate) fn while_read(text: &str) -> Result<ControlFlow<()>, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        other => finish(other).map(ControlFlow::Continue),
    }
}

/// Writes `value` as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut json = serde_json::to_string_pretty(value).map_err(Failure::host)?;
    json.push('\n');
    text(&json)
}

/// The result of a write that ended the output.
pub(crate) fn finish(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output").map_err(Failure::host),
    }
}
