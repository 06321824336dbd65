use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Fifty times the most of CPython.
const USUAL: u64 = 10_000;
/// The limit of the JavaScript embedding.
const ENGINES: u64 = 50_000;

pub(super) static RULE: Rule = Rule {
    id: "many-locals",
    title: "function with very many locals",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "C9",
    cwe: &[400, 770],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/js-api/#limits"],
    description: "A function declares more than 10,000 local variables: two bytes of module declare thousands. \
        Register allocation takes more than linear time in them, interpreters clear them all at each call, \
        and each call of a recursion takes their space on the host's stack. Beyond 50,000 engines refuse the \
        module (medium).",
    remediation: "Compile in another process with limits of time and memory; limit the stack (wasmtime run -W \
        max-wasm-stack=BYTES). Build with optimisation: wasm-opt --coalesce-locals.",
    false_positives: "Unoptimised builds of very long functions come near. CPython's most have 187, resvg's \
        178.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(most) = module.functions.most_locals.as_ref().filter(|f| f.value > USUAL) else { continue };
        let message = format!("a function declares {} locals; {USUAL} are unusual", most.value);
        let severity = if most.value > ENGINES { Severity::Medium } else { Severity::Low };
        found.in_module(module, message).named(most).milder(severity);
    }
}
