//! Classes of threats, and from where something is to be seen of each.

use super::CorpusError;
use crate::Vantage;
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// Those of this project, for corpora that bring none.
const BUILT_IN: &str = include_str!("../../../../workloads/classes.toml");

/// A class of threats.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// What it is.
    pub title: String,
    /// From where something is to be seen of it.
    pub sees: Vec<Vantage>,
    /// Why nothing is to be seen from elsewhere, where that is not for the usual reason.
    #[serde(default)]
    pub because: BTreeMap<Vantage, String>,
}

impl Class {
    /// Why nothing is to be seen of it from there; nothing if there is.
    pub fn reason(&self, vantage: Vantage) -> Option<&str> {
        if self.sees.contains(&vantage) {
            return None;
        }
        Some(self.because.get(&vantage).map_or(vantage.usual_reason(), String::as_str))
    }
}

/// The classes of a corpus: its `classes.toml`, or those built in.
///
/// # Errors
/// The file is there and cannot be read or understood.
pub fn classes(corpus: &Path) -> Result<BTreeMap<String, Class>, CorpusError> {
    let file = corpus.join("classes.toml");
    let text = match file.is_file() {
        true => fs::read_to_string(&file).map_err(|error| CorpusError::Io(file.clone(), error))?,
        false => BUILT_IN.to_owned(),
    };
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        CorpusError::Invalid { file, line, message: error.message().to_owned() }
    })
}
