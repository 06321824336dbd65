//! `run`: from options to outcome.

use crate::{
    End, Options, Outcome, SetupError, component,
    guard::{Guard, Rules},
    host::{Bodies, Host},
    instrument::{NotInstrumented, reading},
    invoke,
    load::{Code, Source},
    profile::{Samples, Ticker, sample},
    wasi,
    watch::Watching,
};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use wasmscope_instrument::results::EXPORTS;
use wasmscope_sensor_wasmtime::{Sensor, run_async};
use wasmtime::{Engine, Linker, Module, Result, Store, Trap, bail, error::Context as _, format_err};

/// Runs a module or a command component to its end.
///
/// # Errors
///
/// When what is to be watched cannot be, or the policy refuses the module: then nothing was run. What `wasmtime run` reports
/// as an error is the [`End`] of the outcome.
pub fn run(mut options: Options) -> std::result::Result<Outcome, SetupError> {
    let began = Instant::now();
    let rules = Rules::read(options.watch.policy.as_deref())?;
    let failed = |error| Ok(Outcome { end: End::Failed(error), report: None, unwritten: Vec::new() });
    let runtime = runtime()?;
    let (engine, source, code) = match load(&mut options, None) {
        Ok(loaded) => loaded,
        Err(error) => return failed(of_us(error)?),
    };
    let guard = rules.judge(&options, &source)?;
    drop(source);
    let watching = Watching::begin(&options, &guard, began)?;
    let mut store = match new_store(&engine, &options, &guard, &watching.sensor) {
        Ok(store) => store,
        Err(error) => return failed(error),
    };
    let wasi = wasi::cli(&options) != Some(false);
    let result = runtime.block_on(async { timed(&engine, &code, &options, &mut store).await });
    let samples = std::mem::take(&mut store.data_mut().samples);
    let counted = store.data().results.and_then(|memory| reading(&store, memory));
    drop(store);
    // A thread that still waits for standard input is nobody's concern any more.
    runtime.shutdown_background();
    let (mut report, unwritten) =
        watching.end(options.watch.profile.is_some().then_some(samples), &title(&options));
    if let Some(report) = &mut report {
        report.counted = counted;
    }
    Ok(Outcome { end: End::of(result, wasi), report, unwritten })
}

/// An error of loading, unless it is about what we were to put into the module.
pub(crate) fn of_us(error: wasmtime::Error) -> std::result::Result<wasmtime::Error, SetupError> {
    match error.downcast::<NotInstrumented>() {
        Ok(NotInstrumented { module, reason }) => Err(SetupError::NotInstrumented { module, reason }),
        Err(error) => Ok(error),
    }
}

/// Over a flame graph.
pub(crate) fn title(options: &Options) -> String {
    Path::new(&options.module).file_name().unwrap_or(&options.module).to_string_lossy().into_owned()
}

/// As `wasmtime run` has it: hosts of guests that wait need timers and sockets.
pub(crate) fn runtime() -> std::result::Result<Runtime, SetupError> {
    tokio::runtime::Builder::new_multi_thread().enable_time().enable_io().build().map_err(SetupError::Start)
}

/// The engine, and the code for it.
pub(crate) fn load(options: &mut Options, pooling: Option<bool>) -> Result<(Engine, Source, Code)> {
    let mut config = options.wasmtime.config(pooling)?;
    if options.wasmtime.wasm.timeout.is_some() || options.watch.profile.is_some() {
        config.epoch_interruption(true);
    }
    let engine = Engine::new(&config)?;
    wasi::check(options)?;
    let source = Source::read(options.module.as_ref())?;
    let source = source.instrumented(options)?;
    let code = source.compile(&engine, options)?;
    Ok((engine, source, code))
}

fn new_store(engine: &Engine, options: &Options, guard: &Guard, sensor: &Sensor) -> Result<Store<Host>> {
    let hooks = sensor.instance(&title(options));
    let host = Host {
        limiter: hooks.limiter(wasi::limits(options)),
        wasi: wasi::command_context(options, guard)?,
        http: wasi::http_context(options),
        bodies: Bodies::new(&options.wasmtime),
        samples: Samples::default(),
        results: None,
        hooks,
    };
    let mut store = Store::new(engine, host);
    wasi::bound(&mut store, options)?;
    Ok(store)
}

