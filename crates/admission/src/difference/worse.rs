//! Does an update ask for more than before?

use super::Difference;
use serde::Serialize;
use wasmscope_analyze::Capability;
use wasmscope_findings::rule;
use wasmscope_model::Severity;

/// A reason not to accept an update without a look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Worse {
    /// A capability that it had not.
    CapabilityGained {
        /// Which one.
        capability: Capability,
    },
    /// A capability that it had, but that nothing led to.
    CapabilityNowReachable {
        /// Which one.
        capability: Capability,
    },
    /// A finding that it had not.
    FindingGained {
        /// The rule.
        rule: String,
        /// How bad.
        severity: Severity,
    },
    /// A core module had a signature and has none now, or has other keys.
    SignatureChanged {
        /// Where the module was.
        module: String,
    },
    /// It is no longer known to be valid.
    NoLongerValid,
    /// One of the files was not completely read.
    Incomplete {
        /// What was not.
        what: String,
    },
}

impl Difference {
    /// Why somebody should look before the update is used: the reason for exit status 1. Empty for a harmless update.
    ///
    /// Findings count from the severity `at_least` on.
    pub fn worse(&self, at_least: Severity) -> Vec<Worse> {
        let mut worse = Vec::new();
        let capabilities = &self.capabilities;
        worse.extend(
            capabilities
                .gained
                .iter()
                .map(|gained| Worse::CapabilityGained { capability: gained.capability }),
        );
        worse.extend(
            capabilities
                .now_reachable
                .iter()
                .map(|gained| Worse::CapabilityNowReachable { capability: gained.capability }),
        );
        let gained = self.findings.gained.iter().map(|finding| (finding.rule.clone(), finding.severity));
        // Those that are not listed may each be as bad as their rule.
        let omitted = self
            .findings
            .more_omitted
            .keys()
            .map(|id| (id.clone(), rule(id).map_or(Severity::Critical, |rule| rule.severity)));
        worse.extend(
            gained
                .chain(omitted)
                .filter(|(_, severity)| *severity >= at_least)
                .map(|(rule, severity)| Worse::FindingGained { rule, severity }),
        );
        for module in &self.modules {
            let signature = module.protection.iter().find(|change| change.what == "signature");
            if let (Some(path), Some(_)) = (&module.old, signature.and_then(|change| change.old.as_ref())) {
                worse.push(Worse::SignatureChanged { module: path.clone() });
            }
        }
        let validity = self.file.iter().find(|change| change.what == "validity");
        if validity.is_some_and(|change| change.old.as_deref() == Some("valid")) {
            worse.push(Worse::NoLongerValid);
        }
        worse.extend(self.incomplete.iter().map(|what| Worse::Incomplete { what: what.clone() }));
        worse
    }
}
