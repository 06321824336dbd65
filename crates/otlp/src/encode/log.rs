//! Events as log records.

use super::{
    ITEM, text,
    value::attributes,
    wire::{bytes, field, fixed64, varint},
};
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use wasmscope_model::{Event, EventKind, ProbeState, Severity};

// Tags of `LogRecord`.
const TIME: u32 = 1;
const SEVERITY_NUMBER: u32 = 2;
const SEVERITY_TEXT: u32 = 3;
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;
const TRACE_ID: u32 = 9;
const SPAN_ID: u32 = 10;
const OBSERVED_TIME: u32 = 11;
const EVENT_NAME: u32 = 12;

/// Fields that have a place of their own in a record, or say nothing there.
const WITHOUT: [&str; 3] = ["wasmscope.format", "time", "event.name"];

/// Writes an event.
pub(crate) fn log(
    out: &mut Vec<u8>,
    event: &Event,
    unix_ns: u64,
    observed_ns: u64,
    span: Option<([u8; 16], [u8; 8])>,
) {
    let severity = severity(&event.kind);
    field(out, ITEM, |out| {
        fixed64(out, TIME, unix_ns);
        fixed64(out, OBSERVED_TIME, observed_ns);
        varint(out, SEVERITY_NUMBER, severity as u64);
        bytes(out, SEVERITY_TEXT, short(severity).as_bytes());
        if let EventKind::Detected(detection) = &event.kind {
            field(out, BODY, |out| field(out, 1, |out| text::escape(&detection.title, out)));
        }
        attributes(out, ATTRIBUTES, event, &WITHOUT);
        if let Some((trace, span)) = span {
            bytes(out, TRACE_ID, &trace);
            bytes(out, SPAN_ID, &span);
        }
        bytes(out, EVENT_NAME, event.kind.name().as_bytes());
    });
}

/// How bad an event is. Detections follow the mapping of syslog's levels in the data model of logs (appendix B): critical is
/// `ERROR2`, because `FATAL` says that a program cannot go on.
pub(crate) fn severity(kind: &EventKind) -> SeverityNumber {
    match kind {
        EventKind::Detected(detection) => match detection.severity {
            Severity::Info => SeverityNumber::Info,
            Severity::Low => SeverityNumber::Warn,
            Severity::Medium => SeverityNumber::Warn2,
            Severity::High => SeverityNumber::Error,
            Severity::Critical => SeverityNumber::Error2,
        },
        EventKind::Crashed(_) => SeverityNumber::Error,
        EventKind::Trapped(_) | EventKind::Throttled(_) | EventKind::Lost(_) | EventKind::Responded(_) => {
            SeverityNumber::Warn
        }
        EventKind::Unexplained(_) => SeverityNumber::Error,
        EventKind::HostCall(call) if call.what.what.denied_by.is_some() => SeverityNumber::Warn,
        EventKind::Sensor(report) if report.state != ProbeState::Active => SeverityNumber::Warn,
        _ => SeverityNumber::Info,
    }
}

fn short(severity: SeverityNumber) -> &'static str {
    match severity {
        SeverityNumber::Warn => "WARN",
        SeverityNumber::Warn2 => "WARN2",
        SeverityNumber::Error => "ERROR",
        SeverityNumber::Error2 => "ERROR2",
        _ => "INFO",
    }
}

/// Whether it is worth a place that others do not get.
pub(crate) fn is_urgent(kind: &EventKind) -> bool {
    severity(kind) >= SeverityNumber::Warn
}
