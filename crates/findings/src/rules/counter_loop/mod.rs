use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "counter-loop",
    title: "loop that only counts in shared memory",
    severity: Severity::Low,
    confidence: Confidence::percent(50),
    threat: "D2",
    cwe: &[208],
    attack: &[],
    sources: &[
        "Narayan et al.: Swivel, USENIX Security 2021",
        "Schwarz et al.: Fantastic Timers and Where to Find Them, Financial Cryptography 2017",
    ],
    description: "A loop in a module with shared memory does nothing but atomic additions or stores. A \
        thread in such a loop is a clock that resolves nanoseconds, which attacks by caches need. With \
        a clock of the host to gauge it by, low; otherwise info.",
    remediation: "Grant threads (wasi-threads, a shared memory) only where they are needed, and do not \
        run guests that distrust each other on one core complex.",
    false_positives: "Spin locks, reference counts and statistics in loops look the same: ONNX Runtime \
        has one.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let clock = facts.capabilities.contains(Capability::Clock);
    for module in &facts.modules {
        for counter in &module.shapes.counter_loops.list {
            let message = format!("{} loops with nothing but atomic additions or stores", counter.loops);
            let place = found.in_module(module, message).at(counter.offset);
            let place = place.function(counter.index, counter.name.as_deref());
            if !clock {
                place.milder(Severity::Info);
            }
        }
    }
}
