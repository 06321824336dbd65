use crate::look::reach;
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "shared-memory-clock",
    title: "shared memory and a clock: what a fine timer is made of",
    severity: Severity::Info,
    confidence: Confidence::percent(60),
    threat: "D2",
    cwe: &[208],
    attack: &[],
    sources: &["Narayan et al.: Swivel, USENIX Security 2021", "https://github.com/WebAssembly/threads"],
    description: "The module has a shared memory and reads clocks. A thread that only counts up in shared \
        memory is a timer of some nanoseconds, fine enough to tell a cache hit from a miss, and the clock \
        calibrates it: what side channels against neighbours on the same CPU need.",
    remediation: "Do not run modules of different trust on one core; pin them to cores of their own, or turn \
        threads off (wasmtime run -W threads=n). Give the guest a coarse clock where the host can.",
    false_positives: "Every program with threads that measures time has both. What tells a counting thread, the \
        shape of its loop, is another rule's matter.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let clock = reach(facts, Capability::Clock);
    if !clock.is_possible() {
        return;
    }
    for module in &facts.modules {
        if let Some(memory) = module.memories.iter().find(|memory| memory.shared) {
            found.in_module(
                module,
                format!("memory {} is shared, and a clock is {}", memory.index, clock.how()),
            );
        }
    }
}
