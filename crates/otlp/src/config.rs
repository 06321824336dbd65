//! What is sent where: from the standard variables, over which an endpoint that was named on the command line wins.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/> and
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.

mod endpoint;
mod lists;
mod sampler;

pub(crate) use sampler::parse as parse_share;

pub use endpoint::{Endpoint, EndpointError};

use crate::{Signal, send::tls};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio_rustls::rustls::ClientConfig;

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC, over HTTP/2.
    Grpc,
    /// Protocol Buffers in the bodies of HTTP/1.1 requests.
    Http,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::Http => "http/protobuf",
        })
    }
}

/// What a user asks for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Where all signals go.
    pub endpoint: Option<String>,
    /// The share of host calls that become spans, 0 to 1.
    pub sample: Option<f64>,
}

/// Everything about one signal's way.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) protocol: Protocol,
    /// Secrets, most of them: never shown.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, protocol, timeout, gzip, .. } = self;
        write!(f, "Route({endpoint} {protocol} {timeout:?} gzip: {gzip})")
    }
}

/// What is sent where.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) routes: [Option<Route>; 3],
    /// Between two exports of metrics.
    pub(crate) interval: Duration,
    pub(crate) service: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) share: crate::encode::ids::Share,
    /// How much may wait, and how long is waited for what.
    pub limits: crate::Limits,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable, or the flag, says what cannot be.
    #[error("{variable}: {problem}")]
    Value {
        /// Which.
        variable: String,
        /// What is wrong, and what would be right. Not the value, which may be secret.
        problem: String,
    },
    /// A certificate or key cannot be used.
    #[error("{variable}: {path:?}: {problem}")]
    File {
        /// Which variable names it.
        variable: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// The value of an environment variable.
pub type Lookup<'e> = &'e dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// Reads the variables; `None` where neither they nor the flags ask for an export.
    ///
    /// # Errors
    /// A value cannot be understood, or a file cannot be used.
    pub fn new(flags: &Flags, variable: Lookup<'_>) -> Result<Option<Self>, ConfigError> {
        let read = Reader { variable };
        let asked = flags.endpoint.is_some()
            || Signal::ALL
                .iter()
                .any(|signal| read.of(*signal, "ENDPOINT").is_ok_and(|value| value.is_some()));
        let disabled =
            read.text("OTEL_SDK_DISABLED")?.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if !asked || (disabled && flags.endpoint.is_none()) {
            return Ok(None);
        }
        let sampler = sampler::share(flags.sample, &read)?;
        let mut routes = [None, None, None];
        for (signal, route) in Signal::ALL.into_iter().zip(&mut routes) {
            let exporter = format!("OTEL_{}_EXPORTER", signal.variable());
            let wanted = match read.text(&exporter)?.as_deref() {
                None | Some("otlp") => true,
                Some("none") => false,
                Some(_) => return Err(wrong(&exporter, "otlp or none")),
            };
            if wanted && (signal != Signal::Traces || sampler.is_some()) {
                *route = read.route(signal, flags)?;
            }
        }
        if routes.iter().all(Option::is_none) {
            return Ok(None);
        }
        let named = read.text("OTEL_RESOURCE_ATTRIBUTES")?.unwrap_or_default();
        Ok(Some(Self {
            routes,
            interval: read.milliseconds("OTEL_METRIC_EXPORT_INTERVAL")?.unwrap_or(Duration::from_secs(60)),
            service: read.text("OTEL_SERVICE_NAME")?,
            attributes: lists::pairs(&named)
                .map_err(|problem| wrong("OTEL_RESOURCE_ATTRIBUTES", problem))?
                .into_iter()
                .collect(),
            share: sampler.unwrap_or(crate::encode::ids::Share::new(0.0)),
            limits: crate::Limits::default(),
        }))
    }

    /// Where the signals go, without anything secret: one line for each place.
    pub fn destinations(&self) -> Vec<String> {
        let mut by_place: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (signal, route) in Signal::ALL.into_iter().zip(&self.routes) {
            if let Some(route) = route {
                let place = format!("{} ({})", route.endpoint.origin(), route.protocol);
                by_place.entry(place).or_default().push(signal.as_str());
            }
        }
        by_place.into_iter().map(|(place, signals)| format!("{} to {place}", signals.join(", "))).collect()
    }
}

