//! May it run? What `--policy` and `--fail-on` say.

use super::Known;
use crate::Failure;
use anyhow::Context as _;
use std::{fs::File, io::Read as _, path::Path};
use wasmscope_admission::{Date, Policy, ViolationKind, evaluate};
use wasmscope_analyze::Facts;
use wasmscope_findings::find;
use wasmscope_model::Severity;

/// Nobody writes a longer policy by hand.
const MOST_POLICY_BYTES: u64 = 4 << 20;

pub(super) struct Gate {
    policy: Option<Policy>,
    /// `--fail-on` as a policy: that way a file passes only if all of it was read.
    fail_on: Option<Policy>,
    /// What exceptions with an end are held against.
    today: Date,
}

impl Gate {
    pub(super) fn new(policy: Option<&Path>, fail_on: Option<Severity>) -> Result<Self, Failure> {
        Ok(Self {
            policy: policy.map(read).transpose()?,
            fail_on: fail_on.map(of_findings).transpose()?,
            today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        })
    }

    /// Finds what speaks against a module.
    pub(super) fn judge(&self, name: &str, facts: Facts) -> Known {
        let findings = find(&facts);
        let hold = |policy: &Policy| evaluate(policy, name, &facts, &findings, self.today);
        let violations = self.policy.as_ref().map(hold);
        let failing = self.fail_on.as_ref().map(hold).unwrap_or_default();
        let refused = !failing.is_empty() || violations.as_ref().is_some_and(|all| !all.is_empty());
        // The findings themselves are told anyway.
        let unread =
            failing.into_iter().filter(|violation| violation.kind == ViolationKind::NotRead).collect();
        Known { facts, findings, violations, unread, refused }
    }
}

fn of_findings(least: Severity) -> Result<Policy, Failure> {
    let text =
        format!("version = 1\n[default]\ninvalid = \"accept\"\n[default.findings]\nfail-on = \"{least}\"\n");
    Policy::parse(&text)
        .map_err(|error| Failure::host(anyhow::anyhow!("a defect of wasmscope: --fail-on: {error}")))
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
