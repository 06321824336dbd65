use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "guard-constant",
    title: "stack protector has a reference that never changes",
    severity: Severity::Low,
    confidence: Confidence::percent(60),
    threat: "A2",
    cwe: &[330, 693],
    attack: &[],
    sources: &["Michaud et al.: arXiv 2410.17925", "https://github.com/WebAssembly/wasi-libc"],
    description: "The stack protector is used, but the module asks its host for no random numbers: its \
        reference value is the same in each run, or follows from an address. Whoever has the module \
        knows it.",
    remediation: "Link a C library that sets __stack_chk_guard from random_get at start, and let the \
        host offer random numbers.",
    false_positives: "Harmless where a host function of the module's own gives random numbers, and \
        where the reference is set by the embedder through an export.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    // In a component, random numbers may come from another of its modules.
    if facts.capabilities.contains(Capability::Random) {
        return;
    }
    for module in &facts.modules {
        let Some(guard) = module.hardening.guard.as_ref() else { continue };
        if module.capabilities.contains(Capability::CustomHostFunction) {
            continue;
        }
        let value = match guard.zero {
            Some(true) => "is zero at first",
            Some(false) => "has a value in the module",
            None => "is not known",
        };
        let message =
            format!("the reference of the stack protector {value}, and no random numbers are asked for");
        found.in_module(module, message);
    }
}
