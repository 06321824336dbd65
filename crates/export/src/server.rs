//! The HTTP server: one thread, bounded in everything a client can take from it.

use crate::{
    negotiate::Format,
    scrape::{Scraper, Source},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Semaphore, oneshot},
    time::{sleep, timeout},
};

/// Connections served at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 32;
/// For a client to send the head of its request.
const HEAD: Duration = Duration::from_secs(5);
/// For everything about one connection, which carries one request: sending it, waiting for the page, and
/// taking it. So a client that does not read holds its place for no longer than this.
const CONNECTION: Duration = Duration::from_secs(20);
/// Headers in a request, and bytes of its head.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 16 * 1024;
/// For requests that are being answered when the server is dropped.
const GRACE: Duration = Duration::from_secs(1);

/// The metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("cannot serve metrics on {address}: the port is in use; choose another with --metrics")]
    InUse {
        /// Where.
        address: SocketAddr,
    },
    /// No right to, or no such address on this host.
    #[error("cannot serve metrics on {address}; choose another address with --metrics")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the kernel says.
        source: io::Error,
    },
    /// No thread or no event queue.
    #[error("cannot start the metrics server")]
    Start(#[source] io::Error),
}

/// An address that is ours, where nobody answers yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// Takes the address, so that a program learns that it cannot have it before it starts anything else.
///
/// Clients that connect now wait until [`Listener::serve`].
///
/// # Errors
/// The port is in use, or the address cannot be listened on.
pub fn bind(address: SocketAddr) -> Result<Listener, ServeError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse { address },
        _ => ServeError::Bind { address, source },
    };
    let socket = TcpListener::bind(address).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok(Listener { socket, address })
}

/// [`bind`], then [`Listener::serve`].
///
/// # Errors
/// As for these.
pub fn serve(address: SocketAddr, source: Arc<dyn Source>) -> Result<Server, ServeError> {
    bind(address)?.serve(source)
}

impl Listener {
    /// Where it listens, with the port that the kernel chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on, on a thread of its own.
    ///
    /// # Errors
    /// The host has no thread or file descriptor left.
    pub fn serve(self, source: Arc<dyn Source>) -> Result<Server, ServeError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(1)
            .build()
            .map_err(ServeError::Start)?;
        let socket = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(self.socket).map_err(ServeError::Start)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("metrics".into())
            .spawn(move || run(runtime, &socket, stopped, router(source)))
            .map_err(ServeError::Start)?;
        Ok(Server { address: self.address, stop: Some(stop), thread: Some(thread) })
    }
}

/// A running server; dropping it lets requests that are being answered end, for a second at most.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Where it listens, with the port that the kernel chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(runtime: Runtime, socket: &tokio::net::TcpListener, stopped: oneshot::Receiver<()>, router: Router) {
    runtime.block_on(async {
        let connections = GracefulShutdown::new();
        tokio::select! {
            _ = stopped => {}
            () = accept(socket, &connections, &router) => {}
        }
        let _ = timeout(GRACE, connections.shutdown()).await;
    });
    // A source that does not return must not keep the agent from ending.
    runtime.shutdown_background();
}

async fn accept(socket: &tokio::net::TcpListener, connections: &GracefulShutdown, router: &Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES);
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = socket.accept().await else {
            // Out of file descriptors, most likely: trying again at once would only burn CPU.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // How a connection ends is the client's business.
            let _ = timeout(CONNECTION, connection).await;
            drop(place);
        });
    }
}

fn router(source: Arc<dyn Source>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/healthz", get(|| async { ([(header::CACHE_CONTROL, "no-store")], "ok\n") }))
        .route("/metrics", get(metrics))
        .with_state(Scraper::new(source))
}

async fn root() -> Response {
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><title>wasmscope</title>\n\
                <h1>wasmscope</h1>\n<p><a href=\"/metrics\">Metrics</a></p></html>\n";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

async fn metrics(State(scraper): State<Arc<Scraper>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::preferred(accept.unwrap_or_default());
    let mut response = match scraper.page().await {
        Ok(page) => ([(header::CONTENT_TYPE, format.content_type())], page.body(format)).into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
