//! Builds guests from the sources in `workloads/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasi_preview1_component_adapter_provider as adapter;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::{hostile, target_dir, workspace_root};

/// The core module of the guest in `workloads/*/<name>/`, built when its source changed.
///
/// # Panics
///
/// When there is no such guest or it does not build.
pub fn guest(name: &str) -> PathBuf {
    find_guest(name).and_then(|source| build(name, &source)).unwrap_or_else(|error| panic!("{error:#}"))
}

/// The same guest as a component (`wasi:cli/run`), by way of the preview 1 adapter.
///
/// A guest that uses more of WASI 0.2 than the adapter declares it in a `world.wit` beside
/// its source, and runs only as a component.
///
/// # Panics
///
/// When there is no such guest or it does not build.
pub fn component(name: &str) -> PathBuf {
    build_component(name).unwrap_or_else(|error| panic!("building the component {name}: {error:#}"))
}

/// A script of `workloads/`, by its path there: `js/plain.js`.
///
/// # Panics
///
/// When there is no such script.
pub fn script(path: &str) -> PathBuf {
    let script = workspace_root().join("workloads").join(path);
    assert!(script.is_file(), "no script {}", script.display());
    script
}

/// The native program of `workloads/host/<name>/`, built when its source changed.
///
/// # Panics
///
/// When there is no such program or it does not build.
pub fn host_program(name: &str) -> PathBuf {
    let source = workspace_root().join("workloads/host").join(name).join("host.c");
    build_host(name, &source).unwrap_or_else(|error| panic!("building the host program {name}: {error:#}"))
}

/// The names of all native programs, sorted.
pub fn host_program_names() -> Vec<String> {
    let pattern = workspace_root().join("workloads/host/*/host.c");
    let sources = glob::glob(&pattern.to_string_lossy()).expect("a valid pattern").filter_map(Result::ok);
    sources.filter_map(|source| Some(source.parent()?.file_name()?.to_str()?.to_owned())).collect()
}

