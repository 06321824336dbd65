//! What a store holds.

use crate::profile::Samples;
use wasmscope_sensor_wasmtime::{Hooks, Limiter, Observe};
use wasmtime::{Memory, StoreLimits};
use wasmtime_cli_flags::CommonOptions;
use wasmtime_wasi::{WasiCtxView, WasiView, p1::WasiP1Ctx};
use wasmtime_wasi_http::{
    WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    p2::{DEFAULT_OUTGOING_BODY_BUFFER_CHUNKS, DEFAULT_OUTGOING_BODY_CHUNK_SIZE},
};

/// Data of a store.
pub(crate) struct Host {
    pub(crate) limiter: Limiter<StoreLimits>,
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) bodies: Bodies,
    pub(crate) samples: Samples,
    /// Where an instrumented module keeps its results.
    pub(crate) results: Option<Memory>,
    pub(crate) hooks: Hooks,
}

impl Observe for Host {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Self { wasi, http, bodies, .. } = self;
        WasiHttpCtxView { ctx: http, table: wasi.ctx().table, hooks: bodies }
    }
}

/// How much of an outgoing body is held back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bodies {
    chunks: usize,
    chunk_size: usize,
}

impl Bodies {
    pub(crate) fn new(options: &CommonOptions) -> Self {
        let wasi = &options.wasi;
        Self {
            chunks: wasi.http_outgoing_body_buffer_chunks.unwrap_or(DEFAULT_OUTGOING_BODY_BUFFER_CHUNKS),
            chunk_size: wasi.http_outgoing_body_chunk_size.unwrap_or(DEFAULT_OUTGOING_BODY_CHUNK_SIZE),
        }
    }
}

impl WasiHttpHooks for Bodies {
    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        self.chunks
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        self.chunk_size
    }
}
