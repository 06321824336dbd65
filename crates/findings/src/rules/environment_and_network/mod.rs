use crate::look::{listed, possible, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

/// Ways out.
const NETWORK: [Capability; 2] = [Capability::Connect, Capability::HttpClient];

pub(super) static RULE: Rule = Rule {
    id: "environment-and-network",
    title: "can read the environment and send it away",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "F5",
    cwe: &[526],
    attack: &["T1048"],
    sources: &["https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md"],
    description: "The module reads environment variables and can connect to others. Tokens and passwords are \
        often passed in the environment.",
    remediation: "Pass single variables (wasmtime run --env NAME=VALUE, without -S inherit-env), and secrets in \
        files that only the one program may read, or through the host's own interface for them.",
    false_positives: "The C and Rust libraries read the environment at start or on the first getenv; nearly \
        every network program has both.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let out = possible(facts, &NETWORK);
    if !out.is_empty() && reach(facts, Capability::Environment).is_possible() {
        found.in_file(format!("environment and {} can both be reached", listed(out)));
    }
}
