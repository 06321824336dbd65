use crate::known_vulnerable;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::DependencyKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "vulnerable-dependency",
    title: "crate with a known vulnerability",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "I3",
    cwe: &[1395],
    attack: &[],
    sources: &["https://rustsec.org/"],
    description: "The list of crates in the module (cargo-auditable) has a version with an advisory of \
        RustSec. Only a few advisories that matter in WebAssembly are known here.",
    remediation: "cargo update the crate, and let cargo audit look through the whole list: cargo audit \
        bin reads the module.",
    false_positives: "The crate may be there without the part that is vulnerable; that list can be \
        edited.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let built_in = module.dependencies.iter().flatten().filter(|d| d.kind == DependencyKind::Runtime);
        for dependency in built_in {
            for known in known_vulnerable::of_crate(&dependency.name, &dependency.version) {
                let (name, version) = (&dependency.name, &dependency.version);
                let message = format!("{name:?} {version:?}: {}, fixed in {}", known.id, known.fixed);
                found.in_module(module, message).milder(known.severity);
            }
        }
    }
}