/// The names of all guests, sorted.
pub fn guest_names() -> Vec<String> {
    let mut names: Vec<String> =
        sources().filter_map(|source| Some(source.parent()?.file_name()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// The source file of a guest.
///
/// # Errors
///
/// When no guest has this name.
pub fn find_guest(name: &str) -> Result<PathBuf> {
    sources()
        .find(|source| source.parent().is_some_and(|folder| folder.ends_with(name)))
        .with_context(|| format!("no guest {name:?} in workloads/; there are: {}", guest_names().join(", ")))
}

fn sources() -> impl Iterator<Item = PathBuf> {
    let pattern = workspace_root().join("workloads/*/*/guest.*");
    glob::glob(&pattern.to_string_lossy()).expect("a valid pattern").filter_map(Result::ok)
}

fn build(name: &str, source: &Path) -> Result<PathBuf> {
    let text = input(source)?;
    cached(&format!("{name}.wasm"), &text, |output| {
        match source.extension().and_then(|extension| extension.to_str()) {
            Some("wat") => {
                let mut module = wat::parse_file(source)?;
                if name == "hostile-names" {
                    hostile::append_names(&mut module);
                }
                fs::write(output, module)?;
            }
            Some("c") => compile_c(source, &["-O1"], output)?,
            _ => bail!("{}: a guest is written in WAT or C", source.display()),
        }
        Ok(())
    })
    .with_context(|| format!("building the guest {name}"))
}

/// Headers that several guests share.
fn headers() -> PathBuf {
    workspace_root().join("workloads/include")
}

/// What a guest is built from.
fn input(source: &Path) -> Result<Vec<u8>> {
    let mut text = fs::read(source).with_context(|| format!("reading {}", source.display()))?;
    if source.extension().is_some_and(|extension| extension == "c") {
        let pattern = headers().join("*.h");
        for header in glob::glob(&pattern.to_string_lossy())? {
            text.extend(fs::read(header?)?);
        }
    }
    Ok(text)
}

/// The builds of a guest in C that its `variants.txt` lists: a name, and what clang is told.
///
/// # Errors
///
/// When there is no such guest or list, or a build fails.
pub fn variants(name: &str) -> Result<Vec<(String, PathBuf)>> {
    let source = find_guest(name)?;
    let list = source.with_file_name("variants.txt");
    let list = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let variant = words.next().unwrap_or_default();
            let flags: Vec<&str> = words.collect();
            let made_from = [input(&source)?, line.as_bytes().to_vec()].concat();
            let path = cached(&format!("{name}-{variant}.wasm"), &made_from, |output| {
                compile_c(&source, &flags, output)
            })
            .with_context(|| format!("building {name}, {variant}"))?;
            Ok((variant.to_owned(), path))
        })
        .collect()
}

fn compile_c(source: &Path, flags: &[&str], output: &Path) -> Result<()> {
    let clang = Command::new("clang")
        .args(["--target=wasm32-wasi", "-Wall", "-Werror", "-I"])
        .arg(headers())
        .args(flags)
        .arg("-o")
        .args([output, source])
        .output()
        .context("clang is missing: run `make setup`")?;
    if !clang.status.success() {
        bail!("clang failed (is `make setup` done?):\n{}", String::from_utf8_lossy(&clang.stderr));
    }
    Ok(())
}

fn build_host(name: &str, source: &Path) -> Result<PathBuf> {
    let text = fs::read(source).with_context(|| format!("reading {}", source.display()))?;
    cached(name, &text, |output| {
        let compiler = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-o"])
            .args([output, source])
            .arg("-ldl")
            .output()
            .context("cc is missing: run `make setup`")?;
        if !compiler.status.success() {
            bail!("cc failed:\n{}", String::from_utf8_lossy(&compiler.stderr));
        }
        Ok(())
    })
}

fn build_component(name: &str) -> Result<PathBuf> {
    let mut module = fs::read(guest(name))?;
    if let Some(world) = find_world(name)? {
        embed_world(&mut module, &world)
            .with_context(|| format!("embedding the world of {}", world.display()))?;
    }
    cached(&format!("{name}.component.wasm"), &module, |output| {
        let component = ComponentEncoder::default()
            .module(&module)?
            .validate(true)
            .adapter(
                adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            )?
            .encode()?;
        fs::write(output, component)?;
        Ok(())
    })
}

/// A `wasi:http/proxy` component of a core module's text, which imports and exports by the names of the WIT.
///
/// # Panics
///
/// When it does not build.
pub fn proxy(wat: &str) -> Vec<u8> {
    encode_proxy(wat).unwrap_or_else(|error| panic!("building the proxy: {error:#}"))
}

fn encode_proxy(wat: &str) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    resolve.push_dir(workspace_root().join("crates/sensor-wasmtime/wit"))?;
    let world = resolve.worlds.iter().find(|(_, world)| {
        let package = world.package.map(|id| &resolve.packages[id].name);
        world.name == "proxy" && package.is_some_and(|name| name.namespace == "wasi" && name.name == "http")
    });
    let (world, _) = world.context("wasi:http has no world `proxy`")?;
    let mut module = wat::parse_str(wat)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.validate(true).encode()
}

/// The `world.wit` of a guest that has one.
///
/// # Errors
///
/// When no guest has this name.
pub fn find_world(name: &str) -> Result<Option<PathBuf>> {
    let world = find_guest(name)?.with_file_name("world.wit");
    Ok(world.is_file().then_some(world))
}

/// Adds to a core module what its imports mean, as binding generators do.
fn embed_world(module: &mut Vec<u8>, path: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source(&path.to_string_lossy(), &fs::read_to_string(path)?)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8, false)
}

/// What else decides how a guest is built: flags, versions, names.
const KIT: &str =
    concat!(include_str!("guest.rs"), include_str!("hostile.rs"), include_str!("runtimes/catalogue.rs"));

/// A file of `target/guests/`, made anew when what it is made from has changed.
///
/// The file appears by renaming, so that tests running at the same time may both make
/// it. The hash of its input lies beside it.
pub(crate) fn cached(file: &str, input: &[u8], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = target_dir().join("guests");
    let (path, stamp) = (folder.join(file), folder.join(format!("{file}.input")));
    let hash = Sha256::new().chain_update(input).chain_update(KIT).finalize();
    if path.is_file() && fs::read(&stamp).is_ok_and(|found| found == hash.as_slice()) {
        return Ok(path);
    }
    fs::create_dir_all(&folder)?;
    // In the same folder: a rename does not cross file systems.
    let scratch = tempfile::tempdir_in(&folder)?;
    let (new_path, new_stamp) = (scratch.path().join("guest"), scratch.path().join("stamp"));
    make(&new_path)?;
    fs::write(&new_stamp, hash)?;
    fs::rename(new_path, &path)?;
    fs::rename(new_stamp, stamp)?;
    Ok(path)
}
