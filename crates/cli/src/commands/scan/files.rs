//! Which files to analyse.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Larger files are refused: the analysis takes a small multiple of them in memory.
const MOST_BYTES: u64 = 1 << 30;
/// Most files of one run.
const MOST_FILES: usize = 1_000_000;

/// One thing to analyse.
pub(super) struct Input {
    /// As it is told of.
    pub(super) name: String,
    pub(super) found: Found,
}

pub(super) enum Found {
    Bytes(Vec<u8>),
    File(PathBuf),
    /// Nothing, for this reason.
    Not(String),
}

/// What the paths stand for, in their order; the files of a directory by name.
pub(super) fn find(paths: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        if name == "-" {
            let found = within(io::stdin().lock()).map_or_else(Found::Not, Found::Bytes);
            inputs.push(Input { name: "<stdin>".into(), found });
        } else if path.is_dir() {
            below(path, &mut inputs);
        } else {
            inputs.push(Input { name, found: Found::File(path.clone()) });
        }
    }
    inputs
}

/// The bytes of a regular file, device or pipe.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    within(File::open(path).map_err(|error| error.to_string())?)
}

fn within(file: impl io::Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("larger than {} GiB", MOST_BYTES >> 30));
    }
    Ok(bytes)
}

/// Files below `folder` that begin as modules do. What cannot be listed or read is told, not skipped.
fn below(folder: &Path, inputs: &mut Vec<Input>) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let name = folder.to_string_lossy().into_owned();
                inputs.push(Input { name, found: Found::Not(error.to_string()) });
                continue;
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut inner = Vec::new();
        for entry in entries {
            let path = entry.path();
            // Not of what a symbolic link leads to: that may be above, and so without end.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => inner.push(path),
                Ok(kind) if kind.is_file() && inputs.len() < MOST_FILES => {
                    let name = path.to_string_lossy().into_owned();
                    match is_module(&path) {
                        Ok(true) => inputs.push(Input { name, found: Found::File(path) }),
                        Ok(false) => {}
                        Err(error) => inputs.push(Input { name, found: Found::Not(error.to_string()) }),
                    }
                }
                _ => {}
            }
        }
        folders.extend(inner.into_iter().rev());
    }
}

fn is_module(path: &Path) -> io::Result<bool> {
    let mut head = [0; 4];
    match File::open(path)?.read_exact(&mut head) {
        Ok(()) => Ok(&head == b"\0asm"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
