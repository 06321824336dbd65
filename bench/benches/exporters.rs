//! What it costs to tell: a scrape of `/metrics` with 1,000 workloads, and 10,000 events a second to an OpenTelemetry collector.

use anyhow::{Context as _, Result, ensure};
use http_body_util::BodyExt as _;
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming},
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    ffi::OsString,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row},
    sized,
};
use wasmscope_detect::samples;
use wasmscope_export::{
    ByName, Direction, IoKind, IoUsage, Snapshot, Source, WorkloadUsage, listen_address, serve,
};
use wasmscope_model::{BootId, Event, Pid, ProcessKey, Sha256, WorkloadId};
use wasmscope_otlp::{Config, Exporter, Flags};

/// What ordinary workloads do, more or less, as in the bench of the rules.
const ORDINARY: &str = r#"{"event.name": "workload.file.opened", "file.path": "/srv/data/input-{n}.txt", "file.path.requested": "input-{n}.txt", "file.beneath": true, "file.open.confined": true, "file.open.flags": ["read"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "__wasilibc_open_nomode", "main", "_start"], "sample.repeat": 60}
{"event.name": "workload.file.created", "file.path": "/srv/data/output-{n}.txt", "file.path.requested": "output-{n}.txt", "file.beneath": true, "file.open.confined": true, "file.open.flags": ["write", "create"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "main"], "sample.repeat": 15}
{"event.name": "workload.network.connected", "network.transport": "tcp", "network.peer.address": "10.1.2.3", "network.peer.port": 443, "syscall.name": "connect", "error.type": "EINPROGRESS", "wasm.stack": ["connect", "main"], "sample.repeat": 15}
{"event.name": "workload.network.accepted", "network.transport": "tcp", "network.peer.address": "10.1.2.4", "network.peer.port": 50123, "syscall.name": "accept4", "sample.repeat": 10}
"#;

/// A host call, as hooks tell it: a log record and a span.
const CALLS: &str = r#"{"event.name": "boundary.call", "wasm.instance.id": 1, "wasm.instance.name": "plugin", "thread.id": 7, "wasi.call.interface": "wasi:filesystem/types", "wasi.call.name": "open-at", "wasi.call.class": "files", "wasi.call.arguments": {"path": "input-{n}.txt", "flags": ["read"]}, "wasi.call.outcome": "ok", "wasi.call.duration_ns": 2500, "sample.repeat": 100}
"#;

const EVENTS_A_SECOND: u32 = 10_000;
/// Events that come at once: as the agent's reader wakes.
const BURST: u32 = 20;

