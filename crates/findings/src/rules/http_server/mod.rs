use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "http-server",
    title: "answers HTTP requests",
    severity: Severity::Info,
    confidence: Confidence::percent(95),
    threat: "F1",
    cwe: &[1125],
    attack: &[],
    sources: &["https://github.com/WebAssembly/wasi-http"],
    description: "The module is made to answer HTTP requests: what it reads comes from strangers.",
    remediation: "Give it nothing else that it does not need, and an instance for each request where the host \
        can (wasmtime serve does).",
    false_positives: "Every HTTP service is one.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let reach = reach(facts, Capability::HttpServer);
    if !matches!(reach, Reach::Absent) {
        reach.found(found, format!("answers HTTP requests: {}", reach.how()));
    }
}
