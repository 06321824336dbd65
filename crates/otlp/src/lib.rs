//! Metrics, events and workloads to an OpenTelemetry collector: OTLP over gRPC and over HTTP.
//!
//! ```text
//!  watch loop ─▶ events (bounded) ─▶ logs   ─▶ batches (bounded) ─▶ requests, one at a time, until answered
//!             │                    ├▶ traces ─▶ …
//!             └▶ snapshots ────────┴▶ metrics ▶ …
//! ```
//!
//! [`Config`] reads the standard variables; [`Exporter`] is the thread that sends. It never makes the watch loop wait. What it
//! cannot deliver is lost and counted, by signal and by cause: `made = delivered + lost`, once it has ended
//! ([`Exporter::finish`]); until then the rest waits.

mod config;
mod counts;
mod encode;
mod exporter;
mod lane;
mod retry;
mod send;

pub use config::{Config, ConfigError, Endpoint, EndpointError, Flags, Lookup, Protocol};
pub use counts::{Count, Counts};
pub use exporter::Exporter;
pub use lane::Limits;
pub use retry::Backoff;

/// What OTLP carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// The numbers of a snapshot, as data points.
    Metrics,
    /// Events, as log records.
    Logs,
    /// Workloads and host calls, as spans.
    Traces,
}

impl Signal {
    /// All of them, in this order.
    pub const ALL: [Self; 3] = [Self::Metrics, Self::Logs, Self::Traces];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Traces => "traces",
        }
    }

    /// What losses of it are called: `loss.family`, and the label `family`.
    pub fn family(self) -> &'static str {
        match self {
            Self::Metrics => "otlp_metrics",
            Self::Logs => "otlp_logs",
            Self::Traces => "otlp_traces",
        }
    }

    /// As it stands in the names of variables.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
            Self::Traces => "TRACES",
        }
    }

    /// Where it is posted to, below a collector's address.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
            Self::Traces => "v1/traces",
        }
    }

    /// The method of gRPC.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        }
    }
}

/// Reads the share of host calls that become spans: a number from 0 to 1.
///
/// # Errors
/// It is none.
pub fn parse_share(text: &str) -> Result<f64, String> {
    config::parse_share(text).ok_or_else(|| format!("{text:?} is no number from 0 to 1"))
}
