use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "http-client",
    title: "can make HTTP requests",
    severity: Severity::Low,
    confidence: Confidence::percent(90),
    threat: "F1",
    cwe: &[1125],
    attack: &["T1071.001"],
    sources: &["https://github.com/WebAssembly/wasi-http"],
    description: "The module asks its host to send HTTP requests, to addresses of its choice. Info where no \
        export reaches it.",
    remediation: "Grant it only where it is needed (wasmtime run without -S http; Spin: \
        allowed_outbound_hosts), and send requests through a proxy that knows the allowed hosts.",
    false_positives: "It is what clients and gateways are for.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let reach = reach(facts, Capability::HttpClient);
    if matches!(reach, Reach::Absent) {
        return;
    }
    let place = reach.found(found, format!("HTTP requests: {}", reach.how()));
    if !reach.is_possible() {
        place.milder(Severity::Info);
    }
}
