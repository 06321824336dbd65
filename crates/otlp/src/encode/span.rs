//! Workloads and host calls as spans.

use super::{
    ITEM, ids, text,
    value::{attribute, attributes},
    wire::{bytes, field, fixed64, varint},
};
use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
use wasmscope_model::{Event, EventKind, Workload, WorkloadId, boundary::HostCall, event::Exit};

// Tags of `Span`.
const TRACE_ID: u32 = 1;
const SPAN_ID: u32 = 2;
const PARENT_SPAN_ID: u32 = 4;
const NAME: u32 = 5;
const KIND: u32 = 6;
const START: u32 = 7;
const END: u32 = 8;
const ATTRIBUTES: u32 = 9;
const STATUS: u32 = 15;
// Tags of `Status`.
const MESSAGE: u32 = 2;
const CODE: u32 = 3;

/// What is kept of a workload until its end.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    name: String,
    start_ns: u64,
    attributes: Vec<u8>,
}

impl Begun {
    pub(crate) fn new(workload: &Workload) -> Self {
        let module = workload.module();
        let path = module.and_then(|module| module.path.as_deref());
        let file = path.and_then(|path| path.rsplit('/').next()).filter(|name| !name.is_empty());
        let name = file.or_else(|| module.and_then(|module| module.name.as_deref()));
        let runtime = workload.recognition.runtime.as_deref();
        let mut attributes = vec![];
        let mut put = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                attribute(&mut attributes, ATTRIBUTES, key, &value);
            }
        };
        put("wasm.runtime.name", runtime);
        put("wasm.runtime.version", workload.recognition.version.as_deref());
        put("wasm.module.path", path);
        put("wasm.module.name", module.and_then(|module| module.name.as_deref()));
        put("process.executable.path", workload.executable.as_deref());
        put("container.id", workload.container.id.as_deref());
        put("k8s.pod.uid", workload.container.pod_uid.as_deref());
        put("systemd.unit", workload.container.systemd_unit.as_deref());
        if let Some(hash) = module.and_then(|module| module.sha256) {
            attribute(&mut attributes, ATTRIBUTES, "wasm.module.sha256", &hash);
        }
        attribute(&mut attributes, ATTRIBUTES, "process.parent_pid", &workload.parent_pid);
        attribute(&mut attributes, ATTRIBUTES, "process.user.id", &workload.uid);
        Self {
            // Names of spans are to be few: a file is one, its path or a process are not.
            name: wasmscope_export::label(name.or(runtime).unwrap_or("workload")).into_owned(),
            // It is known to 10 ms. Before 1970 it is 0, and a float that is too large becomes the largest integer.
            start_ns: ((workload.started_unix * 1e3).round() as u64).saturating_mul(1_000_000),
            attributes,
        }
    }
}

/// Writes a workload that ended.
pub(crate) fn workload(out: &mut Vec<u8>, id: WorkloadId, begun: &Begun, exited: &Event, end_ns: u64) {
    let EventKind::Exited { how, .. } = &exited.kind else { return };
    let failed = match how {
        Exit::Code { code: 0 } | Exit::Exec | Exit::Unseen => None,
        Exit::Code { code } => Some(format!("exit status {code}")),
        Exit::Signal { signal, .. } => Some(format!("signal {signal}")),
    };
    field(out, ITEM, |out| {
        bytes(out, TRACE_ID, &ids::trace(id));
        bytes(out, SPAN_ID, &ids::root(id));
        bytes(out, NAME, begun.name.as_bytes());
        times(out, begun.start_ns.min(end_ns), end_ns);
        attributes(out, ATTRIBUTES, exited, &["wasmscope.format", "time", "time.monotonic_ns", "event.name"]);
        out.extend_from_slice(&begun.attributes);
        if let Some(message) = failed {
            status(out, &message);
        }
    });
}

/// Writes a host call. `start_ns` is since the Unix epoch.
pub(crate) fn call(
    out: &mut Vec<u8>,
    event: &Event,
    workload: WorkloadId,
    call: &HostCall,
    span: u64,
    start_ns: u64,
) {
    const WITHOUT: [&str; 6] = [
        "wasmscope.format",
        "time",
        "time.monotonic_ns",
        "event.name",
        "wasi.call.duration_ns",
        "wasi.call.result",
    ];
    field(out, ITEM, |out| {
        bytes(out, TRACE_ID, &ids::trace(workload));
        bytes(out, SPAN_ID, &span.to_be_bytes());
        bytes(out, PARENT_SPAN_ID, &ids::root(workload));
        field(out, NAME, |out| {
            text::escape(&call.interface, out);
            out.push(b'#');
            text::escape(&call.name, out);
        });
        times(out, start_ns, start_ns.saturating_add(call.duration_ns));
        attributes(out, ATTRIBUTES, event, &WITHOUT);
        if matches!(call.outcome.as_str(), "error" | "trap") {
            status(out, call.error.as_deref().unwrap_or(&call.outcome));
        }
    });
}

fn times(out: &mut Vec<u8>, start_ns: u64, end_ns: u64) {
    varint(out, KIND, SpanKind::Internal as u64);
    fixed64(out, START, start_ns);
    fixed64(out, END, end_ns);
}

fn status(out: &mut Vec<u8>, message: &str) {
    field(out, STATUS, |out| {
        field(out, MESSAGE, |out| text::escape(message, out));
        varint(out, CODE, StatusCode::Error as u64);
    });
}
