//! One request, one instance.

use super::{
    Told,
    prefixed::{Prefixed, Stream},
};
use crate::{
    Options, Serve,
    guard::Guard,
    host::{Bodies, Host},
    profile::{Samples, sample},
    wasi,
};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming};
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, oneshot};
use wasmscope_sensor_wasmtime::{Sensor, run_async};
use wasmtime::{Result, Store, Trap, bail, error::Context as _};
use wasmtime_wasi_http::{
    WasiHttpView as _,
    p2::{
        bindings::{ProxyPre, http::types::Scheme},
        body::HyperOutgoingBody,
    },
};

/// What `wasmtime serve` answers when a guest fails.
const FAILED: &str =
    "<!doctype html>\n<title>500 Internal Server Error</title>\n<h1>500 Internal Server Error</h1>\n";

/// What all requests share.
pub(super) struct Server {
    pub(super) pre: ProxyPre<Host>,
    pub(super) requests: Semaphore,
    pub(super) options: Options,
    pub(super) serve: Serve,
    pub(super) guard: Guard,
    pub(super) sensor: Sensor,
    pub(super) instances: AtomicU64,
    pub(super) samples: Mutex<Samples>,
}

/// Answers a request; with 500 if the guest does not.
pub(super) async fn answer(
    server: &Arc<Server>,
    request: Request<Incoming>,
    tell: &(impl Fn(Told<'_>) + Send + Sync),
) -> std::result::Result<Response<HyperOutgoingBody>, Infallible> {
    let failed = match server.answer(request).await {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    tell(Told::Failed(&failed));
    let body = Full::new(FAILED.into()).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let html = http::HeaderValue::from_static("text/html; charset=UTF-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, html);
    Ok(response)
}

impl Server {
    pub(super) fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Result<Response<HyperOutgoingBody>> {
        let _permit = self.requests.acquire().await.context("the server ends")?;
        let mut store = self.store()?;
        let (sender, receiver) = oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let response = store.data_mut().http().new_response_outparam(sender)?;
        let server = Arc::clone(self);
        // The guest may go on when it has answered: its body is still to come.
        let guest = tokio::spawn(async move {
            let handled = async {
                let proxy = run_async(&mut store, "instantiate", async |store| {
                    server.pre.instantiate_async(store).await
                })
                .await?;
                run_async(&mut store, "wasi:http/incoming-handler", async |store| {
                    proxy.wasi_http_incoming_handler().call_handle(store, request, response).await
                })
                .await
            };
            let timeout = server.options.wasmtime.wasm.timeout.unwrap_or(Duration::MAX);
            let result =
                tokio::time::timeout(timeout, handled).await.unwrap_or_else(|_| Err(Trap::Interrupt.into()));
            let samples = std::mem::take(&mut store.data_mut().samples);
            server.samples().add(samples);
            result
        });
        match receiver.await {
            Ok(response) => Ok(response?),
            // The sender went with the store: the guest has ended.
            Err(_) => match guest.await.context("the host panicked")? {
                Ok(()) => bail!("guest never invoked `response-outparam::set` method"),
                Err(error) => Err(error.context("guest never invoked `response-outparam::set` method")),
            },
        }
    }

    fn store(&self) -> Result<Store<Host>> {
        let instance = self.instances.fetch_add(1, Relaxed);
        let mut context = wasi::context(&self.options, &self.guard)?;
        context.env("INSTANCE_ID", instance.to_string());
        context.stdout(Prefixed::new(Stream::Out, instance, !self.serve.no_logging_prefix));
        context.stderr(Prefixed::new(Stream::Err, instance, !self.serve.no_logging_prefix));
        let hooks = self.sensor.instance(&crate::command::title(&self.options));
        let host = Host {
            limiter: hooks.limiter(wasi::limits(&self.options)),
            wasi: context.build_p1(),
            http: wasi::http_context(&self.options),
            bodies: Bodies::new(&self.options.wasmtime),
            samples: Samples::default(),
            results: None,
            hooks,
        };
        let mut store = Store::new(self.pre.engine(), host);
        wasi::bound(&mut store, &self.options)?;
        let timeout = self.options.wasmtime.wasm.timeout;
        if self.options.watch.profile.is_some() {
            sample(&mut store, timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
        } else if timeout.is_some() {
            // It gives way at each tick, so that the deadline can end it.
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
        }
        Ok(store)
    }
}
