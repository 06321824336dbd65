//! Unmodified runtimes, as `cargo xtask runtimes` installs them.

mod catalogue;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use catalogue::{CATALOGUE, Recipe, Set, Source};

use crate::guest::{cached, script};
use crate::target_dir;

/// A runtime that is there, and how to start guests with it.
#[derive(Clone, Debug)]
pub struct Runtime {
    recipe: &'static Recipe,
    program: PathBuf,
    options: Vec<String>,
    dir: Option<PathBuf>,
}

/// A runtime that is not there. Shown, it says in one line how to get it.
#[derive(Clone, Copy, Debug)]
pub struct Missing(&'static Recipe);

impl Missing {
    /// Whether `make test` would have installed it.
    pub fn in_default_set(&self) -> bool {
        self.0.set <= Set::Default
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.name;
        write!(out, "{name} is not installed: cargo xtask runtimes {name}, or set {}", self.0.variable())
    }
}

impl std::error::Error for Missing {}

impl Recipe {
    /// The environment variable that names the executable to use instead.
    pub fn variable(&self) -> String {
        format!("WASMSCOPE_{}", self.name.replace('-', "_").to_uppercase())
    }

    /// Where it is installed.
    pub fn folder(&self) -> PathBuf {
        target_dir().join("runtimes").join(self.name)
    }

    /// Its executable, if it is there.
    pub fn find_program(&self) -> Option<PathBuf> {
        if let Some(path) = std::env::var_os(self.variable()) {
            return Some(path.into());
        }
        if let Source::System { command, .. } = self.source {
            return std::env::split_paths(&std::env::var_os("PATH")?)
                .map(|folder| folder.join(command))
                .find(|path| path.is_file());
        }
        let pattern = self.folder().join(self.program);
        glob::glob(&pattern.to_string_lossy()).ok()?.filter_map(std::result::Result::ok).next()
    }
}

/// The runtime of this name in the [`CATALOGUE`].
///
/// # Errors
///
/// When it is not installed.
///
/// # Panics
///
/// When the catalogue has no such name.
pub fn find(name: &str) -> Result<Runtime, Missing> {
    let recipe = CATALOGUE
        .iter()
        .find(|recipe| recipe.name == name)
        .unwrap_or_else(|| panic!("no runtime {name:?} in the catalogue"));
    let program = recipe.find_program().ok_or(Missing(recipe))?;
    Ok(Runtime { recipe, program, options: Vec::new(), dir: None })
}

/// Every runtime that is there and can run a guest.
pub fn installed() -> Vec<Runtime> {
    let compilers: Vec<_> = CATALOGUE.iter().filter_map(|recipe| recipe.compiler).collect();
    let names = CATALOGUE.iter().map(|recipe| recipe.name).filter(|name| !compilers.contains(name));
    names.filter_map(|name| find(name).ok()).collect()
}

macro_rules! finders {
    ($($function:ident = $name:literal: $what:literal;)*) => {$(
        #[doc = $what]
        ///
        /// # Errors
        ///
        /// When it is not installed.
        pub fn $function() -> Result<Runtime, Missing> {
            find($name)
        }
    )*};
}

finders! {
    wasmtime = "wasmtime": "The Wasmtime CLI, version 49.";
    wasmtime48 = "wasmtime48": "The Wasmtime CLI, version 48, built from source.";
    wasmtime_embed = "wasmtime-embed": "Wasmtime 48 inside a static, stripped program; see its options in `testhosts/`.";
    python_wasmtime = "python-wasmtime": "Wasmtime 50 as a library of a Python process.";
    python_wasmer = "python-wasmer": "Wasmer as a library of a Python process.";
    wasmer_cli = "wasmer": "The Wasmer CLI, built from source.";
    wamr = "wamr": "WAMR with ahead-of-time code.";
    wasmi = "wasmi": "The wasmi CLI, an interpreter.";
    wasmi_embed = "wasmi-embed": "wasmi inside a stripped program.";
    node = "node": "Node.js, with the guest's WASI imports in JavaScript.";
    deno = "deno": "Deno, with the guest's WASI imports in JavaScript.";
    bun = "bun": "Bun, with the guest's WASI imports in JavaScript.";
}

impl Runtime {
    /// Its name in the catalogue.
    pub fn name(&self) -> &'static str {
        self.recipe.name
    }

    /// Its executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The shared library in the Python package `wasmtime`.
    ///
    /// # Panics
    ///
    /// When this is not the Python that has it.
    pub fn wasmtime_library(&self) -> PathBuf {
        let folder = self.program.parent().and_then(Path::parent).expect("a program in a folder `bin`");
        let pattern = folder.join("lib/*/site-packages/wasmtime/*/_libwasmtime.so");
        let found = glob::glob(&pattern.to_string_lossy()).expect("a valid pattern").find_map(Result::ok);
        found.unwrap_or_else(|| panic!("no {}", pattern.display()))
    }

    /// With this option of the runtime itself, placed before the guest.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// With this directory as the guest's `.`, and the runtime's current one.
    ///
    /// # Panics
    ///
    /// When the way we run this runtime cannot give it one.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        assert!(self.has_dir(), "{} cannot give a guest a directory", self.name());
        self.dir = Some(dir.into());
        self
    }

    /// Whether [`Runtime::dir`] may be used.
    pub fn has_dir(&self) -> bool {
        !self.recipe.dir.is_empty()
    }

    /// A command of the runtime with nothing decided, for its other subcommands or for
    /// scripts that run no guest.
    pub fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Wasmtime's backtraces of itself bury the message of a trap.
        command.env("RUST_BACKTRACE", "0");
        command
    }

    /// A command that runs one of `workloads/`' scripts, by its path there.
    pub fn script_command<S: AsRef<OsStr>>(&self, path: &str, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.bare_command();
        command.args(self.recipe.before).args(&self.options).arg(script(path)).args(args);
        command
    }

    /// A command that runs the guest.
    ///
    /// # Panics
    ///
    /// When the guest must be compiled ahead of time and cannot be.
    pub fn command<S: AsRef<OsStr>>(&self, guest: &Path, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = match self.recipe.script {
            Some(path) => self.script_command(path, [] as [&str; 0]),
            None => {
                let mut command = self.bare_command();
                command.args(self.recipe.before).args(&self.options);
                command
            }
        };
        if let Some(dir) = &self.dir {
            // Some know no other name for a directory in the guest than its name outside.
            command.current_dir(dir);
            command.args(self.recipe.dir.iter().map(|word| word.replace("{}", &dir.to_string_lossy())));
        }
        let guest = match self.recipe.compiler {
            Some(compiler) => compile(compiler, guest).unwrap_or_else(|error| panic!("{error:#}")),
            None => guest.to_owned(),
        };
        command.arg(guest).args(self.recipe.after).args(args);
        command
    }
}

/// The guest's code, made ahead of time, in `target/guests/`.
fn compile(compiler: &str, guest: &Path) -> Result<PathBuf> {
    let compiler = find(compiler)?;
    let stem = guest.file_stem().context("a guest is a file")?.to_string_lossy();
    cached(&format!("{stem}.{}", compiler.name()), &std::fs::read(guest)?, |output| {
        let compiled =
            compiler.bare_command().args(compiler.recipe.before).arg(guest).arg("-o").arg(output).output()?;
        if !compiled.status.success() {
            bail!("{}: {}", compiler.name(), String::from_utf8_lossy(&compiled.stderr));
        }
        Ok(())
    })
}
