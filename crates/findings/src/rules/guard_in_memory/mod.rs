use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::GuardPlace;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "guard-in-memory",
    title: "reference of the stack protector lies in linear memory",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "A2",
    cwe: &[693],
    attack: &[],
    sources: &["Michaud et al.: arXiv 2410.17925", "https://github.com/WebAssembly/wasi-libc"],
    description: "The value that the stack protector compares with lies in linear memory, where any \
        store of the guest reaches it. An overflow that can also write there passes the check.",
    remediation: "Keep it in a WebAssembly global where the toolchain can; otherwise see the protector \
        as a help against accidents, not as a wall.",
    false_positives: "Clang places it so for every WebAssembly module; there is no switch.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let guard = module.hardening.guard.as_ref().map(|guard| guard.place);
        if let Some(GuardPlace::Memory { address }) = guard {
            let message =
                format!("the reference of the stack protector lies at {address:#x} of linear memory");
            found.in_module(module, message);
        }
    }
}
