//! Real modules to begin with.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use wasmscope_testkit::{component, find_guest, guest, guest_names, target_dir, workspace_root};

/// A module that others are made of.
#[derive(Debug, Clone)]
pub struct Base {
    /// Which, for people.
    pub name: String,
    /// In binary form.
    pub bytes: Vec<u8>,
}

/// The samples of the rules and the guests that are written as text, as modules and one as a component, sorted by name. Needs no
/// compiler but our own.
///
/// # Errors
///
/// What reading gives. A sample that writes one line a million times is left out: it is large, and tells nothing new.
pub fn bases() -> Result<Vec<Base>> {
    let mut bases = Vec::new();
    for path in texts() {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if !text.contains("(;repeat ") {
            let bytes = wat::parse_str(&text).with_context(|| path.display().to_string())?;
            bases.push(Base { name: named(&path), bytes });
        }
    }
    let guests = guest_names().into_iter().filter(|name| is_text(name));
    for path in guests.map(|name| guest(&name)).chain([component("sleeper")]) {
        bases.push(Base { name: named(&path), bytes: fs::read(path)? });
    }
    Ok(bases)
}

fn is_text(guest: &str) -> bool {
    find_guest(guest).is_ok_and(|source| source.extension().is_some_and(|extension| extension == "wat"))
}

/// The samples of the rules, as text.
pub fn texts() -> Vec<PathBuf> {
    files(&workspace_root().join("crates/findings/src/rules"), 1, "wat")
}

/// The modules that `cargo xtask real-modules` and the guests that `cargo xtask guests` left in `target/`, if it was run, up to
/// `most_bytes` each.
///
/// # Errors
///
/// What reading gives.
pub fn real_modules(most_bytes: u64) -> Result<Vec<Base>> {
    let paths = ["real-modules", "guests"].iter().flat_map(|name| files(&target_dir().join(name), 0, "wasm"));
    let small = paths.filter(|path| fs::metadata(path).is_ok_and(|data| data.len() <= most_bytes));
    small.map(|path| Ok(Base { name: named(&path), bytes: fs::read(path)? })).collect()
}

/// `table_exported/triggers.wat`
fn named(path: &Path) -> String {
    let parts: Vec<_> = path.components().rev().take(2).map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// The files of this kind below a folder, sorted; none if there is no such folder.
fn files(folder: &Path, depth: usize, extension: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if depth > 0 && path.is_dir() {
            all.extend(files(&path, depth - 1, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            all.push(path);
        }
    }
    all.sort();
    all
}
