//! The files that rules are in: those built in, or a folder.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Paths and texts, written by `build.rs`.
static SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Largest file that is read, in bytes; a list of 100,000 paths has 5 MB.
const MOST_FILE_BYTES: u64 = 16 << 20;
/// All files of a folder together.
const MOST_BYTES: u64 = 64 << 20;
/// Files and folders of one folder of rules, all depths together.
const MOST_ENTRIES: usize = 20_000;
/// `maturity/id/file`.
const DEPTH: usize = 3;

/// Why a folder of rules could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot read {path:?}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is beyond the bounds.
    #[error("{path:?} is too much to read: {what}")]
    TooMuch {
        /// What.
        path: PathBuf,
        /// Which bound.
        what: &'static str,
    },
}

/// A folder of rules, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// For messages and the list of rules: `shipped`, or the folder.
    pub origin: String,
    /// Texts by their path within the folder, with `/`.
    pub texts: BTreeMap<String, String>,
}

impl Files {
    /// The rules that are built in.
    pub fn shipped() -> Self {
        let texts = SHIPPED.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { origin: "shipped".into(), texts }
    }

    /// Reads all `.yaml` and `.jsonl` files of a folder. Hidden ones (editors' and version control's) are left out.
    ///
    /// # Errors
    /// It cannot be read, or is beyond any folder of rules.
    pub fn of_folder(folder: &Path) -> Result<Self, FileError> {
        let mut reading = Reading { texts: BTreeMap::new(), left: MOST_BYTES, entries: 0 };
        reading.folder(folder, "", DEPTH)?;
        Ok(Self { origin: folder.display().to_string(), texts: reading.texts })
    }

    /// How a file is named in messages.
    pub(crate) fn name(&self, path: &str) -> String {
        if self.origin == "shipped" { format!("rules/{path}") } else { format!("{}/{path}", self.origin) }
    }
}

struct Reading {
    texts: BTreeMap<String, String>,
    left: u64,
    entries: usize,
}

impl Reading {
    fn folder(&mut self, folder: &Path, within: &str, depth: usize) -> Result<(), FileError> {
        let failed = |source| FileError::Io { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(FileError::TooMuch { path, what: "more than 20,000 files" });
            }
            let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| !n.starts_with('.')) else {
                continue;
            };
            let within = if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
            // Who edits may have links and pipes lying about: only what a path leads to counts.
            let facts = fs::metadata(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
            if facts.is_dir() && depth > 1 {
                self.folder(&path, &within, depth - 1)?;
            } else if facts.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "jsonl") {
                let what = "a file has at most 16 MiB, all together 64 MiB";
                if facts.len() > MOST_FILE_BYTES || facts.len() > self.left {
                    return Err(FileError::TooMuch { path, what });
                }
                let text = fs::read_to_string(&path)
                    .map_err(|source| FileError::Io { path: path.clone(), source })?;
                self.left = self.left.saturating_sub(text.len() as u64);
                self.texts.insert(within, text);
            }
        }
        Ok(())
    }
}
