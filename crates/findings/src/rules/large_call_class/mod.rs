use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Of 73 modules of packages the median has 2, and only 11 large programs have more than this.
const USUAL: u32 = 1_000;

pub(super) static RULE: Rule = Rule {
    id: "large-call-class",
    title: "very many functions fit one indirect call",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "A6",
    cwe: &[693],
    attack: &[],
    sources: &[
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
        "https://webassembly.github.io/spec/core/exec/instructions.html",
    ],
    description: "An indirect call only checks the type of the function it reaches. Here one call may \
        reach more functions than usual: whoever overwrites an index in memory can choose among all of \
        them.",
    remediation: "Give rarely used callbacks types or tables of their own, or call by a switch over the \
        known targets; link with --gc-sections, so that unused functions do not stand in the table.",
    false_positives: "Interpreters and other large programs in C or Go have such classes: esbuild \
        5,288, Pyodide 4,087, FFmpeg 2,632.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(calls) = module.indirect_calls.as_ref().filter(|c| c.most_candidates > USUAL) else {
            continue;
        };
        let most = calls.most_candidates;
        found.in_module(module, format!("an indirect call may reach {most} functions; {USUAL} are unusual"));
    }
}
