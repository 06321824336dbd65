//! A small host, and guests from text.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::num::NonZero;
use wasmscope_sensor_wasmtime::{CallEvent, Event, EventKind, Hooks, Limiter, Observe, Sensor, p1, run};
use wasmtime::{
    Config, Engine, Instance, Linker, Module, Result, Store, StoreLimits, component::ResourceTable,
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p1::WasiP1Ctx};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Data of a store with a core module.
pub(crate) struct Core {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) limiter: Limiter<StoreLimits>,
    pub(crate) hooks: Hooks,
}

impl Observe for Core {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

/// Sends nothing.
pub(crate) struct Offline;

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Offline {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// Data of a store with a component.
pub(crate) struct Part {
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) network: Offline,
    pub(crate) table: ResourceTable,
    pub(crate) hooks: Hooks,
}

impl Part {
    pub(crate) fn new(hooks: Hooks) -> Self {
        let (wasi, http) = (WasiCtx::builder().build(), WasiHttpCtx::new());
        Self { wasi, http, network: Offline, table: ResourceTable::new(), hooks }
    }
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

impl WasiHttpView for Part {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.network }
    }
}

/// Compiles fast, so that a guest for each function costs little.
pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    config.cranelift_opt_level(wasmtime::OptLevel::None);
    config.wasm_backtrace_max_frames(NonZero::new(1000));
    Engine::new(&config).unwrap()
}

/// A store with a guest of preview 1 in it.
pub(crate) fn core(
    sensor: &Sensor,
    wat: &str,
    configure: impl FnOnce(&mut WasiCtxBuilder),
) -> Result<(Store<Core>, Instance)> {
    limited(sensor, wat, StoreLimits::default(), configure)
}

/// As [`core`], with limits.
pub(crate) fn limited(
    sensor: &Sensor,
    wat: &str,
    limits: StoreLimits,
    configure: impl FnOnce(&mut WasiCtxBuilder),
) -> Result<(Store<Core>, Instance)> {
    let engine = engine();
    let module = Module::new(&engine, wat)?;
    let mut linker = Linker::<Core>::new(&engine);
    p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?;
    let mut builder = WasiCtx::builder();
    configure(&mut builder);
    let hooks = sensor.instance("guest");
    let limiter = hooks.limiter(limits);
    let mut store = Store::new(&engine, Core { wasi: builder.build_p1(), limiter, hooks });
    store.limiter(|core| &mut core.limiter);
    let instance = run(&mut store, "instantiate", |store| linker.instantiate(store, &module))?;
    Ok((store, instance))
}

/// The calls among events.
pub(crate) fn calls(events: impl IntoIterator<Item = Event>) -> Vec<CallEvent> {
    events
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Call(call) => Some(call),
            _ => None,
        })
        .collect()
}
