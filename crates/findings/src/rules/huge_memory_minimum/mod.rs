use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::text::bytes;
use wasmscope_model::{Confidence, Severity};

/// What RandomX needs for its light cache, and many times what compilers ask for (Emscripten: 16 MiB).
const USUAL: u64 = 256 << 20;
/// What 32-bit memories can have.
const WIDE: u64 = 4 << 30;

pub(super) static RULE: Rule = Rule {
    id: "huge-memory-minimum",
    title: "memory is huge from the start",
    severity: Severity::Medium,
    confidence: Confidence::percent(80),
    threat: "C10",
    cwe: &[770, 789],
    attack: &["T1499"],
    sources: &[
        "https://webassembly.github.io/spec/core/syntax/types.html#memory-types",
        "Yu et al.: Exploring and Exploiting the Resource Isolation Attack Surface of WebAssembly Containers, USENIX Security 2025",
    ],
    description: "The module asks for 256 MiB or more before it does anything. Runtimes that set memory up \
        eagerly (interpreters, heaps) take it at once, for each instance; all others reserve it. More than 4 \
        GiB are medium.",
    remediation: "Begin small and grow: -Wl,--initial-memory=BYTES (wasm-ld), -sINITIAL_MEMORY=BYTES \
        -sALLOW_MEMORY_GROWTH (Emscripten). Limit it in the host: wasmtime run -W max-memory-size=BYTES, the \
        cgroup's memory.max.",
    false_positives: "Programs with threads often ask for all at the start, because growing a shared memory is \
        slow (1 GiB is seen in media codecs). Pages that are never touched cost nothing where the kernel \
        provides them.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for memory in module.memories.iter().filter(|memory| memory.minimum_bytes >= USUAL) {
            let message = format!(
                "memory {} begins with {}; {} are unusual",
                memory.index,
                bytes(memory.minimum_bytes),
                bytes(USUAL)
            );
            let severity = if memory.minimum_bytes > WIDE { Severity::Medium } else { Severity::Low };
            found.in_module(module, message).milder(severity);
        }
    }
}
