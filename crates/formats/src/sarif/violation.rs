//! What a policy does not allow, as results: a rule for each kind of violation, behind the rules of the findings.

use super::{
    result::{Place, result as finding_result},
    text,
};
use crate::Scanned;
use serde_json::json;
use serde_sarif::sarif::{
    Message, MultiformatMessageString, ReportingConfiguration, ReportingDescriptor, Result as SarifResult,
};
use wasmscope_admission::{Violation, ViolationKind};
use wasmscope_findings::RULES;
use wasmscope_model::{Confidence, Finding, Severity};

/// What tells the ids from those of findings.
const PREFIX: &str = "policy-";

fn id(kind: ViolationKind) -> String {
    format!("{PREFIX}{}", kind.as_str())
}

/// The rules, in the order of [`ViolationKind::ALL`].
pub(super) fn rules() -> impl Iterator<Item = ReportingDescriptor> {
    ViolationKind::ALL.into_iter().map(|kind| {
        let meaning = MultiformatMessageString::builder().text(text::message(kind.meaning())).build();
        ReportingDescriptor::builder()
            .id(id(kind))
            .name(text::pascal_case(&id(kind)))
            .short_description(meaning.clone())
            .full_description(meaning.clone())
            .help(meaning)
            .default_configuration(ReportingConfiguration::builder().level(json!("error")).build())
            .build()
    })
}

/// The violation as a finding: it is about the same places. A policy is never unsure of what it says, the analysis below it
/// may be: that stands in the message.
pub(super) fn as_finding(violation: &Violation) -> Finding {
    Finding {
        rule: id(violation.kind),
        severity: Severity::High,
        confidence: Confidence::percent(100),
        message: violation.message.clone(),
        module: violation.module.clone(),
        offset: violation.offset,
        function: violation.function.clone(),
    }
}

/// The result, with the clause of the policy and what to do.
pub(super) fn result(
    place: &Place,
    file: &Scanned<'_>,
    violation: &Violation,
    finding: &Finding,
    fingerprint: String,
) -> SarifResult {
    let kind = ViolationKind::ALL.iter().position(|kind| *kind == violation.kind);
    let index = kind.map(|at| RULES.len() + at);
    let mut result = finding_result(index, place, file, finding, fingerprint);
    let clause = &violation.policy;
    let line = if clause.line == 0 { String::new() } else { format!(", line {}", clause.line) };
    let mut words = vec![violation.message.clone()];
    words.push(format!("the policy says: {} (entry {}{line})", clause.says, clause.entry));
    words.extend(violation.doubt.clone());
    words.push(violation.remedy.clone());
    let words: Vec<_> = words.iter().map(|part| text::sentence(part)).collect();
    result.message = Message::builder().text(words.join(" ")).build();
    result
}