fn main() -> ExitCode {
    bench_without_root("exporters", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    for (what, calls, others) in [("usual", 20, 2), ("everything at its bound", 400, 50)] {
        scrapes(report, what, fleet(1000, calls, others))?;
    }
    for protocol in ["grpc", "http/protobuf"] {
        let name = format!("one core, 10,000 events a second by {protocol}");
        load(report, &name, protocol, "none", ORDINARY)?;
    }
    load(report, "one core, the same, gzip", "grpc", "gzip", ORDINARY)?;
    load(report, "one core, 10,000 host calls a second, each also a span", "grpc", "none", CALLS)?;
    report.note("the exporter's thread, what passing an event to it costs the watch loop, and scrapes every 15 s together");
    report.note("numbers of 1,000 workloads are in each scrape and export of metrics; asking the kernel for them is not in it");
    Ok(())
}

/// Workloads of which everything is known.
fn fleet(count: u32, calls: u64, others: u64) -> Snapshot {
    // Names of calls and errors are the agent's own words: nothing is copied when it makes a snapshot.
    let words = |prefix: &str, count: u64| -> ByName<u64> {
        let word = |n| &*format!("{prefix}{n}").leak();
        (0..count).map(|n| (word(n).into(), 1_000_000_000 - n)).collect()
    };
    let (call_names, errno_names) = (words("call", calls), words("E", others));
    let names = |prefix: &str, count: u64| -> ByName<u64> {
        (0..count).map(|n| (format!("{prefix}{n}").into(), 1_000_000_000 - n)).collect()
    };
    let io = |kind, direction| IoUsage { kind, direction, operations: 100_000, bytes: 1 << 33 };
    let workload = |pid: u32| WorkloadUsage {
        runtime: Some("wasmtime".into()),
        version: Some("50.0.1".into()),
        module: Some("hello.wasm".into()),
        module_sha256: Some(Sha256::of(b"hello")),
        container: Some("c0ffee01".repeat(8)),
        pod: Some("1e2b3c4d-0000-4000-8000-123456789abc".into()),
        cpu_user: Some(Duration::from_millis(12_340)),
        cpu_system: Some(Duration::from_secs(2)),
        run_queue_wait: Some(Duration::from_micros(1_500)),
        threads: Some(4),
        resident_bytes: Some(64 << 20),
        linear_memory_bytes: Some(1 << 20),
        linear_memory_limit_bytes: Some(4 << 30),
        minor_faults: Some(1234),
        major_faults: Some(5),
        syscalls: call_names.clone(),
        syscall_errors: errno_names.clone(),
        io: [IoKind::File, IoKind::Network, IoKind::Stream]
            .into_iter()
            .flat_map(|kind| [io(kind, Direction::Read), io(kind, Direction::Write)])
            .collect(),
        open_descriptors: Some(12),
        traps: names("trap", others),
        detections: names("rule", others),
        host_calls_denied: Some(1),
        guest_results: names("result", others),
        events_withheld: Some(0),
        guest_cpu: vec![("hello.wasm".into(), Duration::from_secs(11))],
        outside_cpu: Some(Duration::from_millis(3_340)),
        process_started: Some(Duration::from_secs(1_700_000_000)),
        recognised: Some(Duration::from_secs(1_700_000_001)),
        ..WorkloadUsage::new(id(pid), Pid(pid))
    };
    Snapshot { workloads: (1..=count).map(workload).collect(), running: count.into(), ..Snapshot::default() }
}

fn id(pid: u32) -> WorkloadId {
    WorkloadId::new(&BootId("bench".into()), &ProcessKey::from_kernel(pid, 0, 0))
}

struct Fixed(Snapshot);

impl Source for Fixed {
    fn snapshot(&self, _: Duration) -> Option<Snapshot> {
        Some(self.0.clone())
    }
}

fn scrape(address: SocketAddr) -> Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept: application/openmetrics-text\r\n\r\n")?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page)?;
    ensure!(page.starts_with(b"HTTP/1.1 200"), "the page is refused");
    Ok(page.len())
}

fn scrapes(report: &mut Report, what: &str, snapshot: Snapshot) -> Result<()> {
    let server = serve(listen_address("0").map_err(anyhow::Error::msg)?, Arc::new(Fixed(snapshot)))?;
    let (mut times, mut size) = (vec![], 0);
    for _ in 0..sized(15, 5) {
        let start = Instant::now();
        size = scrape(server.address())?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        // Requests that follow closely share an answer.
        thread::sleep(Duration::from_millis(300));
    }
    report.add(Row::median(format!("scrape, 1,000 workloads, {what}"), "ms", &times).below(100.0));
    let mebibytes = size as f64 / f64::from(1 << 20);
    report.add(Row::value(format!("page, 1,000 workloads, {what}"), "MiB", mebibytes).below(5.0));
    Ok(())
}

