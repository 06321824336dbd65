use crate::look::{is_payload, place};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::FileFormat::{self, *};
use wasmscope_model::{Confidence, Severity};

const FORMATS: [FileFormat; 1] = [Script];

pub(super) static RULE: Rule = Rule {
    id: "embedded-script",
    title: "script inside",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "E3",
    cwe: &[],
    attack: &["T1059", "T1027.009"],
    sources: &["https://attack.mitre.org/techniques/T1027/009/"],
    description: "Data holds a script that names its interpreter in a #! line.",
    remediation: "Read it.",
    false_positives: "Interpreters with their library inside and templates of code generators have \
        many.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for file in module.content.payloads.list.iter().filter(|file| is_payload(file, &FORMATS)) {
            found.in_module(module, format!("{:?} begins in {}", file.format, place(file))).at(file.offset);
        }
    }
}
