use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Far more classes than programs have; engines with a JavaScript interface accept 1,000,000.
const USUAL: u32 = 100_000;
/// The type section's number.
const TYPES: u8 = 1;

pub(super) static RULE: Rule = Rule {
    id: "many-types",
    title: "very many types",
    severity: Severity::Low,
    confidence: Confidence::percent(80),
    threat: "C9",
    cwe: &[400, 770],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/js-api/#limits"],
    description: "The module declares more than 100,000 types. Validation keeps and compares each: runtimes \
        need a hundred bytes and more for one that takes three in the module, and with recursion groups \
        comparing them takes more than linear time.",
    remediation: "Limit the size of modules, and validate in another process with limits of time and memory.",
    false_positives: "Languages with garbage collection (Kotlin, Dart, Java) declare a type for each class. \
        CPython has 122.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let sections = module.sections.iter().filter(|section| section.id == TYPES);
        for section in sections.filter(|section| section.entries.is_some_and(|count| count > USUAL)) {
            let count = section.entries.unwrap_or_default();
            let message = format!("the type section has {count} entries; {USUAL} are unusual");
            found.in_module(module, message).at(section.offset);
        }
    }
}
