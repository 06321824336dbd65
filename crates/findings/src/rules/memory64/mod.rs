use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "memory64",
    title: "64-bit memory or table",
    severity: Severity::Info,
    confidence: Confidence::percent(99),
    threat: "C2",
    cwe: &[770],
    attack: &[],
    sources: &["https://github.com/WebAssembly/memory64", "GHSA-p8xm-42r7-89xg (CVE-2026-44216)"],
    description: "The module addresses memory or tables with 64 bits. Runtimes cannot cover such a memory with \
        guard pages and check each access in code instead, on compiler paths that fewer programs have tried; \
        limits of 4 GiB no longer hold by themselves.",
    remediation: "Turn it off where no module needs it (wasmtime run -W memory64=n), and set limits for \
        memories and tables. Build for wasm32 if 4 GiB are enough.",
    false_positives: "Legitimate for programs that need more than 4 GiB: databases, language models, media \
        (clang --target=wasm64, Emscripten -sMEMORY64).",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let memories = module.memories.iter().filter(|memory| memory.memory64).count();
        let tables = module.tables.iter().filter(|table| table.table64).count();
        if memories + tables > 0 {
            found.in_module(
                module,
                format!("{memories} memories and {tables} tables are addressed with 64 bits"),
            );
        }
    }
}
