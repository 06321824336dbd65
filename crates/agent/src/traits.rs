//! What static analysis says of a module that runs: it becomes part of the workload, so that rules need no file.

use wasmscope_analyze::{Options, analyze};
use wasmscope_findings::find;
use wasmscope_model::{Severity, activity::Word};
use wasmscope_workload::modules::Traits;

/// Larger modules are not analysed here: the watch loop waits meanwhile, some 10 ms for each MiB.
const MOST_BYTES: usize = 1 << 20;

/// Capabilities and findings of a module's bytes.
pub(crate) fn traits(bytes: &[u8]) -> Traits {
    if bytes.len() > MOST_BYTES || !bytes.starts_with(b"\0asm") {
        return Traits::default();
    }
    let Ok(facts) = analyze(bytes, &Options { validate: false, reachability: true }) else {
        return Traits::default();
    };
    let mut findings: Vec<Word> = Vec::new();
    for finding in find(&facts).list.into_iter().filter(|finding| finding.severity >= Severity::Medium) {
        if !findings.iter().any(|id| *id == finding.rule) {
            findings.push(finding.rule.into());
        }
    }
    let capabilities = facts.capabilities.iter().map(|capability| capability.as_str().into()).collect();
    Traits { capabilities: Some(capabilities), findings }
}
