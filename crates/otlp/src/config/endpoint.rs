//! Where a signal goes.

use http::{Uri, uri::PathAndQuery};
use std::fmt;

/// The address of a collector: scheme, host, port and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    https: bool,
    host: String,
    port: u16,
    path: String,
}

/// Why an address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address like http://127.0.0.1:4317 or https://collector.example:4318, without a user name")]
pub struct EndpointError;

impl Endpoint {
    /// Reads `http://` or `https://` addresses.
    ///
    /// # Errors
    /// It is none of these, or holds a user name, which would be shown with it.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.trim().parse().map_err(|_| EndpointError)?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(EndpointError),
        };
        let authority = uri.authority().ok_or(EndpointError)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(EndpointError);
        }
        let port = match authority.as_str().len() > authority.host().len() {
            true => authority.port_u16().ok_or(EndpointError)?,
            false if https => 443,
            false => 80,
        };
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        Ok(Self { https, host: authority.host().into(), port, path: path.into() })
    }

    /// The same with this path below its own, as the specification wants it of an address for all signals.
    pub(crate) fn joined(&self, path: &str) -> Self {
        Self { path: format!("{}/{path}", self.path.trim_end_matches('/')), ..self.clone() }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The host as resolvers and certificates name it: without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Host and port as they stand in a request.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The address without its path, which may hold a token.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.authority())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}