/// What the exporters take of a core while events come.
fn load(report: &mut Report, name: &str, protocol: &str, compression: &str, stream: &str) -> Result<()> {
    let events = events(stream)?;
    let address = sink()?;
    let endpoint = format!("http://{address}");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
    ];
    let find =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
    let config = Config::new(&Flags::default(), &find)?.context("an endpoint")?;
    let source: Arc<dyn Source> = Arc::new(Fixed(fleet(1000, 20, 2)));
    let mut shares = vec![];
    for _ in 0..sized(5, 2) {
        let server = serve(listen_address("0").map_err(anyhow::Error::msg)?, Arc::clone(&source))?;
        let exporter = Exporter::start(&config, Some(Arc::clone(&source)))?;
        let seconds = sized(15, 5);
        let before = cpu_of_threads()?;
        let begun = Instant::now();
        let mut passing = Duration::ZERO;
        let mut waiting = events.iter().cycle();
        for burst in 0..seconds * EVENTS_A_SECOND / BURST {
            let due = begun + Duration::from_secs(1) * burst * BURST / EVENTS_A_SECOND;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let start = Instant::now();
            for event in waiting.by_ref().take(BURST as usize) {
                exporter.send(event);
            }
            passing += start.elapsed();
        }
        scrape(server.address())?;
        // What has been sent is to be paid for, too.
        let made = u64::from(seconds * EVENTS_A_SECOND);
        let until = Instant::now() + Duration::from_secs(5);
        let delivered =
            |stage| exporter.counts().iter().filter(|c| c.stage == stage).map(|c| c.count).sum::<u64>();
        while delivered("delivered") < made && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        ensure!(delivered("delivered") >= made, "not everything was delivered: {:?}", exporter.counts());
        let spent = cpu_of_threads()?.saturating_sub(before) + passing;
        shares.push(100.0 * spent.as_secs_f64() / f64::from(seconds));
        drop(exporter);
    }
    let row = Row::median(name, "%", &shares);
    // The goal is for what hosts have most of, sent as it is sent unless somebody asks for more.
    let usual = compression == "none" && stream == ORDINARY;
    report.add(if usual { row.below(2.0) } else { row });
    Ok(())
}

fn events(stream: &str) -> Result<Vec<Arc<Event>>> {
    let mut read = samples::read(stream.trim_end(), true)
        .map_err(|(line, error)| anyhow::anyhow!("line {line}: {error}"))?;
    let one = read.pop().context("no events")?.1;
    ensure!(one.len() == 100, "{} events", one.len());
    // More than fit into a cache of the processor, as in an agent, where each event is a new one.
    Ok((0..sized(200, 50)).flat_map(|_| one.iter().cloned().map(Arc::new).collect::<Vec<_>>()).collect())
}

/// CPU time of the threads of the exporters, and of those on which they ask for numbers.
fn cpu_of_threads() -> Result<Duration> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if ["otlp", "metrics"].contains(&name.trim()) || name.starts_with("tokio-r") {
            let told = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            sum += told.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Ok(Duration::from_nanos(sum))
}

/// A collector that takes everything and looks at nothing, on a thread that is not measured.
fn sink() -> Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("sink".into()).spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut first = [0; 3];
                    let _ = stream.peek(&mut first).await;
                    if first == *b"PRI" {
                        let http = http2::Builder::new(TokioExecutor::new());
                        let _ = http.serve_connection(TokioIo::new(stream), service_fn(take)).await;
                    } else {
                        let http = http1::Builder::new();
                        let _ = http.serve_connection(TokioIo::new(stream), service_fn(take)).await;
                    }
                });
            }
        });
    })?;
    Ok(address)
}

/// An answer, frame by frame.
struct Frames(Vec<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(if self.0.is_empty() { None } else { Some(Ok(self.0.remove(0))) })
    }
}

async fn take(request: Request<Incoming>) -> Result<Response<Frames>, Infallible> {
    let kind = request.headers().get(CONTENT_TYPE).cloned();
    let grpc = kind.as_ref().is_some_and(|kind| kind == "application/grpc");
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut frames = vec![];
    if grpc {
        // A message of no bytes, and that all is well.
        frames.push(Frame::data(Bytes::from_static(&[0; 5])));
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        frames.push(Frame::trailers(trailers));
    }
    let mut response = Response::new(Frames(frames));
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}
