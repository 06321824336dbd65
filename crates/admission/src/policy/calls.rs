//! Rules for single calls, which a host enforces while the module runs.

use super::PolicyError;
use super::values::{Size, text};
use super::words::{Vocabulary, Word};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use std::{net::IpAddr, ops::RangeInclusive};
use toml::Spanned;

/// What is done about calls that a rule is for: the first rule that allows or denies decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRule {
    /// What it is called where a refusal is told.
    pub name: String,
    /// What is done.
    pub verdict: CallVerdict,
    /// The error that a refused call gives, one of [`ERRORS`](Self::ERRORS); without it, the host's usual one.
    pub error: Option<&'static str>,
    /// Only calls of this class, one of [`CLASSES`](Self::CLASSES).
    pub class: Option<&'static str>,
    /// Only this function, or those that begin so: `path_*`.
    pub function: Option<String>,
    /// Only files at this path of the guest's and below.
    pub path: Option<String>,
    /// Only this host, by name: `example.org`, `*.example.org`.
    pub host: Option<String>,
    /// Only addresses of this network, with these ports.
    pub address: Option<(IpNet, RangeInclusive<u16>)>,
}

/// What is done about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallVerdict {
    /// It is made, whatever later rules say.
    Allow,
    /// It is refused.
    Deny,
    /// It is refused when a bound is reached; else later rules are asked.
    Limit(CallLimit),
}

/// Bounds for one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallLimit {
    /// Calls.
    pub calls: Option<u64>,
    /// Calls in a second.
    pub calls_per_second: Option<u64>,
    /// Bytes read and written.
    pub bytes: Option<u64>,
    /// Bytes read and written in a second.
    pub bytes_per_second: Option<u64>,
}

impl CallRule {
    /// The classes of calls. `crates/run` has a test that these are those of the hooks.
    pub const CLASSES: &[&str] =
        &["files", "sockets", "clocks", "random", "poll", "streams", "cli", "http", "process", "custom"];

    /// What a refused call may give: errors by their names in preview 1, or a trap.
    pub const ERRORS: &[&str] = &["acces", "perm", "noent", "rofs", "notsup", "again", "dquot", "trap"];
}

/// A rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Written {
    name: String,
    verdict: Word<Verdict>,
    error: Option<Spanned<Word<ErrorName>>>,
    class: Option<Word<Class>>,
    function: Option<String>,
    path: Option<String>,
    host: Option<String>,
    network: Option<Network>,
    ports: Option<Spanned<Ports>>,
    calls: Option<Spanned<u64>>,
    calls_per_second: Option<Spanned<u64>>,
    bytes: Option<Spanned<Size>>,
    bytes_per_second: Option<Spanned<Size>>,
}

impl Written {
    /// What the types cannot say. `at` is where the rule is.
    pub(crate) fn check(&self, source: &str, at: usize) -> Result<(), PolicyError> {
        let wrong = |at, message| Err(PolicyError::new(source, at, message));
        let bound = [self.calls.as_ref(), self.calls_per_second.as_ref()].into_iter().flatten();
        let bound = bound.map(|number| number.span().start).chain(
            [self.bytes.as_ref(), self.bytes_per_second.as_ref()]
                .into_iter()
                .flatten()
                .map(|size| size.span().start),
        );
        match (self.verdict.0, bound.min()) {
            ("limit", None) => {
                wrong(at, "a limit needs a bound: calls, calls-per-second, bytes or bytes-per-second")
            }
            ("allow" | "deny", Some(at)) => wrong(at, "only `verdict = \"limit\"` has bounds"),
            _ => match (self.verdict.0, &self.error, &self.ports) {
                ("allow", Some(error), _) => {
                    wrong(error.span().start, "what is allowed gives no error of ours")
                }
                (_, _, Some(ports)) if self.network.is_none() => wrong(
                    ports.span().start,
                    "ports are those of a `network`: \"0.0.0.0/0\" and \"::/0\" are all",
                ),
                _ => Ok(()),
            },
        }
    }

    pub(crate) fn rule(&self) -> CallRule {
        let number = |number: &Option<Spanned<u64>>| number.as_ref().map(|number| *number.get_ref());
        let size = |size: &Option<Spanned<Size>>| size.as_ref().map(|size| size.get_ref().0);
        CallRule {
            name: self.name.clone(),
            verdict: match self.verdict.0 {
                "allow" => CallVerdict::Allow,
                "deny" => CallVerdict::Deny,
                _ => CallVerdict::Limit(CallLimit {
                    calls: number(&self.calls),
                    calls_per_second: number(&self.calls_per_second),
                    bytes: size(&self.bytes),
                    bytes_per_second: size(&self.bytes_per_second),
                }),
            },
            error: self.error.as_ref().map(|error| error.get_ref().0),
            class: self.class.as_ref().map(|class| class.0),
            function: self.function.clone(),
            path: self.path.clone(),
            host: self.host.clone(),
            address: self.network.as_ref().map(|network| {
                let ports = self.ports.as_ref().map_or(0..=u16::MAX, |ports| ports.get_ref().0.clone());
                (network.0, ports)
            }),
        }
    }
}

macro_rules! vocabulary {
    ($name:ident called $called:literal: $words:expr) => {
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;

        impl Vocabulary for $name {
            type Value = &'static str;
            const CALLED: &'static str = $called;
            fn words() -> Vec<(String, &'static str)> {
                let words: &[&'static str] = $words;
                words.iter().map(|word| ((*word).to_owned(), *word)).collect()
            }
        }
    };
}
vocabulary!(Verdict called "verdict": &["allow", "deny", "limit"]);
vocabulary!(Class called "class of calls": CallRule::CLASSES);
vocabulary!(ErrorName called "error": CallRule::ERRORS);

/// `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy)]
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, |text| {
            let one = || text.parse::<IpAddr>().map(IpNet::from).ok();
            let network = text.parse::<IpNet>().ok().or_else(one);
            network.map(Self).ok_or_else(|| format!("{text:?} is no network: \"10.0.0.0/8\", \"::1\""))
        })
    }
}

/// `"443"` or `"1024-65535"`.
#[derive(Debug, Clone)]
struct Ports(RangeInclusive<u16>);

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, |text| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
                (Ok(first), Ok(last)) if first <= last => Ok(Self(first..=last)),
                _ => Err(format!("{text:?} are no ports: \"443\", \"1024-65535\"")),
            }
        })
    }
}
