use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// More than twenty times the widest of real programs (resvg: 440).
const USUAL: u64 = 10_000;

pub(super) static RULE: Rule = Rule {
    id: "wide-br-table",
    title: "br_table with very many targets",
    severity: Severity::Low,
    confidence: Confidence::percent(80),
    threat: "C9",
    cwe: &[400, 770],
    attack: &["T1499"],
    sources: &[
        "https://webassembly.github.io/spec/core/appendix/implementation.html",
        "V8 src/wasm/wasm-limits.h: kV8MaxWasmFunctionBrTableSize",
    ],
    description: "One br_table has more than 10,000 targets. Each is an edge of the control flow that compilers \
        keep and analyse, for one byte of module. V8 refuses more than 65,520.",
    remediation: "Compile in another process with limits of time and memory.",
    false_positives: "Tables written as a switch by generators of parsers and Unicode data. CPython's widest \
        has 340, resvg's 440.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(widest) = module.functions.widest_br_table.as_ref().filter(|f| f.value > USUAL) else {
            continue;
        };
        let message = format!("a br_table has {} targets; {USUAL} are unusual", widest.value);
        found.in_module(module, message).named(widest);
    }
}
