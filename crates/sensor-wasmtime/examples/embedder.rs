//! A small complete host: runs a WASI command, core module or component, prints what it asked of the host, and lets it
//! read and write nowhere but in the current directory.
//!
//!     cargo run -p wasmscope-sensor-wasmtime --example embedder -- app.wasm arguments…
//!
//! Events go to standard error as JSON lines when `EVENTS` is set.

use std::{env, io};
use wasmscope_sensor_wasmtime::{
    Class, Denial, Gate, Hooks, LinesSink, Mode, Observe, Rule, Sensor, p1, p2, run,
};
use wasmtime::{Config, Engine, Linker, Module, Result, Store, component, error::Context as _};
use wasmtime_wasi::{
    FsPerms, I32Exit, ResourceTable, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p1::WasiP1Ctx,
    p2::bindings::sync::Command,
};

struct Core {
    wasi: WasiP1Ctx,
    hooks: Hooks, // the first line
}

impl Observe for Core {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks // the second
    }
}

struct Part {
    wasi: WasiCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl Observe for Part {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

impl WasiView for Part {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

fn main() -> Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let path = args.first().context("usage: embedder MODULE [ARGUMENT]…")?;
    let gate = Gate::default()
        .rule(Rule::allow("here").class(Class::Files).path("/here"))
        .rule(Rule::deny("nowhere else", Denial::Access).class(Class::Files).path("/"))
        .rule(Rule::deny("no network", Denial::Access).class(Class::Sockets));
    let mut builder = Sensor::builder().gate(gate); // the third
    let mut writer = None;
    if env::var_os("EVENTS").is_some() {
        let (sink, thread) = LinesSink::start(io::stderr(), 1 << 16)?;
        builder = builder.modes(Mode::Events).sink(sink);
        writer = Some(thread);
    }
    let sensor = builder.build();

    let engine = Engine::new(&Config::new())?;
    let bytes = std::fs::read(path).with_context(|| path.clone())?;
    let mut wasi = WasiCtx::builder();
    wasi.inherit_stdio().args(&args).preopened_dir(".", "/here", FsPerms::ReadWrite)?;
    let outcome = match component::Component::new(&engine, &bytes) {
        Ok(component) => command(&engine, &component, &sensor, wasi),
        Err(_) => module(&engine, &Module::new(&engine, &bytes)?, &sensor, wasi),
    };

    eprintln!("{:>10} {:>8} {:>12}  function", "calls", "errors", "µs");
    for total in sensor.summary().functions {
        let micros = total.ns as f64 / 1000.0;
        eprintln!("{:>10} {:>8} {micros:>12.1}  {}", total.calls, total.errors, total.function.name);
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    match outcome {
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => std::process::exit(exit.0),
            None => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

fn module(engine: &Engine, module: &Module, sensor: &Sensor, mut wasi: WasiCtxBuilder) -> Result<()> {
    let mut linker = Linker::<Core>::new(engine);
    p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?; // the fourth: instead of wasmtime_wasi's
    let mut store = Store::new(engine, Core { wasi: wasi.build_p1(), hooks: sensor.instance("guest") });
    let instance = run(&mut store, "instantiate", |store| linker.instantiate(store, module))?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    run(&mut store, "_start", |store| start.call(store, ())) // the fifth: around what runs guests
}

fn command(
    engine: &Engine,
    component: &component::Component,
    sensor: &Sensor,
    mut wasi: WasiCtxBuilder,
) -> Result<()> {
    let mut linker = component::Linker::<Part>::new(engine);
    p2::add_to_linker_sync(&mut linker)?;
    let part = Part { wasi: wasi.build(), table: ResourceTable::new(), hooks: sensor.instance("guest") };
    let mut store = Store::new(engine, part);
    let command = run(&mut store, "instantiate", |store| Command::instantiate(store, component, &linker))?;
    run(&mut store, "run", |store| command.wasi_cli_run().call_run(store))?
        .map_err(|()| wasmtime::Error::new(I32Exit(1)))
}
