//! The policy file, as far as it is about one module: may it run, and which of its calls are refused?

use crate::{Options, SetupError, load::Source};
use std::{fs::File, io::Read as _, path::Path};
use wasmscope_admission::{CallLimit, CallRule, CallVerdict, Date, Policy, ViolationKind, evaluate};
use wasmscope_analyze::{Capabilities, Capability, ErrorKind, analyze, import_capabilities};
use wasmscope_findings::find;
use wasmscope_sensor_wasmtime::{Class, Denial, Function, Gate, Limit, Rule, functions};

/// As for `scan`: nobody writes a longer policy by hand.
const MOST_POLICY_BYTES: u64 = 4 << 20;

/// As for `scan`: while it is parsed, a text takes up to 70 times its bytes in memory.
const MOST_TEXT_BYTES: usize = 768 << 10;

/// What a policy demands of one module's calls.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// The capabilities that it may have; without a policy, or without that key, all of them.
    allowed: Option<Capabilities>,
    /// What is done about single calls, after that.
    calls: Vec<CallRule>,
}

/// A policy file that was read.
pub(crate) struct Rules(Option<Policy>);

impl Rules {
    /// Reads the file, if one is named.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, SetupError> {
        let Some(path) = path else { return Ok(Self(None)) };
        let unread = |error| SetupError::ReadPolicy { path: path.into(), error };
        let mut text = String::new();
        let file = File::open(path).map_err(unread)?;
        file.take(MOST_POLICY_BYTES + 1).read_to_string(&mut text).map_err(unread)?;
        if text.len() as u64 > MOST_POLICY_BYTES {
            return Err(unread(std::io::Error::other("it is longer than 4 MiB")));
        }
        let policy = Policy::parse(&text).map_err(|error| SetupError::Policy { path: path.into(), error })?;
        Ok(Self(Some(policy)))
    }

    /// Holds the module against the policy, all but its capabilities: which of these it uses is seen when it runs.
    pub(crate) fn judge(&self, options: &Options, source: &Source) -> Result<Guard, SetupError> {
        let Some(policy) = &self.0 else { return Ok(Guard::default()) };
        let module = options.module.to_string_lossy().into_owned();
        let unjudged = |reason: String| SetupError::Unjudged { module: module.clone(), reason };
        if source.is_precompiled() {
            return Err(unjudged("it is compiled already; give the module that it was made from".into()));
        }
        let facts = match analyze(&source.bytes, &Default::default()) {
            Err(error) if error.kind == ErrorKind::Text && source.bytes.len() <= MOST_TEXT_BYTES => {
                let binary = wat::parse_bytes(&source.bytes).map_err(|error| unjudged(error.to_string()))?;
                analyze(&binary, &Default::default())
            }
            result => result,
        }
        .map_err(|error| unjudged(error.to_string()))?;
        let today: Date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut violations = evaluate(policy, &module, &facts, &find(&facts), today);
        violations.retain(|violation| violation.kind != ViolationKind::Capability);
        if violations.is_empty() {
            Ok(Guard { allowed: policy.capabilities(&module), calls: policy.calls(&module) })
        } else {
            Err(SetupError::Refused { module, violations })
        }
    }
}

impl Guard {
    /// Whether files may be read but not written: then they are opened so, and opening need not be refused.
    pub(crate) fn is_read_only(&self) -> bool {
        self.allowed.is_some_and(|allowed| {
            allowed.contains(Capability::ReadFiles) && !allowed.contains(Capability::WriteFiles)
        })
    }

    /// Refuses each function that gives a capability which is not allowed, and what single rules refuse.
    pub(crate) fn gate(&self) -> Gate {
        let mut gate = Gate::default();
        for function in functions() {
            let names: Vec<_> = self.beyond(function).iter().map(Capability::as_str).collect();
            if !names.is_empty() {
                let name = format!("capabilities: {}", names.join(", "));
                let exactly = format!("{}#{}", function.interface, function.name);
                gate = gate.rule(Rule::deny(&name, Denial::Access).function(&exactly));
            }
        }
        self.calls.iter().fold(gate, |gate, call| gate.rule(rule(call)))
    }

    /// The capabilities of a function that are not allowed.
    fn beyond(&self, function: &Function) -> Capabilities {
        let Some(allowed) = self.allowed else { return Capabilities::NONE };
        let given = import_capabilities(function.interface, function.name);
        let opening = Capabilities::of(&[Capability::ReadFiles, Capability::WriteFiles]);
        if self.is_read_only() && given == opening { Capabilities::NONE } else { given.without(allowed) }
    }
}

/// A rule of the file as one of the gate.
fn rule(call: &CallRule) -> Rule {
    let mut rule = match call.verdict {
        CallVerdict::Allow => Rule::allow(&call.name),
        CallVerdict::Deny => Rule::deny(&call.name, Denial::Access),
        CallVerdict::Limit(bounds) => Rule::limit(&call.name, limit(bounds)),
    };
    if let Some(denial) = Denial::ALL.into_iter().find(|denial| Some(denial.name()) == call.error) {
        rule = rule.with(denial);
    }
    if let Some(class) = Class::ALL.into_iter().find(|class| Some(class.name()) == call.class) {
        rule = rule.class(class);
    }
    if let Some(function) = &call.function {
        rule = rule.function(function);
    }
    if let Some(path) = &call.path {
        rule = rule.path(path);
    }
    if let Some(host) = &call.host {
        rule = rule.host(host);
    }
    match &call.address {
        Some((network, ports)) => rule.address(*network, ports.clone()),
        None => rule,
    }
}

fn limit(bounds: CallLimit) -> Limit {
    let mut limit = Limit::default();
    if let Some(calls) = bounds.calls {
        limit = limit.calls(calls);
    }
    if let Some(calls) = bounds.calls_per_second {
        limit = limit.calls_per_second(calls);
    }
    if let Some(bytes) = bounds.bytes {
        limit = limit.bytes(bytes);
    }
    if let Some(bytes) = bounds.bytes_per_second {
        limit = limit.bytes_per_second(bytes);
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policys_words_are_those_of_the_hooks() {
        assert_eq!(Class::ALL.map(Class::name), CallRule::CLASSES);
        assert_eq!(Denial::ALL.map(Denial::name), CallRule::ERRORS);
    }

    #[test]
    fn a_function_with_a_capability_that_is_not_allowed_has_a_rule() {
        let guard = |list: &[Capability]| Guard { allowed: Some(Capabilities::of(list)), calls: Vec::new() };
        let rules =
            |guard: &Guard| guard.gate().rules().map(|rule| rule.name().to_owned()).collect::<Vec<_>>();
        assert!(rules(&guard(Capability::ALL)).is_empty() && rules(&Guard::default()).is_empty());
        let none = rules(&guard(&[]));
        for capability in ["read-files", "connect", "random", "clock", "stdio", "http-client", "exit"] {
            assert!(none.iter().any(|name| name.contains(capability)), "{capability}: {none:?}");
        }
        let reading = guard(&[Capability::ReadFiles]);
        assert!(reading.is_read_only());
        assert!(!rules(&reading).iter().any(|name| name.contains("read-files")));
        assert!(rules(&reading).iter().any(|name| name.contains("write-files")));
    }
}
