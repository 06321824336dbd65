//! Derives everything that there is one of per WASI function from the WIT and witx files in `wit/` and `witx/`: the list
//! of functions, the delegating trait implementations for preview 2, the host functions for preview 1, and how each
//! type is told. A function that is new in wasmtime-wasi has no implementation then, and does not compile.

mod classes;
mod list;
mod preview1;
mod preview2;
mod types;

use anyhow::{Context as _, Result};
use std::{env, fs, path::Path};

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=wit");
    println!("cargo::rerun-if-changed=witx");
    println!("cargo::rerun-if-changed=build");
    let document = witx::load(&["witx/p1/wasi_snapshot_preview1.witx"])
        .map_err(|error| anyhow::anyhow!("{}", error.report()))?;
    let http = env::var_os("CARGO_FEATURE_HTTP").is_some();
    let wit = preview2::Wit::read(Path::new("wit"), http)?;

    let mut list = list::List::default();
    let first = preview1::generate(&document, &mut list)?;
    let second = preview2::generate(&wit, &mut list)?;
    let out = env::var("OUT_DIR").context("cargo sets OUT_DIR")?;
    let write = |name: &str, text: String| {
        fs::write(Path::new(&out).join(name), text).with_context(|| format!("writing {name}"))
    };
    write("preview1.rs", first)?;
    write("preview2.rs", second)?;
    write("list.rs", list.text())
}
