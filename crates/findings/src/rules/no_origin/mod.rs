use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "no-origin",
    title: "nothing tells where it comes from",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "I2",
    cwe: &[],
    attack: &["T1525"],
    sources: &["https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md"],
    description: "The module names no tools and no functions, and no compiler is recognised. Who answers for \
        it, and what it was built from, has to come from elsewhere.",
    remediation: "Strip only what has to go (wasm-tools strip --delete debug_; without --delete it drops the \
        producers section as well), embed dependencies (cargo auditable), and keep a bill of materials with \
        the artifact.",
    false_positives: "Written by hand, or stripped of everything to save space, which is common on the web. \
        Origin can be forged: that it is there proves nothing.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.functions.defined > 0) {
        let told = !module.producers.is_empty() || module.debug.names;
        let recognised = !module.origin.languages.is_empty() || !module.origin.toolchains.is_empty();
        if !told && !recognised {
            found.in_module(module, "no producers, no names, and no compiler recognised");
        }
    }
}
