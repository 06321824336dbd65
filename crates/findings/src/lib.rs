//! What should be known of a module before it runs: rules over the [`Facts`] that `wasmscope-analyze` reads.
//!
//! Each rule is a folder in `src/rules/`: what it looks for, how bad that is, what to do and when it is wrong, together
//! with modules that trigger it and near misses that do not. `docs/findings.md` tells how to add one.
//!
//! ```
//! let module = wat::parse_str(r#"(module (memory (export "memory") 1 2 shared))"#)?;
//! let facts = wasmscope_analyze::analyze(&module, &Default::default())?;
//! let findings = wasmscope_findings::find(&facts);
//! assert!(findings.list.iter().any(|finding| finding.rule == "shared-memory-exported"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod found;
mod known_vulnerable;
mod look;
mod rule;
mod rules;

pub use found::{Findings, Found, MOST_PER_RULE};
pub use rule::{Rule, rule};
pub use rules::RULES;

use wasmscope_analyze::Facts;

/// Asks every rule. The worst come first; otherwise the order is that of the rules and of the file.
pub fn find(facts: &Facts) -> Findings {
    let mut findings = Findings::default();
    for rule in RULES {
        let mut found = Found::new(rule);
        (rule.check)(facts, &mut found);
        findings.add(found);
    }
    findings.list.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}
