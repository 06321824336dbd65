use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Twenty-five times CPython; engines with a JavaScript interface accept 1,000,000.
const USUAL: u32 = 300_000;

pub(super) static RULE: Rule = Rule {
    id: "many-functions",
    title: "very many functions",
    severity: Severity::Low,
    confidence: Confidence::percent(70),
    threat: "C9",
    cwe: &[400, 770],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/js-api/#limits"],
    description: "The module defines more than 300,000 functions. An empty one takes three bytes of module, but \
        each takes a compilation, an entry in the runtime's tables and unwind data.",
    remediation: "Limit the size of modules, and compile in another process with limits of time and memory.",
    false_positives: "Very large applications may come near: office suites, engines of games, .NET compiled \
        ahead of time. CPython has 11,448.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.functions.defined > USUAL) {
        let count = module.functions.defined;
        found.in_module(module, format!("the module defines {count} functions; {USUAL} are unusual"));
    }
}
