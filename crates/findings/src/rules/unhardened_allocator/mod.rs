use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Those with their book in line. Rust's build of dlmalloc is left out: safe code does not write beyond blocks.
const PLAIN: [&str; 3] = ["dlmalloc", "emmalloc", "lol_alloc"];

pub(super) static RULE: Rule = Rule {
    id: "unhardened-allocator",
    title: "allocator without checks",
    severity: Severity::Info,
    confidence: Confidence::percent(70),
    threat: "A3",
    cwe: &[122, 693],
    attack: &[],
    sources: &[
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
        "https://github.com/emscripten-core/emscripten/blob/main/system/lib/emmalloc.c",
    ],
    description: "The allocator keeps its book beside the blocks and trusts it. A write beyond a block \
        changes the book, and the next free writes where the attacker says.",
    remediation: "For C and C++ with input that is not trusted, build with a debugging or hardened \
        allocator (Emscripten: -sMALLOC=emmalloc-memvalidate) in tests, and with bounds checks in the \
        code.",
    false_positives: "Every usual allocator for WebAssembly is so; memory-safe languages rarely reach \
        the weakness.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let mut names = module.hardening.allocators.iter().map(|allocator| allocator.name.as_str());
        if let Some(name) = names.find(|name| PLAIN.contains(name)) {
            found.in_module(module, format!("allocates with {name}"));
        }
    }
}
