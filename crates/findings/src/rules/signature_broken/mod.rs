use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "signature-broken",
    title: "signature that cannot be verified",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "I1",
    cwe: &[347],
    attack: &["T1525"],
    sources: &["https://github.com/WebAssembly/tool-conventions/blob/main/Signatures.md"],
    description: "The module has a signature section, but one that proves nothing: it cannot be read, holds no \
        signature, or is not the first section, so that what stands before it is not covered. Somebody may \
        take the module for signed.",
    remediation: "Sign the final file, after every other tool: strip and wasm-opt move or drop sections. Verify \
        with wasmsign2 verify, and refuse on failure.",
    false_positives: "A custom section of that name that another tool uses for its own purpose.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let mut sections = module.sections.iter();
        let Some(section) = sections.find(|s| s.id == 0 && s.name == "signature") else { continue };
        let what = match &module.signature {
            None => "cannot be read",
            Some(signature) if signature.signatures.is_empty() => "holds no signature",
            Some(signature) if !signature.first => "is not the first section",
            Some(_) => continue,
        };
        found.in_module(module, format!("the signature section {what}")).at(section.offset);
    }
}
