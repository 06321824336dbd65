use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "invalid-module",
    title: "not valid",
    severity: Severity::Medium,
    confidence: Confidence::percent(95),
    threat: "E7",
    cwe: &[436],
    attack: &["T1027"],
    sources: &["https://webassembly.github.io/spec/core/valid/index.html"],
    description: "The file breaks the rules of WebAssembly, even with every proposal turned on. A careful \
        runtime refuses it; a lenient or faulty one runs something that no analysis has understood, this one \
        included.",
    remediation: "Do not run it. Build it anew, and compare with wasm-tools validate. Runtimes that validate \
        little or nothing (wasm3) must not be given modules of others.",
    false_positives: "A file that was cut short, and proposals newer than this version of wasmscope, look the \
        same.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let error = facts.validation.error.as_ref().filter(|error| error.kind == ProblemKind::Invalid);
    if let Some(error) = error {
        let place = found.in_file(format!("not valid: {}", error.message));
        if let Some(offset) = error.offset {
            place.at(offset);
        }
    }
}
