use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::text::bytes;
use wasmscope_model::{Confidence, Severity};

/// Ten times the largest function of CPython, the largest seen in real programs.
const USUAL: u64 = 1_000_000;
/// The limit of the JavaScript embedding.
const ENGINES: u64 = 7_654_321;

pub(super) static RULE: Rule = Rule {
    id: "huge-function",
    title: "function is huge",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "C9",
    cwe: &[400, 770],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/js-api/#limits"],
    description: "A function has more than a million bytes of code. Optimising compilers take more than linear \
        time and memory for one function and cannot divide it among threads: such a one makes the host \
        compile for seconds or minutes. Beyond 7,654,321 bytes engines with a JavaScript interface refuse it \
        (medium).",
    remediation: "Compile in another process with limits of time and memory, or with a compiler of linear time \
        (wasmtime run -C compiler=winch). Build with less inlining: -Os, or wasm-opt \
        --one-caller-inline-max-function-size=N.",
    false_positives: "Generated code: parsers, tables written as code, interpreters after much inlining. \
        CPython's largest function has 106 KB, resvg's 30 KB.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(largest) = module.functions.largest.as_ref().filter(|f| f.value > USUAL) else { continue };
        let message =
            format!("a function has {} of code; {} are unusual", bytes(largest.value), bytes(USUAL));
        let severity = if largest.value > ENGINES { Severity::Medium } else { Severity::Low };
        found.in_module(module, message).named(largest).milder(severity);
    }
}
