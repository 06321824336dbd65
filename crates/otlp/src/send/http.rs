//! OTLP over HTTP: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use super::{Answer, MOST_ANSWER, garbled, partial_success, said};
use crate::{Signal, config::Route, counts::Loss, retry::retry_after};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use prost::Message as _;
use std::{
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// The body of an answer that is no success: `google.rpc.Status`, of which only this is of interest.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
}

/// The answer, and whether the connection can be used again.
pub(super) async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    signal: Signal,
    route: &Route,
    body: Bytes,
) -> (Answer, bool) {
    let request = match request(route, body) {
        Ok(request) => request,
        Err(error) => return (Answer::Refused { why: Loss::Refused, message: error.to_string() }, true),
    };
    let response = match sender.send_request(request).await {
        Ok(response) => response,
        Err(error) => return (Answer::failed(&error), false),
    };
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // One that cannot be read to its end is as good as none, once the status has said what matters.
    let body = Limited::new(response.into_body(), MOST_ANSWER).collect().await;
    let (body, whole) = match body {
        Ok(body) => (body.to_bytes(), true),
        Err(error) if status.is_success() => {
            let too_long = error.is::<http_body_util::LengthLimitError>();
            return (if too_long { garbled() } else { Answer::failed(&*error) }, false);
        }
        Err(_) => (Bytes::new(), false),
    };
    (answer(signal, status, after.as_deref(), &body), whole)
}

fn request(route: &Route, body: Bytes) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::builder().method(Method::POST).uri(route.endpoint.path());
    if let Some(headers) = request.headers_mut() {
        *headers = route.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(USER_AGENT, HeaderValue::from_static(super::USER_AGENT));
        headers.insert(HOST, HeaderValue::try_from(route.endpoint.authority())?);
        if route.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    let body = if route.gzip { gzip(&body) } else { body };
    request.body(Full::new(body))
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

fn answer(signal: Signal, status: StatusCode, after: Option<&str>, body: &[u8]) -> Answer {
    if status.is_success() {
        return partial_success(signal, body).unwrap_or_else(|_| garbled());
    }
    let said = match Status::decode(body) {
        Ok(Status { message }) if !message.is_empty() => format!("{status}: {}", said(&message)),
        _ => status.to_string(),
    };
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Answer::Later { after: after.and_then(|text| retry_after(text, now)), message: said }
        }
        413 => Answer::Refused { why: Loss::TooLarge, message: said },
        _ => Answer::Refused { why: Loss::Refused, message: said },
    }
}
