//! One request, and what became of it.

mod connection;
mod grpc;
mod http;
pub(crate) mod tls;

use crate::{Signal, config::Route, counts::Loss};
use bytes::Bytes;
use connection::Connection;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
    trace::v1::ExportTraceServiceResponse,
};
use prost::Message as _;
use std::{error::Error, time::Duration};
use wasmscope_model::text::shown_within;

/// Who we are.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-wasmscope/", env!("CARGO_PKG_VERSION"));
/// Longest answer that is read. An answer is some bytes.
const MOST_ANSWER: usize = 64 * 1024;
/// Longest part of what a collector says that is shown, in characters.
const MOST_SAID: usize = 200;

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It was taken, but for so many items.
    Taken { rejected: u64, message: String },
    /// It will never be taken.
    Refused { why: Loss, message: String },
    /// It may be taken later, but not before this time is over.
    Later { after: Option<Duration>, message: String },
}

impl Answer {
    /// What the network says.
    fn failed(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let cause = error.to_string();
            if !message.contains(&cause) {
                message = format!("{message}: {cause}");
            }
            source = error.source();
        }
        Self::Later { after: None, message: said(&message) }
    }
}

/// What somebody else said, for people.
fn said(text: &str) -> String {
    shown_within(text, MOST_SAID).to_string()
}

/// Sends the requests of one signal, one at a time, over one connection that is kept.
#[derive(Debug)]
pub(crate) struct Client {
    signal: Signal,
    route: Route,
    connection: Option<Connection>,
}

impl Client {
    pub(crate) fn new(signal: Signal, route: Route) -> Self {
        Self { signal, route, connection: None }
    }

    pub(crate) fn place(&self) -> String {
        self.route.endpoint.origin()
    }

    /// Sends a request and waits for the answer, for no longer than the timeout.
    pub(crate) async fn send(&mut self, request: Bytes) -> Answer {
        let timeout = self.route.timeout;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => {
                // The answer may still come, and must not be taken for that of the next request.
                self.connection = None;
                Answer::Later { after: None, message: format!("no answer within {timeout:?}") }
            }
        }
    }

    async fn exchange(&mut self, request: Bytes) -> Answer {
        if let Some(mut kept) = self.connection.take()
            && kept.ready().await
        {
            let answer = self.over(kept, request.clone()).await;
            // Collectors close what was idle for a while, just then perhaps: that alone is no outage.
            if self.connection.is_some() || !matches!(answer, Answer::Later { after: None, .. }) {
                return answer;
            }
        }
        match Connection::open(&self.route).await {
            Ok(connection) => self.over(connection, request).await,
            Err(error) => Answer::failed(&*error),
        }
    }

    /// Keeps the connection if it can be used again.
    async fn over(&mut self, mut connection: Connection, request: Bytes) -> Answer {
        let (answer, usable) = match &mut connection {
            Connection::Http(sender) => http::exchange(sender, self.signal, &self.route, request).await,
            Connection::Grpc(sender) => grpc::exchange(sender, self.signal, &self.route, request).await,
        };
        self.connection = usable.then_some(connection);
        answer
    }
}

/// What the message in an answer says of how many items were not taken, and why.
fn partial_success(signal: Signal, body: &[u8]) -> Result<Answer, prost::DecodeError> {
    let told = match signal {
        Signal::Metrics => ExportMetricsServiceResponse::decode(body)?
            .partial_success
            .map(|partial| (partial.rejected_data_points, partial.error_message)),
        Signal::Logs => ExportLogsServiceResponse::decode(body)?
            .partial_success
            .map(|partial| (partial.rejected_log_records, partial.error_message)),
        Signal::Traces => ExportTraceServiceResponse::decode(body)?
            .partial_success
            .map(|partial| (partial.rejected_spans, partial.error_message)),
    };
    let (rejected, message) = told.unwrap_or_default();
    Ok(Answer::Taken { rejected: u64::try_from(rejected).unwrap_or(0), message: said(&message) })
}

fn garbled() -> Answer {
    let message = "the answer is none of OTLP: is this the address of a collector, and its protocol?".into();
    Answer::Refused { why: Loss::Garbled, message }
}
