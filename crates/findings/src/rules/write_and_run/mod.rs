use crate::look::{listed, possible, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "write-and-run",
    title: "can write files and run what is in them",
    severity: Severity::Medium,
    confidence: Confidence::percent(75),
    threat: "F4",
    cwe: &[829],
    attack: &["T1059", "T1620"],
    sources: &["https://wasix.org/docs/api-reference"],
    description: "The module can write files, and can have its host start programs or load code. What runs in \
        the end need not be in any file that was scanned.",
    remediation: "Give it no directory that it may both write and load from, and none of processes and dynamic \
        loading where it does not need them.",
    false_positives: "Shells, build tools and Python with extension modules (Pyodide) do this by design.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let run = possible(facts, &[Capability::Processes, Capability::DynamicCode]);
    if !run.is_empty() && reach(facts, Capability::WriteFiles).is_possible() {
        found.in_file(format!("write-files and {} can both be reached", listed(run)));
    }
}
