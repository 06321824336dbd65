use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "thread-spawn",
    title: "can start threads",
    severity: Severity::Info,
    confidence: Confidence::percent(90),
    threat: "F1",
    cwe: &[362],
    attack: &[],
    sources: &["https://github.com/WebAssembly/wasi-threads"],
    description: "The module starts threads. They share its memory, so what one checked another may have \
        changed; they multiply the CPU it can take, and a shared memory is what precise timers are built \
        from.",
    remediation: "Turn threads off where no module needs them (wasmtime run: no -S threads), and bound the CPU \
        with the cgroup's cpu.max and pids.max.",
    false_positives: "Programs that compute in parallel.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let reach = reach(facts, Capability::Threads);
    if !matches!(reach, Reach::Absent) {
        reach.found(found, format!("threads: {}", reach.how()));
    }
}
