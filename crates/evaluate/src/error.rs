//! Why there is no evaluation.

use crate::{RuntimeError, corpus::CorpusError};
use std::io;

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The corpus.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A guest that was asked for is not in the corpus.
    #[error("no guest {0:?} in the corpus; there are: {1}")]
    NoSuchGuest(String, String),
    /// There is nothing to run.
    #[error("no guests in {0:?}: a guest is a folder with a workload.toml, or a file *.wasm")]
    Empty(std::path::PathBuf),
    /// This host cannot watch.
    #[error("`wasmscope watch` does not start here: {0}")]
    Watch(String),
    /// A process or directory of ours could not be made.
    #[error("cannot {0}: {1}")]
    Io(&'static str, io::Error),
}

impl EvaluateError {
    /// Whether it is the host, and not what was asked for, that is in the way.
    pub fn is_of_the_host(&self) -> bool {
        matches!(self, Self::Watch(_) | Self::Io(..))
    }
}
