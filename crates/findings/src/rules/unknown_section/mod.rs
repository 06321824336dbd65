use crate::look::problems;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "unknown-section",
    title: "section of an unknown kind",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "E7",
    cwe: &[436],
    attack: &["T1027"],
    sources: &["https://webassembly.github.io/spec/core/binary/modules.html#sections"],
    description: "The module has a section whose number no known proposal uses. The specification makes it \
        malformed; what a runtime that skips it runs is not what another one sees.",
    remediation: "Do not run it before somebody knows what the section is. Build it anew with released tools.",
    false_positives: "A proposal newer than this version of wasmscope.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for (module, problem) in problems(facts, ProblemKind::UnknownSection) {
        let place = match module {
            Some(module) => found.in_module(module, problem.message.clone()),
            None => found.in_file(problem.message.clone()),
        };
        if let Some(offset) = problem.offset {
            place.at(offset);
        }
    }
}
