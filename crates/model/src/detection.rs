//! Detections: what a rule states about a workload, and why.

use crate::{Confidence, Event, Frame, Pid, Severity, Sha256, WorkloadId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How far a rule has proven itself, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Maturity {
    /// Its samples pass.
    Experimental,
    /// A real runtime and a guest of ours have shown it, and ordinary guests do not set it off.
    Incubating,
    /// It has been in use for some time without false alarms that its text does not name.
    Stable,
}

impl Maturity {
    /// All, least first.
    pub const ALL: [Maturity; 3] = [Self::Experimental, Self::Incubating, Self::Stable];

    /// The name, also of the folder of such rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Experimental => "experimental",
            Self::Incubating => "incubating",
            Self::Stable => "stable",
        }
    }
}

impl fmt::Display for Maturity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not one of the three names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownMaturity;

impl FromStr for Maturity {
    type Err = UnknownMaturity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|maturity| maturity.as_str() == text).ok_or(UnknownMaturity)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// What a rule states about a workload.
///
/// Texts about the rule are those of the rule's author; those about the workload, the evidence and the stack come from the
/// observed process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// Which workload.
    #[serde(rename = "workload.id")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{16}$"))]
    pub id: WorkloadId,
    /// Its process.
    #[serde(rename = "process.pid")]
    #[schemars(with = "u32")]
    pub pid: Pid,
    /// Id of the rule. Stable across versions.
    #[serde(rename = "security_rule.name")]
    pub rule: String,
    /// What the rule states, in one sentence.
    #[serde(rename = "security_rule.description")]
    pub title: String,
    /// How bad it is if it is true.
    #[serde(rename = "detection.severity")]
    pub severity: Severity,
    /// How sure: the rule's own, changed by the reasons.
    #[serde(rename = "detection.confidence")]
    pub confidence: Confidence,
    /// Why it is surer or less sure than the rule alone; of baselines what is new, what is usual, and the score.
    #[serde(rename = "detection.confidence.reasons", skip_serializing_if = "Vec::is_empty", default)]
    pub reasons: Vec<String>,
    /// How far the rule has proven itself.
    #[serde(rename = "detection.maturity")]
    pub maturity: Maturity,
    /// ATT&CK techniques.
    #[serde(rename = "detection.attack", skip_serializing_if = "Vec::is_empty", default)]
    pub attack: Vec<String>,
    /// Weaknesses, e.g. `CWE-22`.
    #[serde(rename = "detection.cwe", skip_serializing_if = "Vec::is_empty", default)]
    pub cwe: Vec<String>,
    /// Classes of wasmscope's own threat catalogue, e.g. `B5`.
    #[serde(rename = "detection.threats", skip_serializing_if = "Vec::is_empty", default)]
    pub threats: Vec<String>,
    /// What to do.
    #[serde(rename = "detection.advice")]
    pub advice: String,
    /// How many events it is made of: those that matched within the window, the last included.
    #[serde(rename = "detection.count")]
    pub count: u64,
    /// When the first of them was, `CLOCK_MONOTONIC`, nanoseconds.
    #[serde(rename = "detection.since_ns")]
    pub since_ns: u64,
    /// Detections of the same that were withheld since the last one that was told.
    #[serde(rename = "detection.suppressed", skip_serializing_if = "is_zero", default)]
    pub suppressed: u64,
    /// Events were lost meanwhile: there may have been more, or others.
    #[serde(rename = "detection.lossy", skip_serializing_if = "is_false", default)]
    pub lossy: bool,
    /// Events that it is made of, in order: the first ones and the last. `docs/events.md` has their fields.
    #[serde(rename = "detection.evidence")]
    #[schemars(schema_with = "events_schema")]
    pub evidence: Vec<Event>,
    /// Name of the runtime.
    #[serde(rename = "wasm.runtime.name", skip_serializing_if = "Option::is_none", default)]
    pub runtime: Option<String>,
    /// Its version.
    #[serde(rename = "wasm.runtime.version", skip_serializing_if = "Option::is_none", default)]
    pub runtime_version: Option<String>,
    /// Path of the module file, as the process sees it.
    #[serde(rename = "wasm.module.path", skip_serializing_if = "Option::is_none", default)]
    pub module_path: Option<String>,
    /// Its hash.
    #[serde(rename = "wasm.module.sha256", skip_serializing_if = "Option::is_none", default)]
    pub module_sha256: Option<Sha256>,
    /// Guest functions that led to the last event, innermost first.
    #[serde(rename = "wasm.stack", skip_serializing_if = "Vec::is_empty", default)]
    #[schemars(schema_with = "frames_schema")]
    pub stack: Vec<Frame>,
}

fn events_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["wasmscope.format", "time", "time.monotonic_ns", "event.name"],
        },
    })
}

fn frames_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "wasm.module.index": { "type": "integer", "minimum": 0 },
                "wasm.function.index": { "type": "integer", "minimum": 0 },
                "wasm.function.name": { "type": "string" },
                "wasm.function.offset": { "type": "integer", "minimum": 0 },
            },
            "required": ["wasm.module.index", "wasm.function.index"],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maturities_are_read_as_they_are_written() {
        for maturity in Maturity::ALL {
            assert_eq!(maturity.as_str().parse(), Ok(maturity));
            assert_eq!(serde_json::to_string(&maturity).unwrap(), format!("{:?}", maturity.as_str()));
        }
        assert_eq!("Stable".parse::<Maturity>(), Err(UnknownMaturity));
    }
}
