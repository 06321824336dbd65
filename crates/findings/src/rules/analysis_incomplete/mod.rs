use crate::look::problems;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::{Problem, ProblemKind};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "analysis-incomplete",
    title: "too large to be looked at in full",
    severity: Severity::Low,
    confidence: Confidence::percent(99),
    threat: "E7",
    cwe: &[],
    attack: &["T1027"],
    sources: &["docs/analysis.md, Bounds"],
    description: "The file reaches a bound of the analysis: 100,000 listed entries, 2,000 modules, a million \
        functions, 200,000 types, imports and exports for validation. What lies beyond is counted but not \
        listed, or not validated, and other rules may have missed it. Padding a module so is a way to hide \
        in it.",
    remediation: "Look at what is so many. Split a program that really is so large.",
    false_positives: "Very large applications.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let unasked =
        |problem: &Problem| problem.kind == ProblemKind::LeftOut && problem.message != "not asked for";
    if let Some(problem) = facts.validation.error.as_ref().filter(|problem| unasked(problem)) {
        found.in_file(problem.message.clone());
    }
    for (module, problem) in problems(facts, ProblemKind::LeftOut) {
        match module {
            Some(module) => found.in_module(module, problem.message.clone()),
            None => found.in_file(problem.message.clone()),
        };
    }
}
