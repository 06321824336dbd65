//! A collector for tests: takes what the official messages can read, and misbehaves on demand.

use flate2::read::GzDecoder;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
        metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
        trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    logs::v1::LogRecord,
    metrics::v1::Metric,
    trace::v1::Span,
};
use prost::Message;
use std::{
    convert::Infallible,
    future::Ready,
    io::Read as _,
    marker::PhantomData,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::oneshot,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tonic::{
    Status,
    body::Body,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, UnaryService},
};

/// What it does with a request.
#[derive(Debug, Clone, Default)]
pub(crate) enum Mode {
    /// Takes it.
    #[default]
    Take,
    /// Answers so, over HTTP.
    Http(u16, Option<&'static str>),
    /// Answers so, over gRPC.
    Grpc(Status),
    /// Takes it, but for so many items.
    Partial(i64),
    /// Never answers.
    Hang,
    /// Says that it took it, and something that is no answer.
    Page(&'static str),
    /// Writes these bytes as soon as somebody connects, and closes.
    Bytes(&'static [u8]),
}

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) mode: Mode,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) spans: Vec<Span>,
    pub(crate) headers: Vec<HeaderMap>,
    pub(crate) paths: Vec<String>,
    /// Requests, also those that were not taken.
    pub(crate) requests: usize,
}

/// A collector on a thread of its own; it ends when this is dropped.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Seen>>,
    _stop: oneshot::Sender<()>,
}

impl Collector {
    pub(crate) fn start(mode: Mode) -> Self {
        Self::start_with(mode, None, "127.0.0.1:0")
    }

    pub(crate) fn start_with(mode: Mode, tls: Option<ServerConfig>, address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen { mode, ..Seen::default() }));
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, tls.map(|tls| TlsAcceptor::from(Arc::new(tls))), shared) => {}
                }
            });
            runtime.shutdown_background();
        });
        Self { address, seen, _stop: stop }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn becomes(&self, mode: Mode) {
        self.seen().mode = mode;
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, seen: Arc<Mutex<Seen>>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let mode = seen.lock().unwrap().mode.clone();
        if let Mode::Bytes(bytes) = mode {
            seen.lock().unwrap().requests += 1;
            let _ = stream.write_all(bytes).await;
            continue;
        }
        let (seen, tls) = (Arc::clone(&seen), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, seen).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, seen).await;
                    }
                }
            }
        });
    }
}

/// Tells HTTP/2 from HTTP/1 by what comes first, as `hyper-util` does.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, seen: Arc<Mutex<Seen>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&seen)));
    let mut stream = tokio::io::BufReader::new(stream);
    let first = tokio::io::AsyncBufReadExt::fill_buf(&mut stream).await.unwrap_or_default();
    if first.starts_with(b"PRI") {
        let _ = conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    } else {
        let _ = conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn answer(request: Request<Incoming>, seen: Arc<Mutex<Seen>>) -> Result<Response<Body>, Infallible> {
    let mode = {
        let mut seen = seen.lock().unwrap();
        seen.requests += 1;
        seen.headers.push(request.headers().clone());
        seen.paths.push(request.uri().path().into());
        seen.mode.clone()
    };
    if matches!(mode, Mode::Hang) {
        std::future::pending::<()>().await;
    }
    let grpc = request.headers().get("content-type").is_some_and(|kind| kind == "application/grpc");
    let path = request.uri().path().to_owned();
    Ok(match (grpc, &path[path.rfind('.').unwrap_or(0)..]) {
        (true, ".LogsService/Export") => unary::<ExportLogsServiceRequest>(request, mode, seen).await,
        (true, ".MetricsService/Export") => unary::<ExportMetricsServiceRequest>(request, mode, seen).await,
        (true, ".TraceService/Export") => unary::<ExportTraceServiceRequest>(request, mode, seen).await,
        (true, _) => Status::unimplemented(path).into_http(),
        (false, _) => posted(request, mode, seen).await,
    })
}

async fn posted(request: Request<Incoming>, mode: Mode, seen: Arc<Mutex<Seen>>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = match head.headers.get("content-encoding") {
        None => body.to_vec(),
        Some(_) => {
            let mut plain = vec![];
            GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            plain
        }
    };
    let reply = |status: StatusCode, body: Vec<u8>| {
        let body = Body::new(Full::new(body.into()));
        Response::builder()
            .status(status)
            .header("content-type", "application/x-protobuf")
            .body(body)
            .unwrap()
    };
    match mode {
        Mode::Http(status, after) => {
            // `google.rpc.Status` with a message that would clear a terminal.
            let mut response =
                reply(StatusCode::from_u16(status).unwrap(), b"\x08\x03\x12\x06no\x1b[2J".to_vec());
            if let Some(after) = after {
                response.headers_mut().insert("retry-after", after.parse().unwrap());
            }
            return response;
        }
        Mode::Page(page) => return reply(StatusCode::OK, page.into()),
        _ => {}
    }
    let rejected = if let Mode::Partial(rejected) = mode { rejected } else { 0 };
    match head.uri.path() {
        "/v1/logs" => reply(StatusCode::OK, take::<ExportLogsServiceRequest>(&body, &seen, rejected)),
        "/v1/metrics" => reply(StatusCode::OK, take::<ExportMetricsServiceRequest>(&body, &seen, rejected)),
        "/v1/traces" => reply(StatusCode::OK, take::<ExportTraceServiceRequest>(&body, &seen, rejected)),
        _ => reply(StatusCode::NOT_FOUND, vec![]),
    }
}

fn take<R: Taken>(body: &[u8], seen: &Mutex<Seen>, rejected: i64) -> Vec<u8> {
    R::decode(body)
        .expect("it is read by the official message")
        .take(&mut seen.lock().unwrap(), rejected)
        .encode_to_vec()
}

/// A request of OTLP.
pub(crate) trait Taken: Message + Default + Send + 'static {
    type Reply: Message + Default + Send + 'static;

    fn take(self, seen: &mut Seen, rejected: i64) -> Self::Reply;
}

