//! OTLP over gRPC: <https://opentelemetry.io/docs/specs/otlp/#otlpgrpc>.

use super::{Answer, MOST_ANSWER, garbled, partial_success, said};
use crate::{Signal, config::Route, counts::Loss};
use bytes::{Buf as _, BufMut as _, Bytes};
use http::{Uri, uri::PathAndQuery};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tonic::{
    Code, Request, Status,
    body::Body,
    client::{Grpc, GrpcService},
    codec::{BufferSettings, Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
};
use tonic_types::StatusExt as _;

/// The answer, and whether the connection can be used again.
pub(super) async fn exchange(
    sender: &mut SendRequest<Body>,
    signal: Signal,
    route: &Route,
    body: Bytes,
) -> (Answer, bool) {
    let scheme = if route.endpoint.is_https() { "https" } else { "http" };
    let origin =
        Uri::builder().scheme(scheme).authority(route.endpoint.authority()).path_and_query("/").build();
    let origin = match origin {
        Ok(origin) => origin,
        Err(error) => return (Answer::Refused { why: Loss::Refused, message: error.to_string() }, true),
    };
    let mut grpc = Grpc::with_origin(Service(sender), origin).max_decoding_message_size(MOST_ANSWER);
    if route.gzip {
        grpc = grpc.send_compressed(CompressionEncoding::Gzip);
    }
    let mut request = Request::new(body);
    *request.metadata_mut() = MetadataMap::from_headers(route.headers.clone());
    request.set_timeout(route.timeout);
    match grpc.unary(request, PathAndQuery::from_static(signal.method()), Plain).await {
        Ok(response) => (partial_success(signal, response.get_ref()).unwrap_or_else(|_| garbled()), true),
        Err(status) => answer(&status),
    }
}

fn answer(status: &Status) -> (Answer, bool) {
    // What the connection says comes as a status, too; the collector did not say it.
    if let Some(error) = status.source().filter(|error| is_network(*error)) {
        return (Answer::failed(error), false);
    }
    let message = format!("{:?}: {}", status.code(), said(status.message()));
    let asked = status.get_details_retry_info().map(|info| info.retry_delay.unwrap_or(Duration::ZERO));
    let answer = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::Later { after: asked, message },
        // It can recover only where it says when.
        Code::ResourceExhausted if asked.is_some() => Answer::Later { after: asked, message },
        _ => Answer::Refused { why: Loss::Refused, message },
    };
    (answer, true)
}

fn is_network(mut error: &(dyn Error + 'static)) -> bool {
    loop {
        if error.is::<hyper::Error>() || error.is::<std::io::Error>() {
            return true;
        }
        match error.source() {
            Some(source) => error = source,
            None => return false,
        }
    }
}

/// hyper's connection, as tonic wants it.
struct Service<'c>(&'c mut SendRequest<Body>);

impl GrpcService<Body> for Service<'_> {
    type ResponseBody = Incoming;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        request
            .headers_mut()
            .insert(http::header::USER_AGENT, http::HeaderValue::from_static(super::USER_AGENT));
        Box::pin(self.0.send_request(request))
    }
}

/// Messages that are encoded already, and answers as they come.
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.reserve(message.len());
        out.put(message);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(8 * 1024, 1 << 20)
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
