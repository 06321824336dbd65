//! Snapshots and events as OTLP messages.

pub(crate) mod ids;
mod key;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod resource;
pub(crate) mod span;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod wire;

use bytes::Bytes;
use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, resource::v1::Resource};
use prost::{
    Message,
    encoding::{encode_varint, encoded_len_varint},
};

/// Tag of a log record, a span and a metric in what holds them: `ScopeLogs`, `ScopeSpans` and `ScopeMetrics` are alike.
const ITEM: u32 = 2;

/// What stands around items in every request. `ExportLogsServiceRequest`, `ExportTraceServiceRequest` and
/// `ExportMetricsServiceRequest` have the same tags.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl Envelope {
    pub(crate) fn new(resource: &Resource) -> Self {
        let scope = InstrumentationScope {
            name: "wasmscope".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            ..InstrumentationScope::default()
        };
        let framed = |message: Vec<u8>| {
            let mut out = vec![];
            wire::bytes(&mut out, 1, &message);
            out
        };
        Self { resource: framed(resource.encode_to_vec()), scope: framed(scope.encode_to_vec()) }
    }

    /// A request with these items, which stand one behind the other with their tags.
    pub(crate) fn request(&self, items: &[u8]) -> Bytes {
        let scoped = self.scope.len() + items.len();
        let all = self.resource.len() + 1 + encoded_len_varint(scoped as u64) + scoped;
        let mut out = Vec::with_capacity(1 + encoded_len_varint(all as u64) + all);
        out.push(0x0a); // resource_…: tag 1
        encode_varint(all as u64, &mut out);
        out.extend_from_slice(&self.resource);
        out.push(0x12); // scope_…: tag 2
        encode_varint(scoped as u64, &mut out);
        out.extend_from_slice(&self.scope);
        out.extend_from_slice(items);
        out.into()
    }
}
