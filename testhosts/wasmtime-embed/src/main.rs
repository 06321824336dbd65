//! Embeds Wasmtime in a program that looks like nothing in particular, so that
//! tests can check what wasmscope recognises without the `wasmtime` CLI's marks.
//!
//! It ends when its guest ends, with the guest's status, or after `--seconds`.

use std::path::{Path, PathBuf};
use std::process::exit;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig, Store,
    Strategy,
};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

/// Runs WASI preview 1 commands inside this process, each on a thread of its own.
#[derive(Parser)]
struct Options {
    /// How guests are compiled; `pulley` interprets and maps nothing executable.
    #[arg(long, value_enum, default_value = "cranelift")]
    strategy: Compiler,
    /// Place instances in slots of one slab instead of mapping each memory by itself.
    #[arg(long)]
    pooling: bool,
    /// Precompile each guest to a temporary file and map its code from there.
    #[arg(long)]
    cwasm: bool,
    /// Load this many generated modules, all different, and keep them.
    #[arg(long, default_value_t = 0)]
    modules: u32,
    /// Instantiate each guest this many times; the first one runs, the others are kept.
    #[arg(long, default_value_t = 1)]
    instances: u32,
    /// Wait this many seconds before anything of Wasmtime is touched.
    #[arg(long, default_value_t = 0)]
    quiet_start: u64,
    /// Stay for exactly this many seconds after the start, whatever the guest does.
    #[arg(long)]
    seconds: Option<u64>,
    /// Directory the guests see as their current directory.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Run this guest too, on a thread of its own; may be given several times.
    #[arg(long)]
    beside: Vec<PathBuf>,
    /// The guest to run; without one the process just sleeps for `--seconds`.
    guest: Option<PathBuf>,
    /// Arguments of every guest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Compiler {
    Cranelift,
    Winch,
    Pulley,
}

fn main() -> Result<()> {
    let options = Options::parse();
    thread::sleep(Duration::from_secs(options.quiet_start));
    let engine = engine(&options)?;
    let scratch = tempfile::tempdir()?;
    let generated = (0..options.modules)
        .map(|number| generated_module(&engine, number))
        .collect::<Result<Vec<_>>>()
        .context("loading the generated modules")?;

    let deadline = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut status = 0;
    thread::scope(|scope| {
        let start = |number, guest: &Path| match run(&engine, &options, scratch.path(), number, guest) {
            Ok(status) => status,
            Err(error) => {
                eprintln!("{}: {error:#}", guest.display());
                134
            }
        };
        for (number, guest) in (1..).zip(&options.beside) {
            scope.spawn(move || start(number, guest));
        }
        if let Some(guest) = &options.guest {
            status = match deadline {
                // The guest cannot be asked to stop: it must not keep us from watching the time.
                Some(_) => {
                    scope.spawn(move || start(0, guest));
                    0
                }
                None => start(0, guest),
            };
        }
        thread::sleep(deadline.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now())));
        // Other guests may still run. `exit` skips destructors: remove the files first.
        let _ = std::fs::remove_dir_all(scratch.path());
        drop(generated);
        exit(status)
    })
}

fn engine(options: &Options) -> Result<Engine> {
    let mut config = Config::new();
    match options.strategy {
        Compiler::Cranelift => config.strategy(Strategy::Cranelift),
        Compiler::Winch => config.strategy(Strategy::Winch),
        Compiler::Pulley => config.target("pulley64")?,
    };
    if options.pooling {
        let mut pool = PoolingAllocationConfig::default();
        pool.max_memory_size(64 << 20);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    Ok(Engine::new(&config)?)
}

/// A small module unlike any other: its number is in its name, its code and its exports.
fn generated_module(engine: &Engine, number: u32) -> Result<Module> {
    let source = format!(
        "(module $generated_{number} (func $work_{number} (export \"work_{number}\") (result i32) \
         i32.const {number}))"
    );
    Ok(Module::new(engine, wat::parse_str(source)?)?)
}

fn load(engine: &Engine, options: &Options, scratch: &Path, number: usize, guest: &Path) -> Result<Module> {
    let bytes = wat::parse_file(guest)?;
    if !options.cwasm {
        return Ok(Module::new(engine, bytes)?);
    }
    let compiled = scratch.join(format!("{number}.cwasm"));
    std::fs::write(&compiled, engine.precompile_module(&bytes)?)?;
    // SAFETY: the file was written by this engine a moment ago, in a directory only we use.
    Ok(unsafe { Module::deserialize_file(engine, &compiled) }?)
}

/// Runs a guest to its end and gives its exit status.
fn run(engine: &Engine, options: &Options, scratch: &Path, number: usize, guest: &Path) -> Result<i32> {
    let module = load(engine, options, scratch, number, guest)?;
    let mut linker = Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |context: &mut WasiP1Ctx| context)?;

    let mut instances = Vec::new();
    for _ in 0..options.instances.max(1) {
        let mut store = Store::new(engine, wasi(options, guest)?);
        let instance = linker.instantiate(&mut store, &module)?;
        instances.push((store, instance));
    }
    let (store, instance) = &mut instances[0];
    let status = start(store, *instance);
    // The guest is done, its instances stay until the process ends.
    std::mem::forget(instances);
    status
}

/// Calls the command's entry point; a status given to `proc_exit` is an ordinary end.
fn start(store: &mut Store<WasiP1Ctx>, instance: Instance) -> Result<i32> {
    let entry = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
    match entry.call(store, ()) {
        Ok(()) => Ok(0),
        Err(error) => Ok(error.downcast::<I32Exit>()?.0),
    }
}

fn wasi(options: &Options, guest: &Path) -> Result<WasiP1Ctx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio().arg(guest.to_string_lossy()).args(&options.arguments);
    if let Some(dir) = &options.dir {
        wasi.preopened_dir(dir, ".", FsPerms::ReadWrite)?;
    }
    Ok(wasi.build_p1())
}
