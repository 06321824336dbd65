//! `wit/` and `witx/` are those of the wasmtime-wasi that is used.

use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Cargo has the sources of a dependency, of version 48.
fn sources(name: &str) -> Result<PathBuf> {
    // What other systems need was perhaps never downloaded.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let args = ["metadata", "--format-version", "1", "--offline", "--filter-platform", &target];
    let output = Command::new(env!("CARGO")).args(args).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let of_48 = |package: &&serde_json::Value| {
        package["name"] == name
            && package["version"].as_str().is_some_and(|version| version.starts_with("48."))
    };
    let manifest =
        packages.iter().find(of_48).context("not there")?["manifest_path"].as_str().context("a path")?;
    Ok(Path::new(manifest).parent().context("in a folder")?.into())
}

fn same(ours: &str, theirs: &Path) -> Result<()> {
    let mut compared = 0;
    for entry in fs::read_dir(theirs).with_context(|| theirs.display().to_string())? {
        let path = entry?.path();
        if path.is_file() {
            let ours = Path::new(ours).join(path.file_name().context("a file")?);
            let text = fs::read_to_string(&ours).with_context(|| format!("{} is missing", ours.display()))?;
            assert_eq!(
                text,
                fs::read_to_string(&path)?,
                "{} differs from {}",
                ours.display(),
                path.display()
            );
            compared += 1;
        }
    }
    assert!(compared > 1, "nothing to compare in {}", theirs.display());
    Ok(())
}

#[test]
fn the_interfaces_are_those_that_wasmtime_implements() -> Result<()> {
    same("wit/deps", &sources("wasmtime-wasi-http")?.join("wit/deps"))?;
    same("wit/deps", &sources("wasmtime-wasi")?.join("src/p2/wit/deps"))?;
    same("witx/p1", &sources("wasmtime-wasi")?.join("witx/p1"))
}
