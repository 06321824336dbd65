//! A real OpenTelemetry collector, rotel, that passes on what a test's agent sends to it.

use crate::{Running, target_dir, wait_until};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const START: Duration = Duration::from_secs(30);

fn program() -> PathBuf {
    target_dir().join("tools/rotel/bin/rotel-agent")
}

/// Why there is none, and how to get it; `None` where it is installed.
pub fn missing() -> Option<String> {
    (!program().exists()).then(|| format!("there is no {}: tools/setup.sh collector", program().display()))
}

/// A running collector. It ends when this is dropped.
#[derive(Debug)]
pub struct Rotel {
    /// Where it takes gRPC.
    pub grpc: SocketAddr,
    /// Where it takes Protocol Buffers over HTTP.
    pub http: SocketAddr,
    _process: Running,
    _dir: TempDir,
}

impl Rotel {
    /// Starts one that passes everything on to `to`, as Protocol Buffers over HTTP, with gzip.
    ///
    /// # Panics
    ///
    /// When it does not listen after half a minute.
    pub fn start(to: SocketAddr) -> Self {
        let dir = tempfile::tempdir().expect("a directory for its files");
        let [grpc, http] = [free_address(), free_address()];
        let mut command = Command::new(program());
        command.arg("start");
        command.args(["--otlp-grpc-endpoint", &grpc.to_string(), "--otlp-http-endpoint", &http.to_string()]);
        command.args(["--exporter", "otlp", "--otlp-exporter-protocol", "http"]);
        command.args(["--otlp-exporter-endpoint", &format!("http://{to}")]);
        command.arg("--pid-file").arg(dir.path().join("pid")).arg("--log-file").arg(dir.path().join("log"));
        let process = Running::spawn(command);
        let listens = |address| TcpStream::connect(address).is_ok();
        assert!(wait_until(|| listens(grpc) && listens(http), START), "rotel says: {}", process.output());
        Self { grpc, http, _process: process, _dir: dir }
    }
}

/// An address that nobody has at this moment.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it has an address")
}
