use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "stack-protector-missing",
    title: "no stack protector",
    severity: Severity::Low,
    confidence: Confidence::percent(70),
    threat: "A1",
    cwe: &[121, 693],
    attack: &[],
    sources: &[
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
        "Stiévenart, De Roover, Ghafari: Security risks of porting C programs to WebAssembly, SAC 2022",
    ],
    description: "The module keeps a stack in linear memory and never calls __stack_chk_fail. WebAssembly protects return \
        addresses, but nothing protects the variables on that stack: an overflow of one buffer changes the others unnoticed.",
    remediation: "Build C and C++ with -fstack-protector-strong, and link with --stack-first so that an overflow of the whole stack traps.",
    false_positives: "Languages that check their accesses (Rust, Go, AssemblyScript) have no stack protector and hardly need one: \
        they are left out where they are recognised. A module stripped of its names is not judged at all.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let safe = |language: &str| matches!(language, "Rust" | "Go" | "AssemblyScript" | "Swift" | "Kotlin");
        if module.origin.languages.first().is_some_and(|language| safe(&language.name)) {
            continue;
        }
        if let (Some(stack), Some(false)) =
            (&module.hardening.stack_pointer, module.hardening.stack_protector)
            && stack.mutable
        {
            found.in_module(
                module,
                format!("a stack in linear memory (global {}) and no call of __stack_chk_fail", stack.global),
            );
        }
    }
}
