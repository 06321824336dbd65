use crate::look::{quoted, reaches_network, texts};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::TextClass;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "cloud-metadata-address",
    title: "address of a cloud's metadata service",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "E4",
    cwe: &[],
    attack: &["T1552.005"],
    sources: &["https://attack.mitre.org/techniques/T1552/005/"],
    description: "The module names the service by which a cloud gives its machines credentials, and can \
        connect: medium. Without a way to connect, low.",
    remediation: "Keep 169.254.169.254 and its kin out of the module's reach, and require session \
        tokens (IMDSv2).",
    false_positives: "Libraries for clouds (AWS, Google, Azure) fetch their own credentials so; Ruby's \
        library names it in its documentation.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let severity = if reaches_network(facts) { Severity::Medium } else { Severity::Low };
    for module in &facts.modules {
        let named: Vec<_> = texts(module, TextClass::CloudMetadata).collect();
        if let Some(first) = named.first() {
            let message = format!("names {}", quoted(named.iter().map(|text| &text.value)));
            found.in_module(module, message).at(first.offset).milder(severity);
        }
    }
}
