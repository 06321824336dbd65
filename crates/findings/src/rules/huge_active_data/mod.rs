use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::text::bytes;
use wasmscope_model::{Confidence, Severity};

/// Ten times CPython with its whole library as data.
const USUAL: u64 = 64 << 20;

pub(super) static RULE: Rule = Rule {
    id: "huge-active-data",
    title: "very much data is copied at instantiation",
    severity: Severity::Low,
    confidence: Confidence::percent(85),
    threat: "C10",
    cwe: &[770],
    attack: &["T1499"],
    sources: &["https://webassembly.github.io/spec/core/exec/modules.html#instantiation"],
    description: "More than 64 MiB of active data segments are copied into memory at each instantiation, before \
        any limit of time or fuel counts. A host that makes an instance for each request pays it each time.",
    remediation: "Read large data from files, or use passive segments and memory.init for what is needed. In \
        the host: copy-on-write images (Wasmtime's memory_init_cow, the default) and a limit for the size of \
        modules.",
    false_positives: "Programs that carry their files or models with them (emscripten --embed-file, snapshots \
        by Wizer). CPython with its library has 7 MiB.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|module| module.data.active_bytes > USUAL) {
        let size = bytes(module.data.active_bytes);
        let message = format!("{size} are copied at instantiation; {} are unusual", bytes(USUAL));
        found.in_module(module, message);
    }
}
