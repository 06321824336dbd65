use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "shared-memory-exported",
    title: "shared memory is exported",
    severity: Severity::Low,
    confidence: Confidence::percent(95),
    threat: "F3",
    cwe: &[362, 668],
    attack: &[],
    sources: &["https://github.com/WebAssembly/threads"],
    description: "A shared memory that is exported can be written by every module and host thread that gets hold of it, while \
        the module's own threads use it. What was checked may have changed before it is used.",
    remediation: "Export the memory only if the host needs it, and have the host copy what it reads before it checks it.",
    false_positives: "wasi-threads programs export their memory because the interface wants it; with one trusted host \
        and no other module linked to it, nothing follows from that.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for memory in module.memories.iter().filter(|memory| memory.shared) {
            if let Some(name) = &memory.exported {
                found.in_module(module, format!("shared memory {} is exported as {name:?}", memory.index));
            }
        }
    }
}
