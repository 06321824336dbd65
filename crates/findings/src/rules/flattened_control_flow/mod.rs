use crate::look::made_with;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Programs have a handful: Pyodide 8, Ruby 7, FFmpeg 4, QuickJS 3, each of more than a thousand functions.
const LEAST: u64 = 5;
/// One function in so many.
const SHARE: u64 = 10;

pub(super) static RULE: Rule = Rule {
    id: "flattened-control-flow",
    title: "many functions run in a loop around a switch",
    severity: Severity::Low,
    confidence: Confidence::percent(50),
    threat: "E2",
    cwe: &[],
    attack: &["T1027"],
    sources: &[
        "Laszlo, Kiss: Obfuscating C++ Programs via Control Flow Flattening, 2009",
        "Junod et al.: Obfuscator-LLVM, SPRO 2015",
    ],
    description: "Many functions consist of a loop around a br_table most of whose targets lead back to \
        it. Obfuscators flatten control flow so; by hand nobody writes more than a few.",
    remediation: "Ask for the source, or a build that is not obfuscated.",
    false_positives: "State machines by the dozen (parsers, coroutines that were compiled to loops, \
        Asyncify). Go compiles every function that may pause so; its modules have info.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let count = module.shapes.dispatchers.count;
        let defined = u64::from(module.functions.defined);
        if count < LEAST || count.saturating_mul(SHARE) < defined {
            continue;
        }
        let message = format!("{count} of {defined} functions are a loop around a br_table; a few are usual");
        let place = found.in_module(module, message);
        let place = match module.shapes.dispatchers.list.first() {
            Some(first) => place.at(first.offset).function(first.index, first.name.as_deref()),
            None => place,
        };
        if made_with(module, "Go") {
            place.milder(Severity::Info);
        }
    }
}
