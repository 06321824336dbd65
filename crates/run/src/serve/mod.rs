//! `serve`: a `wasi:http` proxy, a new instance for each request, as `wasmtime serve` has it for preview 2.

mod prefixed;
mod request;

use crate::{
    End, Options, Outcome, Serve, SetupError, command,
    guard::{Guard, Rules},
    host::Host,
    load::Code,
    profile::{Samples, Ticker},
    wasi,
    watch::Watching,
};
use hyper::{server::conn::http1, service::service_fn};
use request::Server;
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::{
    net::TcpSocket,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
};
use wasmtime::{Engine, Result, bail, component::Linker};
use wasmtime_wasi_http::{io::TokioIo, p2::bindings::ProxyPre};

/// How often a guest is asked whether its time is over.
const PERIOD: Duration = Duration::from_millis(50);

/// So long requests that run are waited for, after a signal to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// What happens while it serves.
#[derive(Debug)]
pub enum Told<'a> {
    /// It listens here.
    Ready(SocketAddr),
    /// A request or a connection failed; others go on.
    Failed(&'a dyn std::fmt::Debug),
}

/// Serves until SIGINT or SIGTERM, and says what happens by `tell`.
///
/// # Errors
///
/// As [`run`](crate::run).
pub fn serve(
    mut options: Options,
    serve: Serve,
    tell: impl Fn(Told<'_>) + Send + Sync + 'static,
) -> std::result::Result<Outcome, SetupError> {
    let began = Instant::now();
    let rules = Rules::read(options.watch.policy.as_deref())?;
    let failed = |error| Ok(Outcome { end: End::Failed(error), report: None, unwritten: Vec::new() });
    let runtime = command::runtime()?;
    // The allocator that Wasmtime made for servers, where there are enough addresses for it.
    let (engine, source, code) = match command::load(&mut options, pooling()) {
        Ok(loaded) => loaded,
        Err(error) => return failed(command::of_us(error)?),
    };
    let guard = rules.judge(&options, &source)?;
    drop(source);
    let watching = Watching::begin(&options, &guard, began)?;
    let title = command::title(&options);
    let profiled = options.watch.profile.is_some();
    let server = match server(&engine, code, options, serve, guard, &watching) {
        Ok(server) => Arc::new(server),
        Err(error) => return failed(error),
    };
    let result = runtime.block_on(listen(&engine, &server, Arc::new(tell)));
    let samples = std::mem::take(&mut *server.samples());
    drop(server);
    runtime.shutdown_background();
    let (report, unwritten) = watching.end(profiled.then_some(samples), &title);
    Ok(Outcome { end: End::of(result, false), report, unwritten })
}

fn server(
    engine: &Engine,
    code: Code,
    options: Options,
    serve: Serve,
    guard: Guard,
    watching: &Watching,
) -> Result<Server> {
    let Code::Component(component) = code else {
        bail!("The serve command currently requires a component");
    };
    if options.wasmtime.wasi.http == Some(false) {
        bail!("wasi-http is required for the serve command, and must not be disabled");
    }
    let mut linker = Linker::<Host>::new(engine);
    wasi::link_component(&mut linker, &options, true)?;
    Ok(Server {
        pre: ProxyPre::new(linker.instantiate_pre(&component)?)?,
        requests: Semaphore::new(serve.max_concurrent_requests),
        options,
        serve,
        guard,
        sensor: watching.sensor.clone(),
        instances: AtomicU64::new(0),
        samples: std::sync::Mutex::new(Samples::default()),
    })
}

async fn listen(
    engine: &Engine,
    server: &Arc<Server>,
    tell: Arc<impl Fn(Told<'_>) + Send + Sync + 'static>,
) -> Result<()> {
    let socket = match server.serve.addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // An address that the server before had can be had again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(server.serve.addr)?;
    let listener = socket.listen(100)?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tell(Told::Ready(listener.local_addr()?));

    let period = match (&server.options.watch.profile, server.options.wasmtime.wasm.timeout) {
        (Some(_), _) => Some(Ticker::sampling(engine.clone())?),
        (None, Some(timeout)) => Some(Ticker::start(engine.clone(), timeout.min(PERIOD))?),
        (None, None) => None,
    };
    let most = u32::try_from(server.serve.max_concurrent_connections).unwrap_or(u32::MAX);
    let connections = Arc::new(Semaphore::new(most as usize));
    loop {
        let accepted = async {
            let permit = Arc::clone(&connections).acquire_owned().await?;
            Ok::<_, wasmtime::Error>((permit, listener.accept().await?.0))
        };
        let (permit, stream) = tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            accepted = accepted => accepted?,
        };
        stream.set_nodelay(true)?;
        let (server, tell) = (Arc::clone(server), Arc::clone(&tell));
        tokio::spawn(async move {
            let service = service_fn(|request| request::answer(&server, request, &*tell));
            let served =
                http1::Builder::new().keep_alive(true).serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                tell(Told::Failed(&error));
            }
            drop(permit);
        });
    }
    drop(listener);
    // Whoever is still served may be, for a while; all permits are back when nobody is.
    server.requests.close();
    _ = tokio::time::timeout(FAREWELL, connections.acquire_many(most)).await;
    drop(period);
    Ok(())
}

/// Whether a slab of addresses for a thousand memories can be had, found out as `wasmtime serve` does: by a memory that
/// reserves as much.
fn pooling() -> Option<bool> {
    const BITS: u32 = 42;
    let mut config = wasmtime::Config::new();
    config.wasm_memory64(true).memory_reservation(1 << BITS);
    let engine = Engine::new(&config).ok()?;
    let mut store = wasmtime::Store::new(&engine, ());
    let ty = wasmtime::MemoryType::new64(0, Some(1 << (BITS - 16)));
    wasmtime::Memory::new(&mut store, ty).is_ok().then_some(true)
}
