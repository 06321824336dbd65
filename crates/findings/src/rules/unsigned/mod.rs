use crate::look::faces_host;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "unsigned",
    title: "carries no signature",
    severity: Severity::Info,
    confidence: Confidence::percent(99),
    threat: "I1",
    cwe: &[],
    attack: &["T1525"],
    sources: &["https://github.com/WebAssembly/tool-conventions/blob/main/Signatures.md"],
    description: "The module has no signature section. Nothing in it ties it to whoever built it.",
    remediation: "Sign it when it is built (wasmsign2 sign), and have what deploys it verify; or sign the image \
        or artifact it is shipped in (cosign sign) and pin its digest.",
    false_positives: "Nearly no module carries a signature today. One that lies beside the file or in a \
        registry is not seen. Signatures of components are not looked for.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|_| faces_host(facts)) {
        if !module.sections.iter().any(|section| section.id == 0 && section.name == "signature") {
            found.in_module(module, "no signature section");
        }
    }
}
