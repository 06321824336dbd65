//! What an evaluation found: the JSON form, and as tables.

mod markdown;
mod summary;
mod table;

pub use crate::stats::Spread;
pub use markdown::escaped;
pub use summary::{FalseAlarms, Latency, Overhead, Seeing, Summary};
pub use table::Part;

use crate::{Kind, Vantage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasmscope_model::Severity;

/// Version of the JSON form.
pub const FORMAT: u32 = 1;

/// An evaluation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// Version of this form: 1.
    pub format: u32,
    /// What `wasmscope --version` says.
    pub wasmscope: String,
    /// When it began, RFC 3339, UTC.
    pub began: String,
    /// How long it took.
    pub seconds: f64,
    /// What it ran on.
    pub host: Host,
    /// From where was looked.
    pub vantage_points: Vec<Vantage>,
    /// How often each guest was run in each runtime and from each vantage point.
    pub repeat: usize,
    /// Runtimes, the first being that of which most is expected.
    pub runtimes: Vec<RuntimeUsed>,
    /// Classes of threats that guests show.
    pub classes: BTreeMap<String, ClassUsed>,
    /// The matrix.
    pub guests: Vec<GuestResult>,
    /// Ordinary guests, all at once, over and over.
    pub soaks: Vec<Soak>,
    /// What comes of it.
    pub summary: Summary,
}

/// What it ran on. Names of hosts are not told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Release of the kernel.
    pub kernel: String,
    /// Processors.
    pub processors: usize,
}

/// A runtime.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeUsed {
    /// As it was named.
    pub name: String,
    /// The first line of what it says of its version.
    pub version: String,
}

/// A class of threats.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClassUsed {
    /// What it is.
    pub title: String,
    /// From where something is to be seen of it, by the threat catalogue.
    pub sees: Vec<Vantage>,
}

/// A row of the matrix.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GuestResult {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Classes of threats.
    pub threats: Vec<String>,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// From each vantage point, in each runtime.
    pub cells: Vec<Cell>,
}

/// One guest from one vantage point in one runtime.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// From where.
    pub vantage: Vantage,
    /// In which runtime. Absent where none is used (`module`), or the program brings its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// Why it was not detected, not run, or nothing is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the threat catalogue says that something is to be seen from here.
    pub marked: bool,
    /// What must tell it.
    pub expected: Vec<String>,
    /// Of that, what did not in at least one of the runs.
    pub missing: Vec<String>,
    /// What was told.
    pub found: Vec<Found>,
    /// Runs that were made.
    pub runs: usize,
    /// Runs that were stopped because their time was over.
    pub hung: usize,
    /// Seconds that each run took, from the command to its end.
    pub seconds: Vec<f64>,
    /// The same without being watched, in turns with those.
    pub unwatched_seconds: Vec<f64>,
    /// Seconds that workloads existed, of all runs together.
    pub workload_seconds: f64,
    /// Events that were lost.
    pub lost: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// An attack, and it was told.
    Detected,
    /// An attack, and nothing told it.
    Missed,
    /// An attack of which nothing is to be seen from here.
    NotApplicable,
    /// It did not run here.
    NotRun,
    /// No attack, and nothing of medium severity or above was told.
    Quiet,
    /// No attack, and something of medium severity or above was told.
    FalseAlarm,
    /// Nobody said what it is, and this was told.
    Shown,
}

/// A rule, finding or pass that told something.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Its id.
    pub name: String,
    /// The worst severity that it gave.
    pub severity: Severity,
    /// Whether it counts: it is expected, or it is of medium severity or above and of a class of the guest.
    pub counts: bool,
    /// How often, in all runs together.
    pub times: u64,
    /// In how many runs.
    pub runs: usize,
    /// Milliseconds from the event that completed the evidence to the line of output; of the first in each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_ms: Option<Spread>,
    /// Milliseconds from the command that started the guest to the line of output; of the first in each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<Spread>,
}

/// Ordinary guests run side by side, each again when it has ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Soak {
    /// In which runtime.
    pub runtime: String,
    /// Seconds that it took.
    pub seconds: f64,
    /// Seconds that workloads existed.
    pub workload_seconds: f64,
    /// Workloads that ended.
    pub workloads: u64,
    /// Guests that took part.
    pub guests: Vec<String>,
    /// Guests that did not, and why.
    pub left_out: BTreeMap<String, String>,
    /// What was told: by which rule, of which module, how bad, how often.
    pub alarms: Vec<Alarm>,
    /// Events that were lost.
    pub lost: u64,
}

/// A false alarm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// The rule.
    pub rule: String,
    /// How bad it says it is.
    pub severity: Severity,
    /// The guest.
    pub guest: String,
    /// How often.
    pub times: u64,
}

impl Evaluation {
    /// Tables for a terminal.
    pub fn text(&self) -> String {
        table::text(self)
    }

    /// One table as Markdown; nothing if it has no rows.
    pub fn markdown_of(&self, part: Part) -> String {
        markdown::table(self, part)
    }

    /// All tables as Markdown.
    pub fn markdown(&self) -> String {
        markdown::page(self)
    }
}
