use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// More than any compiler makes: a table holds the functions whose address is taken.
const USUAL: u64 = 1_000_000;
/// The limit of the JavaScript embedding.
const ENGINES: u64 = 10_000_000;
/// More than 32-bit indices can reach.
const ADDRESSABLE: u64 = 1 << 32;

pub(super) static RULE: Rule = Rule {
    id: "huge-table",
    title: "table is huge",
    severity: Severity::High,
    confidence: Confidence::percent(90),
    threat: "C2",
    cwe: &[770, 789],
    attack: &["T1499"],
    sources: &["GHSA-p8xm-42r7-89xg (CVE-2026-44216)", "https://webassembly.github.io/spec/js-api/#limits"],
    description: "A table takes 8 bytes or more of the host's memory for each element, outside the linear \
        memory that limits usually cover. One beyond 10,000,000 elements is beyond what JavaScript engines \
        accept (medium), one beyond 2^32 fits no host, and made Wasmtime panic at instantiation (high).",
    remediation: "Limit tables in the host: wasmtime run -W max-table-elements=N, or the pooling allocator. \
        Update Wasmtime to 36.0.8, 43.0.2, 44.0.1 or later.",
    false_positives: "None is known among compilers, which make a table as large as the functions whose address \
        is taken (CPython: 5,903). Low up to 10,000,000 elements.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for table in module.tables.iter().filter(|table| table.minimum > USUAL) {
            let message =
                format!("table {} begins with {} elements; {USUAL} are unusual", table.index, table.minimum);
            let severity = if table.minimum > ADDRESSABLE {
                Severity::High
            } else if table.minimum > ENGINES {
                Severity::Medium
            } else {
                Severity::Low
            };
            found.in_module(module, message).milder(severity);
        }
    }
}
