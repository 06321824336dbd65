use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "process-imports",
    title: "can start other programs",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "F1",
    cwe: &[250],
    attack: &["T1059"],
    sources: &["https://wasix.org/docs/api-reference"],
    description: "The module asks its host to fork, to start other programs or to wait for them. WASIX emulates \
        this inside the runtime: the kernel sees no new process, and what the other program is, is decided \
        at run time. Info where no export reaches it.",
    remediation: "Run it in a runtime without WASIX, or with a file system that holds no other programs (wasmer \
        run: no --use, no --volume that holds modules). Emscripten's system() needs a JavaScript host that \
        offers it: do not.",
    false_positives: "Shells and build tools made for WASIX do this by design.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let reach = reach(facts, Capability::Processes);
    if matches!(reach, Reach::Absent) {
        return;
    }
    let place = reach.found(found, format!("processes: {}", reach.how()));
    if !reach.is_possible() {
        place.milder(Severity::Info);
    }
}
