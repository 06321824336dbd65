//! Command components: `wasi:cli/run`.

use crate::{Options, host::Host, invoke, wasi};
use wasmscope_sensor_wasmtime::run_async;
use wasmtime::{
    Engine, Result, Store, bail,
    component::{Component, Linker},
    error::Context as _,
};
use wasmtime_wasi::{I32Exit, p2::bindings::Command};

/// What a component may import, by its options.
pub(crate) fn link(engine: &Engine, component: &Component, options: &Options) -> Result<Linker<Host>> {
    let wasm = &options.wasmtime.wasm;
    if wasm.unknown_exports_allow.is_some() {
        bail!("--allow-unknown-exports not supported with components");
    }
    if !options.preloads.is_empty() {
        bail!("--preload cannot be used with components");
    }
    let mut linker = Linker::new(engine);
    wasi::link_component(&mut linker, options, options.wasmtime.wasi.http == Some(true))?;
    if wasm.unknown_imports_trap == Some(true) {
        linker.define_unknown_imports_as_traps(component)?;
    }
    Ok(linker)
}

/// Runs the command, or what `--invoke` names.
pub(crate) async fn run(
    linker: &Linker<Host>,
    component: &Component,
    options: &Options,
    store: &mut Store<Host>,
) -> Result<()> {
    if options.wasmtime.wasm.unknown_imports_default == Some(true) {
        bail!("cannot use `--default-values-unknown-imports` with components");
    }
    if let Some(call) = &options.invoke {
        return invoke::component(store, component, linker, call).await;
    }
    let instance =
        run_async(store, "instantiate", async |store| linker.instantiate_async(store, component).await)
            .await?;
    let command = Command::new(&mut *store, &instance)?;
    let returned =
        run_async(store, "wasi:cli/run", async |store| command.wasi_cli_run().call_run(store).await)
            .await
            .context("failed to invoke `run` function")?;
    // A command that fails without a status is one that exited with 1.
    returned.map_err(|()| I32Exit(1).into())
}
