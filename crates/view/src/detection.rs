//! What a rule states, in a line for `watch` and a few words for the list of rules.

use crate::{act, boundary};
use std::fmt::Write as _;
use wasmscope_model::{
    Detection,
    text::{shown, shown_within},
};

/// Longest advice shown, in characters.
const ADVICE_CHARS: usize = 400;

/// The words for a detection, behind the time: what, how bad, how sure, on what grounds, what to do.
pub(crate) fn line(detection: &Detection) -> String {
    let d = detection;
    let mut text = format!(
        "{:<10} {} {}: pid {}: {} (sure {}",
        "DETECTED",
        d.severity.as_str().to_uppercase(),
        shown(&d.rule),
        d.pid,
        shown(&d.title),
        d.confidence
    );
    if d.count > 1 {
        let _ = write!(text, ", {} events", d.count);
    }
    if d.lossy {
        text.push_str(", events were lost");
    }
    if d.suppressed > 0 {
        let _ = write!(text, ", {} more since the last", d.suppressed);
    }
    text.push(')');
    if let Some(module) = &d.module_path {
        let _ = write!(text, " by {}", shown(module));
    }
    if let Some(last) = d.evidence.last()
        && let Some(what) = act::line(&last.kind).or_else(|| boundary::line(&last.kind))
    {
        let _ = write!(text, ": {}", what.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // What is unusual is only so beside what is usual.
    if d.rule.starts_with("baseline-") && !d.reasons.is_empty() {
        let reasons: Vec<_> = d.reasons.iter().map(|reason| shown(reason).to_string()).collect();
        let _ = write!(text, " ({})", reasons.join("; "));
    }
    let ids: Vec<_> = d.attack.iter().chain(&d.cwe).map(|id| shown(id).to_string()).collect();
    if !ids.is_empty() {
        let _ = write!(text, " [{}]", ids.join(", "));
    }
    let _ = write!(text, " -> {}", shown_within(&d.advice, ADVICE_CHARS));
    text
}
