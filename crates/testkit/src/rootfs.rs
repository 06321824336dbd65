//! Root folders for programs: what a container's image and a virtual machine's first file system are made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that programs will see as `/`.
///
/// Its methods panic where the folder cannot be written, as everything in this kit does.
#[derive(Debug)]
pub struct Rootfs(PathBuf);

impl Rootfs {
    /// Begins with the empty folder `path`, made if it is not there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("making {}: {error}", path.display()));
        Self(path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where `at`, an absolute path for the programs, is for us; the folders above it are made.
    pub fn place(&self, at: impl AsRef<Path>) -> PathBuf {
        let at = at.as_ref();
        let place = self.0.join(at.strip_prefix("/").expect("an absolute path"));
        let above = place.parent().expect("not the root itself");
        fs::create_dir_all(above).unwrap_or_else(|error| panic!("making {}: {error}", above.display()));
        place
    }

    /// Copies a file, with its permissions.
    pub fn copy(&self, from: &Path, at: impl AsRef<Path>) {
        let place = self.place(at);
        fs::copy(from, place).unwrap_or_else(|error| panic!("copying {}: {error}", from.display()));
    }

    /// Copies a program and, to the paths where it looks for them, the libraries it is linked to.
    pub fn program(&self, from: &Path, at: &str) {
        self.copy(from, at);
        for library in libraries(from) {
            self.copy(&library, &library);
        }
    }
}

/// The libraries and the loader of a program; none for a static one.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().expect("ldd comes with libc");
    // Lines are `name => /path (address)`, `/path (address)` for the loader, `name (address)` for the vdso.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("not found"), "{}: {text}", program.display());
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
