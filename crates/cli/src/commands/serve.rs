//! `wasmscope serve`

use super::guest::{Wasmtime, Watched, refused};
use crate::Failure;
use std::{ffi::OsString, fmt, net::SocketAddr};
use wasmscope_run::{Serve as Server, Told};

/// Answer HTTP requests with a `wasi:http` proxy component as `wasmtime serve` does, and see what it asks of the host.
///
/// Each request gets an instance of its own. SIGINT and SIGTERM end it: requests that run are waited for, then the summary
/// is told. All WASI interfaces are linked, as with `wasmtime serve -S cli`.
#[derive(clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    wasmtime: Wasmtime,
    #[command(flatten)]
    watched: Watched,
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long, value_name = "SOCKADDR", default_value_t = Server::default().addr)]
    addr: SocketAddr,
    /// Show what guests print as it is, without the number of the instance before each line.
    #[arg(long)]
    no_logging_prefix: bool,
    /// Answer at most so many requests at the same time.
    #[arg(long, value_name = "N", default_value_t = Server::default().max_concurrent_requests)]
    max_concurrent_requests: usize,
    /// Hold at most so many connections at the same time.
    #[arg(long, value_name = "N", default_value_t = Server::default().max_concurrent_connections)]
    max_concurrent_connections: usize,
    /// The component.
    #[arg(value_name = "WASM")]
    component: OsString,
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("component", &self.component).finish_non_exhaustive()
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let (options, summary) = self.watched.options(self.wasmtime, self.component);
        let wanted = options.watch.summary;
        let server = Server {
            addr: self.addr,
            no_logging_prefix: self.no_logging_prefix,
            max_concurrent_requests: self.max_concurrent_requests,
            max_concurrent_connections: self.max_concurrent_connections,
        };
        let outcome = wasmscope_run::serve(options, server, |told| match told {
            Told::Ready(address) => eprintln!("Serving HTTP on http://{address}/"),
            Told::Failed(error) => eprintln!("error: {error:?}"),
        });
        match outcome {
            Ok(outcome) => summary.conclude(outcome, wanted),
            Err(error) => refused(error),
        }
    }
}
