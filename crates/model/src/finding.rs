//! What static analysis holds against a module.

use crate::Confidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How bad it is if it is true, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Info,
    /// A hardening that is missing: it makes another fault worse.
    Low,
    /// A weakness, or something that deserves a look before the module runs.
    Medium,
    /// An attack, or an open door: do not run it before somebody has looked.
    High,
    /// Malicious or exploitable beyond reasonable doubt.
    Critical,
}

impl Severity {
    /// All, least first.
    pub const ALL: [Severity; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in output, policies and `--fail-on`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not one of the five names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSeverity;

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such severity: info, low, medium, high and critical are known")
    }
}

impl std::error::Error for UnknownSeverity {}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text).ok_or(UnknownSeverity)
    }
}

/// A function of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FindingFunction {
    /// Index, imported functions counted first.
    pub index: u32,
    /// Its name, as the module has it: escape it when showing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Something true of a module's bytes that somebody should know before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule that found it: `miner-constants`. Stable across versions.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// How sure, from the rule's measured or estimated false positives.
    pub confidence: Confidence,
    /// What was found, in one sentence. May quote names of the module: escape it when showing it.
    pub message: String,
    /// Which module of the file, as its facts name it: `component/module[1]`; `None` for the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Where in the file, in bytes; `None` if it has no single place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// In which function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<FindingFunction>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_read_as_they_are_written() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse(), Ok(severity));
            assert_eq!(serde_json::to_string(&severity).unwrap(), format!("{:?}", severity.as_str()));
        }
        assert_eq!("High".parse::<Severity>(), Err(UnknownSeverity));
    }
}
