//! One run of one guest from each vantage point.

mod guest;
mod live;
mod module;

pub(crate) use guest::{Unable, guest};
pub(crate) use live::{Place, boundary, kernel, unwatched};
pub(crate) use module::module;

use crate::EvaluateError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What all runs need.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The executable of wasmscope.
    pub(crate) wasmscope: PathBuf,
    /// `HOME` of guests.
    pub(crate) home: TempDir,
}

impl Bench {
    pub(crate) fn new(wasmscope: &Path) -> Result<Self, EvaluateError> {
        let home = tempfile::Builder::new().prefix("wasmscope-evaluate-").tempdir().map_err(directory)?;
        Ok(Self { wasmscope: wasmscope.to_owned(), home })
    }
}

/// A directory for one run, removed afterwards. The guest's own lies deeper: what leaves it stays in ours.
#[derive(Debug)]
pub(crate) struct Scratch {
    _whole: TempDir,
    pub(crate) inner: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, EvaluateError> {
        let whole = tempfile::Builder::new().prefix("wasmscope-guest-").tempdir().map_err(directory)?;
        let inner = whole.path().join("a/b/c");
        fs::create_dir_all(&inner).map_err(directory)?;
        Ok(Self { _whole: whole, inner })
    }
}

fn directory(error: io::Error) -> EvaluateError {
    EvaluateError::Io("make a directory for a guest", error)
}
