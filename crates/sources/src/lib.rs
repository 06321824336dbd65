//! Finds the bytes of WebAssembly modules: in files, standard input, directories, archives and container images.
//!
//! [`find`] walks what a user named and hands each module to a [`Sink`], one after the other and always in the same order.
//! It reads and decompresses, knows nothing of what is in a module, and writes nothing: a name in an archive is only a name.
//!
//! What it reads is hostile. Memory, nesting and the number of entries are bounded (see [`limits`]), and so is the
//! work, by what was really read: see [`limits::EXPANSION`]. What goes wrong in one place is one error with its name and the
//! rest goes on.
//!
//! Names tell the way: `image.tar!layer sha256:…!app/main.wasm`.

mod archive;
mod compressed;
mod digest;
mod error;
mod files;
pub mod limits;
mod meter;
mod oci;
mod tarball;
mod zip;

pub use error::SourceError;

use std::{
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// What to look for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Larger modules are refused, in bytes.
    pub most_bytes: u64,
    /// Of what does not begin as a module, so many bytes are handed over, to see what it is.
    pub most_other_bytes: u64,
    /// Open the archives that lie in directories; those that are named are opened in any case.
    pub archives_in_directories: bool,
}

/// A module, or why there is none where one was expected.
#[derive(Debug)]
pub struct Found {
    /// Where: the path, then the names inside archives, each after a `!`. The observed's own words.
    pub name: String,
    /// The bytes, or what went wrong. Of a file that was named, or of an image layer that claims to be a module, these
    /// are whatever bytes it begins with.
    pub content: Result<Vec<u8>, SourceError>,
}

/// Takes what is found. `Break` ends the search.
pub trait Sink {
    /// Called before memory is taken for the module that comes next, more than once if its size is not known: wait here
    /// until there is room for so many bytes in total.
    fn room(&mut self, bytes: u64) -> ControlFlow<()>;
    /// Takes the module for which room was made, or an error.
    fn found(&mut self, found: Found) -> ControlFlow<()>;
}

/// Hands over all modules of `path`: a file, a directory, an archive, an OCI image layout, or `-` for standard input.
pub fn find(path: &Path, options: &Options, sink: &mut dyn Sink) -> ControlFlow<()> {
    let name = path.to_string_lossy().into_owned();
    // A defect in a decoder must not hide the files that come after.
    let walk = AssertUnwindSafe(|| {
        let mut finder = Finder { options, sink: &mut *sink };
        if name == "-" { finder.stream("<stdin>", &mut io::stdin().lock()) } else { finder.path(path) }
    });
    match catch_unwind(walk) {
        Ok(flow) => flow,
        Err(_) => sink.found(Found { name, content: Err(SourceError::Defect) }),
    }
}

/// One walk.
struct Finder<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
}

impl Finder<'_> {
    fn fail(&mut self, name: &str, error: SourceError) -> ControlFlow<()> {
        self.sink.found(Found { name: name.to_owned(), content: Err(error) })
    }
}
