//! Embeds wasmi in a stripped program that looks like nothing in particular:
//!
//!     plugin GUEST [ARGUMENT...]
//!
//! An interpreter leaves no code and no telling mappings behind, so this is the hardest
//! runtime to recognise from outside.

use std::process::exit;

use anyhow::{Context, Result};
use wasmi::{Engine, Instance, Module, Store};
use wasmi_wasi::WasiCtxBuilder;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let guest = arguments.first().context("usage: plugin GUEST [ARGUMENT...]")?;
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_file(guest)?[..])?;
    let wasi = WasiCtxBuilder::new().inherit_stdio().args(&arguments)?.build();
    let mut store = Store::new(&engine, wasi);
    let mut imports = Vec::new();
    wasmi_wasi::add_to_externals(&mut store, &module, &mut imports, |wasi| wasi)?;
    let instance = Instance::new(&mut store, &module, &imports)?;
    let entry = instance.get_typed_func::<(), ()>(&store, "_start")?;
    match entry.call(&mut store, ()) {
        Ok(()) => Ok(()),
        Err(error) => match error.i32_exit_status() {
            Some(status) => exit(status),
            None => Err(error.into()),
        },
    }
}
