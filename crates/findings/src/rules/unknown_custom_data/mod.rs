use crate::look::ENTROPY;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Smaller ones hold keys and hashes.
const LEAST: u64 = 4_096;

pub(super) static RULE: Rule = Rule {
    id: "unknown-custom-data",
    title: "unknown custom sections look encrypted or compressed",
    severity: Severity::Medium,
    confidence: Confidence::percent(70),
    threat: "E7",
    cwe: &[506],
    attack: &["T1027.009"],
    sources: &[
        "https://webassembly.github.io/spec/core/binary/modules.html#custom-section",
        "https://attack.mitre.org/techniques/T1027/009/",
    ],
    description: "Custom sections that no known tool writes hold data of high entropy. Engines skip \
        them; a loader that knows them can read them.",
    remediation: "wasm-tools strip removes them; ask what they are for.",
    false_positives: "Attachments of frameworks that are not known here, with compressed contents.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let unknown = &module.encoding.unknown_custom;
        if unknown.bytes >= LEAST && unknown.entropy >= ENTROPY {
            let (sections, bytes, entropy) = (unknown.sections, unknown.bytes, unknown.entropy);
            let message =
                format!("{sections} unknown custom sections, {bytes} bytes, {entropy} bits per byte");
            found.in_module(module, message);
        }
    }
}
