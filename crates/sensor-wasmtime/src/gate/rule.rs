//! One rule.

use crate::{Class, Denial, Function, Limit, gate::paths::normal};
use ipnet::IpNet;
use std::{net::SocketAddr, ops::RangeInclusive, sync::Arc};

/// What a rule does with calls that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Lets them through; later rules are not asked.
    Allow,
    /// Refuses them.
    Deny(Denial),
    /// Refuses them when there are too many, else leaves it to later rules.
    Limit(Limit, Denial),
}

/// A condition and what follows. Every part of the condition that is set must hold.
///
/// Paths are the guest's, made absolute by the name of the preopened directory and cleaned of `.` and `..` without
/// looking at the file system: a guest that may make symbolic links can give a file another name. What has no path
/// (standard streams) matches no rule with a path.
///
/// ```
/// use wasmscope_sensor_wasmtime::{Class, Denial, Rule};
/// let rule = Rule::deny("no secrets", Denial::NoEntry).class(Class::Files).path("/etc/secrets").instance("plugin-*");
/// assert_eq!(rule.name(), "no secrets");
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) action: Action,
    pub(crate) class: Option<Class>,
    function: Option<String>,
    path: Option<Vec<u8>>,
    host: Option<String>,
    address: Option<(IpNet, RangeInclusive<u16>)>,
    instance: Option<String>,
}

/// What a call concerns, or one of several things.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// Nothing that a rule could name.
    Nothing,
    /// A file by its path.
    Path(&'a [u8]),
    /// A file of which the path is not known any more.
    SomePath,
    /// A host by name.
    Host(&'a str),
    /// A socket address.
    Address(SocketAddr),
}

impl Rule {
    fn new(name: &str, action: Action) -> Self {
        let name = name.into();
        Self {
            name,
            action,
            class: None,
            function: None,
            path: None,
            host: None,
            address: None,
            instance: None,
        }
    }

    /// A rule that lets calls through. The name is told with what it does.
    pub fn allow(name: &str) -> Self {
        Self::new(name, Action::Allow)
    }

    /// A rule that refuses calls.
    pub fn deny(name: &str, denial: Denial) -> Self {
        Self::new(name, Action::Deny(denial))
    }

    /// A rule that refuses calls when there are too many, with [`Denial::Quota`].
    pub fn limit(name: &str, limit: Limit) -> Self {
        Self::new(name, Action::Limit(limit, Denial::Quota))
    }

    /// Only calls of this class.
    #[must_use]
    pub fn class(self, class: Class) -> Self {
        Self { class: Some(class), ..self }
    }

    /// Only this function: `fd_write`, `[method]descriptor.open-at`, with its interface
    /// (`wasi:io/streams@0.2.12#[method]output-stream.write`), or all that begin so: `path_*`.
    #[must_use]
    pub fn function(self, name: &str) -> Self {
        Self { function: Some(name.into()), ..self }
    }

    /// Only files at this path and below.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        Self { path: Some(normal(&[path.as_bytes()])), ..self }
    }

    /// Only this host, by name (`resolve-addresses`, authority of an HTTP request, without port): `example.org`, or with
    /// everything below, `*.example.org`.
    #[must_use]
    pub fn host(self, name: &str) -> Self {
        Self { host: Some(name.to_ascii_lowercase()), ..self }
    }

    /// Only addresses in this network, with these ports.
    #[must_use]
    pub fn address(self, net: IpNet, ports: RangeInclusive<u16>) -> Self {
        Self { address: Some((net, ports)), ..self }
    }

    /// Only instances of this name, or whose name begins so: `plugin-*`.
    #[must_use]
    pub fn instance(self, name: &str) -> Self {
        Self { instance: Some(name.into()), ..self }
    }

    /// With this error instead, where it refuses.
    #[must_use]
    pub fn with(mut self, denial: Denial) -> Self {
        match &mut self.action {
            Action::Deny(with) | Action::Limit(_, with) => *with = denial,
            Action::Allow => {}
        }
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_for(&self, instance: &str) -> bool {
        self.instance.as_deref().is_none_or(|pattern| begins(pattern, instance))
    }

    pub(crate) fn wants_paths(&self) -> bool {
        self.path.is_some()
    }

    /// Whether it may match calls of this function.
    pub(crate) fn is_about(&self, function: &Function) -> bool {
        self.class.is_none_or(|class| class == function.class)
            && self.function.as_deref().is_none_or(|pattern| is_function(pattern, function))
    }

    pub(crate) fn matches(&self, function: &Function, subject: Subject<'_>) -> bool {
        self.is_about(function)
            && self.path.as_deref().is_none_or(|root| match subject {
                Subject::Path(path) => is_below(root, path),
                // A file that nobody knows the name of may be the one that is refused, and need not be one that is allowed.
                Subject::SomePath => self.action != Action::Allow,
                _ => false,
            })
            && self.host.as_deref().is_none_or(|pattern| match subject {
                Subject::Host(host) => is_host(pattern, host),
                _ => false,
            })
            && self.address.as_ref().is_none_or(|(net, ports)| match subject {
                Subject::Address(address) => {
                    net.contains(&address.ip().to_canonical()) && ports.contains(&address.port())
                }
                _ => false,
            })
    }
}

fn begins(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => text.starts_with(head),
        None => text == pattern,
    }
}

