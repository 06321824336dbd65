use crate::look::holds_functions;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "table-changed-by-code",
    title: "code changes a function table",
    severity: Severity::Low,
    confidence: Confidence::percent(60),
    threat: "A6",
    cwe: &[913],
    attack: &[],
    sources: &[
        "https://webassembly.github.io/spec/core/syntax/instructions.html#table-instructions",
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
    ],
    description: "Code of the module writes to a table of functions (table.set, .grow, .fill, .copy, .init) and \
        calls through tables. What such a call reaches then depends on what was written there before, and \
        cannot be told from the module: an attacker who controls the index of the write redirects the call.",
    remediation: "Fill tables by element segments only. Where functions are added at run time, keep them in a \
        table of their own.",
    false_positives: "Dynamic linkers, just-in-time loaders and languages that keep closures in tables do this \
        by design. Which table the calls go through is not told apart if there are several.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.instructions.call_indirect > 0) {
        for table in module.tables.iter().filter(|t| t.changed_by_code && holds_functions(t)) {
            let calls = module.instructions.call_indirect;
            let message = format!("code writes to table {}, and {calls} calls are indirect", table.index);
            found.in_module(module, message);
        }
    }
}
