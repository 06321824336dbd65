use crate::look::{faces_host, holds_functions, made_with};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "table-exported",
    title: "function table is exported",
    severity: Severity::Low,
    confidence: Confidence::percent(95),
    threat: "A6",
    cwe: &[668],
    attack: &[],
    sources: &[
        "https://webassembly.github.io/spec/core/syntax/modules.html#exports",
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
    ],
    description: "Calls through function pointers go through a table that the host, and every module linked to \
        this one, can change. One write there sends such a call to another function of the same type.",
    remediation: "Link without --export-table and --export-all (wasm-ld). If the host must call functions by \
        pointer, export a function that takes the index and checks it.",
    false_positives: "JavaScript hosts need the table for callbacks: modules of Emscripten and wasm-bindgen \
        always export it, and are info. In a component the export stays inside and is not told.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|_| faces_host(facts)) {
        for table in module.tables.iter().filter(|table| holds_functions(table)) {
            let Some(name) = &table.exported else { continue };
            let message =
                format!("table {} with {} elements is exported as {name:?}", table.index, table.minimum);
            let place = found.in_module(module, message);
            if made_with(module, "Emscripten") || made_with(module, "wasm-bindgen") {
                place.milder(Severity::Info);
            }
        }
    }
}
