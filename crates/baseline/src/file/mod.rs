//! Baselines as a file.

mod form;

use crate::Baselines;
use form::FileForm;
use schemars::Schema;
use std::{fmt::Write as _, io::Read};

/// Largest file that is read, bytes: ten thousand ordinary modules take a tenth of it.
pub const MOST_FILE_BYTES: u64 = 512 << 20;

const FORMAT: &str = "wasmscope-baseline";
/// Version of the format; raised when older versions would misread a file.
const VERSION: u32 = 1;

/// Baselines as they stand in a file: JSON, sorted, a line for each module.
#[derive(Debug)]
pub struct BaselineFile;

/// A file that is no baseline of ours.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[from] std::io::Error),
    /// It is larger than [`MOST_FILE_BYTES`].
    #[error("it is larger than {} MiB", MOST_FILE_BYTES >> 20)]
    Large,
    /// It is something else.
    #[error("this is no baseline: {0}")]
    Other(String),
    /// A newer program has written it.
    #[error(
        "it has format version {0}, and this program knows version {VERSION} only: use a newer wasmscope"
    )]
    Newer(u64),
    /// It is damaged: it is no JSON, or cut.
    #[error("it is damaged: {0}")]
    Damaged(serde_json::Error),
    /// What it says of a module makes no sense.
    #[error("module {module}: {what}")]
    Module {
        /// Which one: its hash.
        module: String,
        /// What makes no sense.
        what: String,
    },
}

/// What is asked of a file before anything else.
#[derive(serde::Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl BaselineFile {
    /// Reads a file.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(input: impl Read) -> Result<Baselines, FileError> {
        let mut text = Vec::new();
        input.take(MOST_FILE_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_FILE_BYTES {
            return Err(FileError::Large);
        }
        Self::parse(&text)
    }

    /// Reads what is in a file.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn parse(text: &[u8]) -> Result<Baselines, FileError> {
        let damaged = |error: serde_json::Error| match error.classify() {
            serde_json::error::Category::Data => FileError::Other(error.to_string()),
            _ => FileError::Damaged(error),
        };
        let head: Head = serde_json::from_slice(text).map_err(damaged)?;
        if head.format != FORMAT {
            return Err(FileError::Other(format!("its format is {:?}", head.format)));
        }
        if head.version != u64::from(VERSION) {
            return Err(FileError::Newer(head.version));
        }
        let form: FileForm = serde_json::from_slice(text).map_err(FileError::Damaged)?;
        let mut baselines = Baselines::default();
        for module in form.modules {
            let name = module.sha256.to_string();
            let (key, profile) =
                module.into_profile().map_err(|what| FileError::Module { module: name, what })?;
            if baselines.get(&key).is_some() {
                return Err(FileError::Module {
                    module: key.to_string(),
                    what: "it stands there twice".into(),
                });
            }
            baselines.add(key, &profile);
        }
        Ok(baselines)
    }

    /// The bytes of a file: of equal baselines the same.
    ///
    /// # Errors
    /// It would be too large to be read again.
    pub fn write(baselines: &Baselines) -> Result<String, FileError> {
        let mut text = String::new();
        let _ = write!(
            text,
            "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"wasmscope\":\"{}\",\"modules\":[",
            env!("CARGO_PKG_VERSION")
        );
        for (n, (key, profile)) in baselines.iter().enumerate() {
            let form = form::ModuleForm::new(key, profile);
            text.push_str(if n == 0 { "\n" } else { ",\n" });
            text.push_str(&serde_json::to_string(&form).map_err(FileError::Damaged)?);
        }
        text.push_str("\n]}\n");
        if text.len() as u64 > MOST_FILE_BYTES { Err(FileError::Large) } else { Ok(text) }
    }
}

/// The JSON Schema of a file.
pub fn json_schema() -> Schema {
    schemars::schema_for!(FileForm)
}
