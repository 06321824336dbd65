//! OpenTelemetry log records.

use crate::{ChannelSink, Event, EventKind, RunEnd, Sink, clock::monotonic_ns};
use crossbeam_channel::{Receiver, TryRecvError};
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger, Severity};
use serde_json::Value;
use std::{
    io,
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

/// So long the thread sleeps when there is nothing: one that waited in the queue would have to be woken by the guest's
/// thread, with a system call.
const PAUSE: Duration = Duration::from_millis(2);

/// Passes each event to an OpenTelemetry [`Logger`] as a log record with the event's name and its fields as attributes: what
/// the JSON lines have, under the same names. Severity is `WARN` for calls that were refused and for runs that trapped or failed,
/// else `INFO`.
///
/// Records are made on a thread of this sink's. When that is too slow, events are dropped and counted. What the logger itself
/// loses behind it is the business of the SDK.
///
/// ```
/// use opentelemetry::logs::LoggerProvider;
/// use opentelemetry_sdk::logs::SdkLoggerProvider;
/// use wasmscope_sensor_wasmtime::{OpenTelemetrySink, Sensor};
///
/// let provider = SdkLoggerProvider::builder().build(); // with an exporter of your own
/// let (sink, thread) = OpenTelemetrySink::start(provider.logger("plugins"), 4096).unwrap();
/// let sensor = Sensor::builder().sink(sink).build();
/// drop(sensor.instance("plugin"));
/// drop(sensor);
/// thread.join().unwrap(); // when all sensors are gone: waits until every record was made
/// ```
#[derive(Debug)]
pub struct OpenTelemetrySink {
    channel: ChannelSink,
}

impl OpenTelemetrySink {
    /// Starts the thread, with room for `capacity` events that wait. It ends when the sink is gone.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn start<L>(logger: L, capacity: usize) -> io::Result<(Self, JoinHandle<()>)>
    where
        L: Logger + Send + 'static,
    {
        let (channel, events) = ChannelSink::bounded(capacity);
        let thread =
            thread::Builder::new().name("wasmscope-otel".into()).spawn(move || emit_all(&logger, &events))?;
        Ok((Self { channel }, thread))
    }
}

impl Sink for OpenTelemetrySink {
    fn take(&self, event: Event) {
        self.channel.take(event);
    }

    fn lost(&self) -> u64 {
        self.channel.lost()
    }
}

fn emit_all(logger: &impl Logger, events: &Receiver<Event>) {
    loop {
        match events.try_recv() {
            Ok(event) => emit(logger, &event),
            Err(TryRecvError::Empty) => thread::sleep(PAUSE),
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

fn emit(logger: &impl Logger, event: &Event) {
    let mut record = logger.create_log_record();
    record.set_event_name(event.kind.name());
    let ago = Duration::from_nanos(monotonic_ns().saturating_sub(event.monotonic_ns));
    let now = SystemTime::now();
    record.set_timestamp(now.checked_sub(ago).unwrap_or(now));
    record.set_observed_timestamp(now);
    let (severity, text) = match &event.kind {
        EventKind::Call(call) if call.denied.is_some() => (Severity::Warn, "WARN"),
        EventKind::Run(run) if matches!(run.end, RunEnd::Trapped { .. } | RunEnd::Failed { .. }) => {
            (Severity::Warn, "WARN")
        }
        _ => (Severity::Info, "INFO"),
    };
    record.set_severity_number(severity);
    record.set_severity_text(text);
    // One list of names for lines and records: that of the serialised event.
    if let Ok(Value::Object(fields)) = serde_json::to_value(event) {
        let fields = fields.into_iter().filter(|(name, _)| name != "event.name");
        record.add_attributes(fields.filter_map(|(name, value)| Some((name, any(value)?))));
    }
    logger.emit(record);
}

/// Nothing for null: an attribute without a value.
fn any(value: Value) -> Option<AnyValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => AnyValue::Int(whole),
            // Beyond 2^63: sizes that guests ask for in vain.
            (None, Some(value)) => AnyValue::Double(value),
            (None, None) => return None,
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().filter_map(any).collect(),
        Value::Object(fields) => {
            fields.into_iter().filter_map(|(name, value)| Some((name, any(value)?))).collect()
        }
    })
}