fn is_function(pattern: &str, function: &Function) -> bool {
    match pattern.split_once('#') {
        Some((interface, name)) => interface == function.interface && begins(name, function.name),
        None => begins(pattern, function.name),
    }
}

fn is_below(root: &[u8], path: &[u8]) -> bool {
    match path.strip_prefix(root) {
        Some(rest) => rest.is_empty() || rest[0] == b'/' || root == b"/",
        None => false,
    }
}

fn is_host(pattern: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    match pattern.strip_prefix("*.") {
        Some(parent) => host == parent || host.strip_suffix(parent).is_some_and(|head| head.ends_with('.')),
        None => host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    fn fd_write() -> &'static Function {
        functions().iter().find(|function| function.name == "fd_write").unwrap()
    }

    #[test]
    fn paths_match_by_whole_names() {
        let rule = Rule::allow("").path("/data/");
        let at = |path: &str| rule.matches(fd_write(), Subject::Path(path.as_bytes()));
        assert!(at("/data") && at("/data/x") && !at("/database") && !at("/"));
        assert!(Rule::allow("").path("/").matches(fd_write(), Subject::Path(b"/x")));
        assert!(!rule.matches(fd_write(), Subject::Nothing));
    }

    #[test]
    fn a_path_that_is_not_known_is_denied_rather_than_allowed() {
        assert!(!Rule::allow("").path("/a").matches(fd_write(), Subject::SomePath));
        assert!(Rule::deny("", Denial::Access).path("/a").matches(fd_write(), Subject::SomePath));
    }

    #[test]
    fn hosts_match_whatever_their_case_and_final_dot() {
        let is = |pattern: &str, host: &str| {
            Rule::allow("").host(pattern).matches(fd_write(), Subject::Host(host))
        };
        assert!(is("example.org", "EXAMPLE.org."));
        assert!(is("*.example.org", "a.example.org") && is("*.example.org", "example.org"));
        assert!(!is("*.example.org", "badexample.org") && !is("example.org", "a.example.org"));
    }

    #[test]
    fn an_address_in_disguise_is_the_same_address() {
        let rule = Rule::allow("").address("10.0.0.0/8".parse().unwrap(), 1..=99);
        let is = |address: &str| rule.matches(fd_write(), Subject::Address(address.parse().unwrap()));
        assert!(is("10.1.2.3:80") && is("[::ffff:10.1.2.3]:80"));
        assert!(!is("11.1.2.3:80") && !is("10.1.2.3:443"));
    }

    #[test]
    fn functions_match_by_name_head_and_interface() {
        let is = |pattern: &str| Rule::allow("").function(pattern).matches(fd_write(), Subject::Nothing);
        assert!(is("fd_write") && is("fd_*") && is("wasi_snapshot_preview1#fd_w*"));
        assert!(!is("fd_writ") && !is("wasi_unstable#fd_write"));
    }
}
