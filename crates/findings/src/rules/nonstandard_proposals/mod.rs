use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// WebAssembly 3.0 by wasmparser's names, and threads.
const FINISHED: &[&str] = &[
    "bulk-memory",
    "exceptions",
    "extended-const",
    "function-references",
    "gc",
    "memory64",
    "multi-memory",
    "multi-value",
    "mutable-global",
    "reference-types",
    "relaxed-simd",
    "saturating-float-to-int",
    "sign-extension",
    "simd",
    "tail-call",
    "threads",
];

pub(super) static RULE: Rule = Rule {
    id: "nonstandard-proposals",
    title: "uses proposals that are not finished",
    severity: Severity::Low,
    confidence: Confidence::percent(90),
    threat: "E7",
    cwe: &[436],
    attack: &[],
    sources: &["https://github.com/WebAssembly/proposals/blob/main/finished-proposals.md"],
    description: "The module uses features that are not in the WebAssembly standard. Their encoding and meaning \
        can still change, runtimes disagree about them, and the code for them in runtimes is the least \
        tested.",
    remediation: "Build without them (clang -mno-FEATURE, rustc -C target-feature=-FEATURE), and turn them off \
        in the host (wasmtime run -W FEATURE=n).",
    false_positives: "Threads are not in the standard either, but in every engine, and are not told. The older \
        exception handling, which Emscripten still writes, is info.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let used = module.proposals.iter().map(|proposal| proposal.name.as_str());
        let used: Vec<&str> = used.filter(|name| !FINISHED.contains(name)).collect();
        if !used.is_empty() {
            let place = found.in_module(module, format!("uses {}", used.join(", ")));
            if used == ["legacy-exceptions"] {
                place.milder(Severity::Info);
            }
        }
    }
}
