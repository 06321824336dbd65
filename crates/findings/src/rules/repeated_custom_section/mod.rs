use crate::look::problems;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "repeated-custom-section",
    title: "custom section that may appear once appears again",
    severity: Severity::Low,
    confidence: Confidence::percent(85),
    threat: "E7",
    cwe: &[436],
    attack: &["T1027"],
    sources: &[
        "https://webassembly.github.io/spec/core/appendix/custom.html",
        "https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md",
    ],
    description: "A section that may appear once (names, producers, signature, dependencies) is there twice. \
        Which one counts differs between tools: an inventory, a debugger and a verifier of signatures can be \
        shown different things.",
    remediation: "Keep one: wasm-tools strip --delete NAME and write it again, or build anew. wasmscope takes \
        the first.",
    false_positives: "Tools that append instead of replacing, such as old versions of post-processors.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for (module, problem) in problems(facts, ProblemKind::RepeatedCustomSection) {
        let place = match module {
            Some(module) => found.in_module(module, problem.message.clone()),
            None => found.in_file(problem.message.clone()),
        };
        if let Some(offset) = problem.offset {
            place.at(offset);
        }
    }
}
