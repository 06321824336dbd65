use crate::look::{GRANTED, Reach, listed, reach};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "capability-unreachable",
    title: "asks for what it cannot use",
    severity: Severity::Info,
    confidence: Confidence::percent(85),
    threat: "F4",
    cwe: &[272],
    attack: &[],
    sources: &["https://docs.wasmtime.dev/security.html"],
    description: "The module imports functions for something that a host grants on purpose, but no way leads to \
        them from an export, the start function, or a table that the host sees. It runs as well without the \
        grant.",
    remediation: "Do not grant it: no --dir, no -S inherit-network, no --env. Remove the import: \
        -Wl,--gc-sections (the default), rustc -C lto, wasm-opt --remove-unused-module-elements.",
    false_positives: "The host still has to provide the import (a stub is enough: wasmtime run -W \
        unknown-imports-trap). A host that calls functions by other ways than exports and tables is not \
        known.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let unused = GRANTED.iter().filter(|c| matches!(reach(facts, *c), Reach::Unreachable));
    let unused = listed(unused);
    if !unused.is_empty() {
        found.in_file(format!("no export reaches {unused}"));
    }
}
