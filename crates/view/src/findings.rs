//! `scan`: what is held against a module, below what it can do.

use std::fmt::Write as _;
use wasmscope_findings::{Findings, rule};
use wasmscope_model::{
    Finding, Severity,
    text::{shown, shown_within},
};

/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// The findings from the severity `least` on, and how many milder ones there are. Empty where there is nothing to say.
pub fn section(findings: &Findings, least: Severity) -> String {
    let mut out = String::new();
    let told: Vec<_> = findings.list.iter().filter(|finding| finding.severity >= least).collect();
    for finding in &told {
        one(&mut out, finding);
    }
    for (rule, omitted) in &findings.omitted {
        let _ = writeln!(out, "  {:8}  {rule}: {omitted} more of them", "");
    }
    match findings.list.len() - told.len() {
        0 => {}
        n => {
            let _ = writeln!(out, "  findings  {n} below {least} not shown (--severity info shows all)");
        }
    }
    out
}

fn one(out: &mut String, finding: &Finding) {
    let mut place = String::new();
    if let Some(module) = finding.module.as_deref().filter(|module| *module != "module") {
        let _ = write!(place, " in {}", shown(module));
    }
    if let Some(function) = &finding.function {
        let name = function.name.as_deref().map(|name| format!(" {}", shown_within(name, NAME_CHARS)));
        let _ = write!(place, ", function[{}]{}", function.index, name.unwrap_or_default());
    }
    if let Some(offset) = finding.offset {
        let _ = write!(place, ", byte {offset:#x}");
    }
    let severity = finding.severity.as_str();
    let message = shown_within(&finding.message, 400);
    let _ = writeln!(out, "  {severity:8}  {}: {message}{place}", shown(&finding.rule));
    // Advice is worth its lines only where something should be done.
    if finding.severity >= Severity::Medium
        && let Some(rule) = rule(&finding.rule)
    {
        let _ =
            writeln!(out, "            {}; sure {}; {}", rule.threat, finding.confidence, rule.remediation);
    }
}

#[cfg(test)]
mod tests {
    use super::section;
    use wasmscope_findings::find;
    use wasmscope_model::Severity;

    #[test]
    fn milder_findings_are_counted_and_names_stay_on_their_line() {
        let module = wat::parse_str(
            r#"(module (memory (export "a\n  high      forged") 1 2 shared) (global (export "g") (mut i32) (i32.const 0)))"#,
        );
        let facts = wasmscope_analyze::analyze(&module.unwrap(), &Default::default()).unwrap();
        let findings = find(&facts);
        let all = section(&findings, Severity::Info);
        assert!(all.contains("low       shared-memory-exported: "), "{all}");
        assert!(!all.contains("\n  high"), "{all}");
        let few = section(&findings, Severity::High);
        let n = findings.list.len();
        assert_eq!(few, format!("  findings  {n} below high not shown (--severity info shows all)\n"));
    }
}