impl Taken for ExportLogsServiceRequest {
    type Reply = ExportLogsServiceResponse;

    fn take(self, seen: &mut Seen, rejected: i64) -> ExportLogsServiceResponse {
        let scopes = self.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        seen.logs.extend(scopes.flat_map(|scope| scope.log_records));
        let partial =
            ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: "some\x1b[2J".into() };
        ExportLogsServiceResponse { partial_success: (rejected != 0).then_some(partial) }
    }
}

impl Taken for ExportMetricsServiceRequest {
    type Reply = ExportMetricsServiceResponse;

    fn take(self, seen: &mut Seen, _: i64) -> ExportMetricsServiceResponse {
        let scopes = self.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        seen.metrics.extend(scopes.flat_map(|scope| scope.metrics));
        ExportMetricsServiceResponse::default()
    }
}

impl Taken for ExportTraceServiceRequest {
    type Reply = ExportTraceServiceResponse;

    fn take(self, seen: &mut Seen, _: i64) -> ExportTraceServiceResponse {
        let scopes = self.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        seen.spans.extend(scopes.flat_map(|scope| scope.spans));
        ExportTraceServiceResponse::default()
    }
}

/// One method of gRPC, framed and compressed by tonic.
async fn unary<R: Taken>(request: Request<Incoming>, mode: Mode, seen: Arc<Mutex<Seen>>) -> Response<Body> {
    let mut grpc = Grpc::new(Messages::<R>(PhantomData)).accept_compressed(CompressionEncoding::Gzip);
    grpc.unary(Method(mode, seen), request).await
}

struct Method(Mode, Arc<Mutex<Seen>>);

impl<R: Taken> UnaryService<R> for Method {
    type Response = R::Reply;
    type Future = Ready<Result<tonic::Response<R::Reply>, Status>>;

    fn call(&mut self, request: tonic::Request<R>) -> Self::Future {
        let rejected = match &self.0 {
            Mode::Grpc(status) => return std::future::ready(Err(status.clone())),
            Mode::Partial(rejected) => *rejected,
            _ => 0,
        };
        let reply = request.into_inner().take(&mut self.1.lock().unwrap(), rejected);
        std::future::ready(Ok(tonic::Response::new(reply)))
    }
}

struct Messages<R>(PhantomData<R>);

impl<R: Taken> Codec for Messages<R> {
    type Encode = R::Reply;
    type Decode = R;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(PhantomData)
    }

    fn decoder(&mut self) -> Self {
        Self(PhantomData)
    }
}

impl<R: Taken> Encoder for Messages<R> {
    type Item = R::Reply;
    type Error = Status;

    fn encode(&mut self, reply: R::Reply, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        reply.encode(out).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<R: Taken> Decoder for Messages<R> {
    type Item = R;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<R>, Status> {
        Ok(Some(R::decode(from).expect("it is read by the official message")))
    }
}

/// Longest wait for something that happens.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Whether it happens in time.
pub(crate) fn wait_until(mut happened: impl FnMut() -> bool) -> bool {
    let until = std::time::Instant::now() + LONG;
    while !happened() {
        if std::time::Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}
