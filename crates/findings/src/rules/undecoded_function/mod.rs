use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "undecoded-function",
    title: "function that cannot be decoded",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "E7",
    cwe: &[436],
    attack: &["T1027"],
    sources: &["https://webassembly.github.io/spec/core/binary/instructions.html"],
    description: "The body of a function holds an instruction that no known proposal has, or ends in the middle \
        of one. What stands behind it was not analysed: calls from there are missing in everything that is \
        said of what the module can reach.",
    remediation: "Do not run it before somebody knows what the instructions are. Build it anew with released \
        tools.",
    false_positives: "A proposal newer than this version of wasmscope, or a private extension of one runtime.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.functions.undecoded > 0) {
        let count = module.functions.undecoded;
        let first = module.problems.iter().find(|p| p.kind == ProblemKind::UndecodedFunction);
        let why = first.map_or("unknown", |problem| problem.message.as_str());
        let place = found.in_module(module, format!("{count} functions cannot be decoded; the first: {why}"));
        if let Some(offset) = first.and_then(|problem| problem.offset) {
            place.at(offset);
        }
    }
}
