use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::text::bytes;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "memory-without-maximum",
    title: "memory may grow without a limit of its own",
    severity: Severity::Info,
    confidence: Confidence::percent(99),
    threat: "C1",
    cwe: &[770],
    attack: &["T1499"],
    sources: &[
        "https://webassembly.github.io/spec/core/syntax/types.html#memory-types",
        "Yu et al.: Exploring and Exploiting the Resource Isolation Attack Surface of WebAssembly Containers, USENIX Security 2025",
    ],
    description: "The module grows a memory of its own and sets no maximum for it. Unless the host sets one, it \
        can take 4 GiB (16 EiB of a 64-bit memory), and memory that was grown is never given back before the \
        instance ends.",
    remediation: "Link with -Wl,--max-memory=BYTES (rustc: -C link-arg=--max-memory=BYTES), or limit it in the \
        host: wasmtime run -W max-memory-size=BYTES, a ResourceLimiter where Wasmtime is embedded, the \
        cgroup's memory.max everywhere.",
    false_positives: "The default of nearly every compiler. A host that sets a limit makes it meaningless.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.instructions.memory_grow > 0) {
        for memory in module.memories.iter().filter(|m| !m.imported && m.maximum_bytes.is_none()) {
            let start = bytes(memory.minimum_bytes);
            let message =
                format!("memory {} begins with {start} and may grow without a maximum", memory.index);
            found.in_module(module, message);
        }
    }
}
