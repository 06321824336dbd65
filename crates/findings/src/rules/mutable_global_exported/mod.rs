use crate::look::faces_host;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "mutable-global-exported",
    title: "mutable global is exported",
    severity: Severity::Low,
    confidence: Confidence::percent(85),
    threat: "F3",
    cwe: &[668],
    attack: &[],
    sources: &["https://webassembly.github.io/spec/core/syntax/modules.html#exports"],
    description: "The host, and every module linked to this one, can change a variable that the module's code \
        may take for its own.",
    remediation: "Export functions that set it and check what they are given, or export it immutable. wasm-ld: \
        no --export-all.",
    false_positives: "Interfaces that agree on it, and instrumentation that counts in globals. The stack \
        pointer has a rule of its own.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|_| faces_host(facts)) {
        let stack = module.hardening.stack_pointer.as_ref().map(|stack| stack.global);
        for global in module.globals.iter().filter(|g| g.mutable && Some(g.index) != stack) {
            if let Some(name) = &global.exported {
                let message =
                    format!("global {} ({}) is mutable and exported as {name:?}", global.index, global.ty);
                found.in_module(module, message);
            }
        }
    }
}