fn wrong(variable: &str, problem: impl Into<String>) -> ConfigError {
    let problem: String = problem.into();
    ConfigError::Value { variable: variable.into(), problem: format!("must be {problem}") }
}

/// Reads variables.
pub(crate) struct Reader<'e> {
    variable: Lookup<'e>,
}

impl Reader<'_> {
    /// A variable that is set to something: the specification takes an empty one for none.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.variable)(name) else { return Ok(None) };
        let text = value.into_string().map_err(|_| wrong(name, "UTF-8"))?;
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    fn milliseconds(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(0) | Err(_) => Err(wrong(name, "a number of milliseconds, 1 or more")),
            Ok(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
        }
    }

    /// What is said of one signal, else of all: the name of the variable and its value.
    fn of(&self, signal: Signal, what: &str) -> Result<Option<(String, String)>, ConfigError> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.variable());
        for name in [own, format!("OTEL_EXPORTER_OTLP_{what}")] {
            if let Some(text) = self.text(&name)? {
                return Ok(Some((name, text)));
            }
        }
        Ok(None)
    }

    fn route(&self, signal: Signal, flags: &Flags) -> Result<Option<Route>, ConfigError> {
        let (name, text, own) = match (&flags.endpoint, self.of(signal, "ENDPOINT")?) {
            (Some(text), _) => ("--otlp".to_owned(), text.clone(), false),
            (None, Some((name, text))) => {
                let own = name != "OTEL_EXPORTER_OTLP_ENDPOINT";
                (name, text, own)
            }
            (None, None) => return Ok(None),
        };
        let base = Endpoint::parse(&text).map_err(|error| wrong(&name, error.to_string()))?;
        let protocol = match self.of(signal, "PROTOCOL")? {
            None if base.port() == 4317 => Protocol::Grpc,
            None => Protocol::Http,
            Some((name, text)) => match text.as_str() {
                "grpc" => Protocol::Grpc,
                "http/protobuf" => Protocol::Http,
                _ => return Err(wrong(&name, "grpc or http/protobuf")),
            },
        };
        let endpoint = match protocol {
            Protocol::Http if !own => base.joined(signal.path()),
            _ => base,
        };
        let gzip = match self.of(signal, "COMPRESSION")? {
            None => false,
            Some((name, text)) => match text.as_str() {
                "gzip" => true,
                "none" => false,
                _ => return Err(wrong(&name, "gzip or none")),
            },
        };
        let timeout = match self.of(signal, "TIMEOUT")? {
            Some((name, _)) => self.milliseconds(&name)?,
            None => None,
        };
        let tls = if endpoint.is_https() { Some(self.tls(signal, protocol)?) } else { None };
        Ok(Some(Route {
            headers: self.headers(signal)?,
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            endpoint,
            protocol,
            gzip,
            tls,
        }))
    }

    fn headers(&self, signal: Signal) -> Result<HeaderMap, ConfigError> {
        let mut headers = HeaderMap::new();
        let Some((variable, text)) = self.of(signal, "HEADERS")? else { return Ok(headers) };
        for (name, value) in lists::pairs(&text).map_err(|problem| wrong(&variable, problem))? {
            let name =
                HeaderName::try_from(name).map_err(|_| wrong(&variable, "names and values of headers"))?;
            let mut value =
                HeaderValue::try_from(value).map_err(|_| wrong(&variable, "names and values of headers"))?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(headers)
    }

    fn tls(&self, signal: Signal, protocol: Protocol) -> Result<Arc<ClientConfig>, ConfigError> {
        let file = |what| Ok(self.of(signal, what)?.map(|(variable, path)| (variable, PathBuf::from(path))));
        let [authorities, certificate, key] =
            [file("CERTIFICATE")?, file("CLIENT_CERTIFICATE")?, file("CLIENT_KEY")?];
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some((variable, _)), None) | (None, Some((variable, _))) => {
                let problem =
                    "needs both OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY";
                return Err(ConfigError::Value { variable, problem: problem.into() });
            }
        };
        tls::config(authorities, identity, protocol).map(Arc::new)
    }
}

#[cfg(test)]
mod tests;
