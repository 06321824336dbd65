//! What was done about a detection.

use crate::{Pid, WorkloadId, activity::Word};
use serde::{Deserialize, Serialize};

/// Something that was done, or was to be done, because a file says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// About which workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// Its process.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// Id of the rule whose detection it answers; absent of what the kernel does at a system call.
    #[serde(rename = "security_rule.name", skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// What the file calls it.
    #[serde(rename = "response.name")]
    pub name: String,
    /// `stop`, `kill`, `command`, `webhook`.
    #[serde(rename = "response.action")]
    pub action: Word,
    /// `done`; `gone`: the program had ended before; `failed`; `limited` and `dropped`: not even begun.
    #[serde(rename = "response.outcome")]
    pub outcome: Word,
    /// Why it was not done.
    #[serde(rename = "response.reason", skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The act that it answers: it had `happened` before, or had been `refused`. No response comes before the act.
    #[serde(rename = "response.act")]
    pub act: Word,
    /// Milliseconds from the detection to the end of the response; absent where nothing was begun, or the kernel did it.
    #[serde(rename = "response.delay_ms", skip_serializing_if = "Option::is_none", default)]
    pub delay_ms: Option<f64>,
}