/// Runs it, for as long as `-W timeout` allows.
async fn timed(engine: &Engine, code: &Code, options: &Options, store: &mut Store<Host>) -> Result<()> {
    let timeout = options.wasmtime.wasm.timeout;
    let running = async {
        match code {
            Code::Core(module) => core(engine, module, options, store).await,
            Code::Component(code) => {
                let linker = component::link(engine, code, options)?;
                let _ticker = watch_epoch(engine, options, store)?;
                component::run(&linker, code, options, store).await.with_context(|| main_module(options))
            }
        }
    };
    match tokio::time::timeout(timeout.unwrap_or(Duration::MAX), running).await {
        Ok(result) => result,
        Err(elapsed) => {
            Err(wasmtime::Error::from(Trap::Interrupt)).with_context(|| format!("timed out after {elapsed}"))
        }
    }
}

fn main_module(options: &Options) -> String {
    format!("failed to run main module `{}`", options.module.to_string_lossy())
}

async fn core(engine: &Engine, module: &Module, options: &Options, store: &mut Store<Host>) -> Result<()> {
    let mut linker = Linker::new(engine);
    if let Some(allowed) = options.wasmtime.wasm.unknown_exports_allow {
        linker.allow_unknown_exports(allowed);
    }
    wasi::link_core(&mut linker, module, options)?;
    for (name, path) in &options.preloads {
        let Code::Core(preload) = Source::read(path)?.compile(engine, options)? else {
            bail!("components cannot be loaded with `--preload`");
        };
        run_async(store, name, async |store| linker.module_async(store, name, &preload).await.map(|_| ()))
            .await
            .with_context(|| format!("failed to process preload `{}` at `{}`", name, path.display()))?;
    }
    let main = async {
        if options.wasmtime.wasm.unknown_imports_trap == Some(true) {
            linker.define_unknown_imports_as_traps(module)?;
        }
        if options.wasmtime.wasm.unknown_imports_default == Some(true) {
            linker.define_unknown_imports_as_default_values(&mut *store, module)?;
        }
        let _ticker = watch_epoch(engine, options, store)?;
        start(&linker, module, options, store).await
    };
    main.await.with_context(|| main_module(options))
}

/// Instantiates a module, and calls what it begins with.
async fn start(
    linker: &Linker<Host>,
    module: &Module,
    options: &Options,
    store: &mut Store<Host>,
) -> Result<()> {
    let instance =
        run_async(store, "instantiate", async |store| linker.instantiate_async(store, module).await)
            .await
            .with_context(|| format!("failed to instantiate {:?}", options.module))?;
    if options.watch.instrument.is_some() {
        store.data_mut().results = instance.get_memory(&mut *store, EXPORTS[2]);
    }
    if let Some(initialize) = instance.get_func(&mut *store, "_initialize") {
        let initialize = initialize.typed::<(), ()>(&store)?;
        run_async(store, "_initialize", async |store| initialize.call_async(store, ()).await).await?;
    }
    let (name, function) = match &options.invoke {
        Some(name) => {
            let function = instance.get_func(&mut *store, name);
            (name.as_str(), Some(function.ok_or_else(|| format_err!("no func export named `{name}` found"))?))
        }
        None => match instance.get_func(&mut *store, "") {
            Some(function) => ("", Some(function)),
            None => ("_start", instance.get_func(&mut *store, "_start")),
        },
    };
    match function {
        Some(function) => invoke::core(store, options, name, function).await,
        None => Ok(()),
    }
}

/// Ends the guest by the epoch when its time is over, or samples it as long as what is returned is there.
fn watch_epoch(engine: &Engine, options: &Options, store: &mut Store<Host>) -> Result<Option<Ticker>> {
    let timeout = options.wasmtime.wasm.timeout;
    if options.watch.profile.is_some() {
        sample(store, timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
        return Ok(Some(Ticker::sampling(engine.clone())?));
    }
    if let Some(timeout) = timeout {
        store.set_epoch_deadline(1);
        let engine = engine.clone();
        thread::spawn(move || {
            thread::sleep(timeout);
            engine.increment_epoch();
        });
    }
    Ok(None)
}
