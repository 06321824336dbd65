//! Findings that came and went.

use super::modules::Pairs;
use crate::uses::lasting;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_findings::Findings;
use wasmscope_model::{Finding, Severity};

/// What changed about findings. One that is worse than before is gained and lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingChanges {
    /// Those that came, the worst first.
    pub gained: Vec<Finding>,
    /// Those that are gone, the worst first.
    pub lost: Vec<Finding>,
    /// Rules of which more findings are not listed than before, and how many more.
    pub more_omitted: BTreeMap<String, u64>,
}

/// What makes a finding the same in another build. Offsets and indices move.
type Key<'f> = (&'f str, Severity, Option<&'f str>, Option<&'f str>);

impl FindingChanges {
    /// Is nothing different?
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.more_omitted.is_empty()
    }

    pub(super) fn of(old: &Findings, new: &Findings, pairs: &Pairs<'_>) -> Self {
        let mut before: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
        for finding in &old.list {
            before.entry(key(finding, finding.module.as_deref())).or_default().push(finding);
        }
        let mut gained = Vec::new();
        for finding in &new.list {
            // A module that is new has no path in the old file: its own cannot stand for another's.
            let module = finding.module.as_deref().map(|path| pairs.old_path(path).unwrap_or("(new)"));
            match before.get_mut(&key(finding, module)).and_then(|same| same.pop()) {
                Some(_) => {}
                None => gained.push(finding.clone()),
            }
        }
        let mut lost: Vec<Finding> = before.into_values().flatten().cloned().collect();
        lost.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let omitted = |findings: &Findings, rule: &str| {
            findings.omitted.iter().filter(|(id, _)| *id == rule).map(|(_, count)| *count).sum::<u64>()
        };
        let rules: BTreeSet<&str> = new.omitted.iter().map(|(id, _)| *id).collect();
        let more = rules
            .into_iter()
            .map(|rule| (rule.to_owned(), omitted(new, rule).saturating_sub(omitted(old, rule))));
        Self { gained, lost, more_omitted: more.filter(|(_, more)| *more > 0).collect() }
    }
}

fn key<'f>(finding: &'f Finding, module: Option<&'f str>) -> Key<'f> {
    let function = finding.function.as_ref().and_then(|function| function.name.as_deref()).map(lasting);
    (&finding.rule, finding.severity, module, function)
}
