use crate::look::{listed, possible, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

/// Ways out.
const NETWORK: [Capability; 2] = [Capability::Connect, Capability::HttpClient];

pub(super) static RULE: Rule = Rule {
    id: "files-and-network",
    title: "can read files and send them away",
    severity: Severity::Low,
    confidence: Confidence::percent(80),
    threat: "F4",
    cwe: &[200],
    attack: &["T1041", "T1048"],
    sources: &["https://github.com/WebAssembly/WASI"],
    description: "The module can open files and can connect to others. Together they are what it takes to carry \
        data off.",
    remediation: "Grant one of both where that is enough: mount only the directory that is needed, read-only \
        where the host can (--dir HOST::GUEST; where Wasmtime is embedded, DirPerms::READ), and allow only \
        the addresses that are needed.",
    false_positives: "Most services read a configuration and talk to others; it says what is possible, not that \
        it happens. The adapter that makes a component of a preview-1 program brings file functions of its \
        own for standard input and output.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let out = possible(facts, &NETWORK);
    if !out.is_empty() && reach(facts, Capability::ReadFiles).is_possible() {
        found.in_file(format!("read-files and {} can both be reached", listed(out)));
    }
}
