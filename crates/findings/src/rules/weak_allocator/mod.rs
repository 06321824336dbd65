use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

const NAME: &str = "wee_alloc";

pub(super) static RULE: Rule = Rule {
    id: "weak-allocator",
    title: "allocator that nobody maintains",
    severity: Severity::Low,
    confidence: Confidence::percent(85),
    threat: "A3",
    cwe: &[122, 1104],
    attack: &[],
    sources: &["RUSTSEC-2022-0054 (wee_alloc is unmaintained)"],
    description: "wee_alloc, an allocator made for small modules, has had no maintainer since 2022 and \
        keeps open bugs, among them a memory leak that grows with the largest allocation.",
    remediation: "Remove #[global_allocator] and take Rust's default for this target (dlmalloc), or \
        another allocator that is maintained.",
    false_positives: "A crate that only depends on it, without using it, still lists it in .dep-v0.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let by_name = module.hardening.allocators.iter().any(|allocator| allocator.name == NAME);
        let listed = module.dependencies.iter().flatten().find(|crate_| crate_.name == NAME);
        if let Some(dependency) = listed {
            found.in_module(module, format!("built with {NAME} {:?}", dependency.version));
        } else if by_name {
            found.in_module(module, format!("functions of {NAME} are in the module"));
        }
    }
}
