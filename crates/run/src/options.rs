//! What to run, and how.

use crate::Instrument;
use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use wasmtime_cli_flags::CommonOptions;

/// What `wasmtime run` and `wasmtime serve` are told, and what to watch. The defaults are theirs.
#[derive(Clone)]
pub struct Options {
    /// `-O`, `-C`, `-D`, `-W` and `-S`, as Wasmtime's own crate reads them.
    pub wasmtime: CommonOptions,
    /// Whether files that Wasmtime compiled before may be run. Such a file is trusted with everything.
    pub allow_precompiled: bool,
    /// Directories of the host, and what the guest calls them.
    pub dirs: Vec<(String, String)>,
    /// Environment variables; those without a value have the value of this process.
    pub env: Vec<(String, Option<String>)>,
    /// The guest's name for itself, instead of the file's name.
    pub argv0: Option<String>,
    /// The export to call, instead of the program's start.
    pub invoke: Option<String>,
    /// Modules to instantiate before, and what they are imported as.
    pub preloads: Vec<(String, PathBuf)>,
    /// The module or component; `-` is standard input.
    pub module: OsString,
    /// The guest's arguments, or those of the invoked function.
    pub args: Vec<OsString>,
    /// What to watch.
    pub watch: Watch,
}

impl Options {
    /// Runs `module` with nothing given to it.
    pub fn new(module: impl Into<OsString>) -> Self {
        Self {
            wasmtime: CommonOptions::new(),
            allow_precompiled: false,
            dirs: Vec::new(),
            env: Vec::new(),
            argv0: None,
            invoke: None,
            preloads: Vec::new(),
            module: module.into(),
            args: Vec::new(),
            watch: Watch::default(),
        }
    }
}

/// What to watch. Nothing, by default.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// A policy file: the module must pass it, and calls beyond the capabilities that it allows are refused.
    pub policy: Option<PathBuf>,
    /// Where to write every event, as JSON lines.
    pub events: Option<PathBuf>,
    /// The socket of a running agent that is told what happens.
    pub agent: Option<PathBuf>,
    /// Whether calls are counted and timed.
    pub summary: bool,
    /// What to have the guest count and check itself.
    pub instrument: Option<Instrument>,
    /// Where to write a flame graph of the guest's functions, as SVG.
    pub profile: Option<PathBuf>,
}

/// What only `serve` is told.
#[derive(Debug, Clone)]
pub struct Serve {
    /// Where to listen. Port 0 lets the kernel choose.
    pub addr: SocketAddr,
    /// Whether lines that the guest prints are without the number of its instance.
    pub no_logging_prefix: bool,
    /// Most requests that are answered at the same time; others wait.
    pub max_concurrent_requests: usize,
    /// Most connections at the same time; others wait.
    pub max_concurrent_connections: usize,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            addr: (Ipv4Addr::UNSPECIFIED, 8080).into(),
            no_logging_prefix: false,
            max_concurrent_requests: 1000,
            max_concurrent_connections: 1000,
        }
    }
}
