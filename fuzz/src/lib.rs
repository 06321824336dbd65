//! What fuzz targets share: seeds, which are made from source when a target starts, and the bound on memory.

pub mod archives;
pub mod images;
pub mod recordings;

use std::path::{Path, PathBuf};
use std::{env, fs};
use wasmscope_testkit::workspace_root;
use wasmscope_trial::{Heap, Scanned, bases, check, check_same, most_bytes, scan};

#[global_allocator]
static HEAP: Heap = Heap;

/// Writes seeds into the corpus, which is the first folder on libFuzzer's command line; where an input is only
/// reproduced, there is none, and nothing happens.
pub fn sow(seeds: impl FnOnce() -> Vec<Vec<u8>>) {
    let Some(corpus) = env::args().skip(1).map(PathBuf::from).find(|path| path.is_dir()) else { return };
    for (number, seed) in seeds().iter().enumerate() {
        let path = corpus.join(format!("seed-{number:04}"));
        fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Small modules and components.
pub fn modules() -> Vec<Vec<u8>> {
    bases().expect("the checkout is complete").into_iter().map(|base| base.bytes).collect()
}

/// Contents of the files of the checkout that match, sorted by name.
pub fn files(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    fn below(folder: &Path, extension: &str, paths: &mut Vec<PathBuf>) {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                below(&path, extension, paths);
            } else if path.extension().is_some_and(|found| found == extension) {
                paths.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    below(&workspace_root().join(folder), extension, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no *.{extension}");
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

/// Scans twice and checks all that must hold of every file, the bound on memory included.
pub fn scan_and_check(bytes: &[u8]) -> Scanned {
    let (scanned, held) = most_bytes(|| scan(bytes));
    let size = bytes.len() as u64;
    assert!(held + size <= 3 * size + (64 << 20), "{held} bytes of memory for {size} bytes");
    check(bytes, &scanned);
    check_same(bytes, &scanned);
    scanned
}
