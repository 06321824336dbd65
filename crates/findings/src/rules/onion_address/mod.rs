use crate::look::{reaches_network, texts};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::TextClass;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "onion-address",
    title: "address of a Tor hidden service",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "E4",
    cwe: &[],
    attack: &["T1090.003"],
    sources: &["https://spec.torproject.org/rend-spec/encoding-onion-addresses.html"],
    description: "The module names an address under .onion. Command and control of malware often hides \
        there. Without a way to connect, low.",
    remediation: "Ask what it is for; keep Tor's proxies out of the module's reach.",
    false_positives: "Tor clients, mirrors of newspapers and lists of blocked hosts.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let severity = if reaches_network(facts) { Severity::Medium } else { Severity::Low };
    for module in &facts.modules {
        for text in texts(module, TextClass::Onion) {
            let message = format!("names {:?}", text.value);
            found.in_module(module, message).at(text.offset).milder(severity);
        }
    }
}
