use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// A block for each case of a switch nests as deep as the switch is wide; the widest seen has 440 (resvg).
const USUAL: u64 = 10_000;

pub(super) static RULE: Rule = Rule {
    id: "deep-nesting",
    title: "blocks are nested very deeply",
    severity: Severity::Low,
    confidence: Confidence::percent(80),
    threat: "C9",
    cwe: &[400, 674],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/core/appendix/implementation.html"],
    description: "Blocks lie inside blocks more than 10,000 deep. The specification sets no limit; tools that \
        read code recursively overflow their stack on it, and compilers keep something for each open block.",
    remediation: "Compile and inspect in another process with limits of stack, time and memory.",
    false_positives: "Code that was flattened into one switch has a block for each case: Go's compiler and \
        Asyncify do that, with thousands at most. CPython's deepest function has 283.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(deepest) = module.functions.deepest.as_ref().filter(|f| f.value > USUAL) else { continue };
        let message = format!("blocks are nested {} deep; {USUAL} are unusual", deepest.value);
        found.in_module(module, message).named(deepest);
    }
}
