//! What a rule is.

use crate::{Found, RULES};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// One thing to look for, and all that a person needs to judge it.
#[derive(Debug)]
pub struct Rule {
    /// Lower case with hyphens, as its folder with underscores. Stable: policies and dashboards name it.
    pub id: &'static str,
    /// What is found, in a few words.
    pub title: &'static str,
    /// How bad it is at most; a single finding may be milder.
    pub severity: Severity,
    /// How sure it is at most; a single finding may be less sure.
    pub confidence: Confidence,
    /// Its class in the threat catalogue: `A1`.
    pub threat: &'static str,
    /// Weaknesses (CWE) that it stands for.
    pub cwe: &'static [u16],
    /// Techniques of MITRE ATT&CK: `T1496`.
    pub attack: &'static [&'static str],
    /// Where the knowledge is from: papers, specifications, advisories.
    pub sources: &'static [&'static str],
    /// What is looked for and why it matters.
    pub description: &'static str,
    /// What to do about it.
    pub remediation: &'static str,
    /// When it is wrong, or right and harmless. Never empty.
    pub false_positives: &'static str,
    /// Looks for it.
    pub check: fn(&Facts, &mut Found),
}

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
