//! May it run? What `--policy` and `--fail-on` say.

use super::Known;
use crate::Failure;
use anyhow::Context as _;
use std::{fs::File, io::Read as _, path::Path};
use wasmscope_admission::{Date, Policy, evaluate};
use wasmscope_analyze::Facts;
use wasmscope_findings::find;
use wasmscope_model::Severity;

/// Nobody writes a longer policy by hand.
const MOST_POLICY_BYTES: u64 = 4 << 20;

pub(super) struct Gate {
    policy: Option<Policy>,
    fail_on: Option<Severity>,
    /// What exceptions with an end are held against.
    today: Date,
}

impl Gate {
    pub(super) fn new(policy: Option<&Path>, fail_on: Option<Severity>) -> Result<Self, Failure> {
        Ok(Self { policy: policy.map(read).transpose()?, fail_on, today: jiff::Zoned::now().date() })
    }

    /// Finds what speaks against a module.
    pub(super) fn judge(&self, name: &str, facts: Facts) -> Known {
        let findings = find(&facts);
        let violations =
            self.policy.as_ref().map(|policy| evaluate(policy, name, &facts, &findings, self.today));
        Known { facts, findings, violations }
    }

    /// Is it a reason for exit status 1?
    pub(super) fn refuses(&self, known: &Known) -> bool {
        let bad = |least: Severity| known.findings.list.iter().any(|finding| finding.severity >= least);
        known.violations.as_ref().is_some_and(|all| !all.is_empty()) || self.fail_on.is_some_and(bad)
    }
}

fn read(path: &Path) -> Result<Policy, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_POLICY_BYTES + 1).read_to_string(&mut text));
    read.with_context(|| format!("cannot read the policy {shown}")).map_err(Failure::input)?;
    if text.len() as u64 > MOST_POLICY_BYTES {
        return Err(Failure::input(anyhow::anyhow!("the policy {shown} is longer than 4 MiB")));
    }
    Policy::parse(&text).map_err(|error| Failure::input(anyhow::anyhow!("{shown}: {error}")))
}
