//! Rules: reading, checking and compiling them.

mod compile;
mod file;
mod load;
mod place;

use crate::{
    condition::{Key, Nodes, Plan},
    envelope::Own,
    window::Shape,
};
use std::fmt;
use wasmscope_model::{Confidence, Kind, Maturity, Severity};

/// Where a rule comes from: `shipped`, or a folder.
pub type Origin = String;

/// What a rule asks of time, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// Every matching event by itself.
    Single,
    /// So many events.
    Count,
    /// So many different values.
    Distinct,
    /// Steps in their order.
    Sequence,
    /// Even distances.
    Regular,
}

impl fmt::Display for WindowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Count => "count",
            Self::Distinct => "distinct",
            Self::Sequence => "sequence",
            Self::Regular => "regular",
        })
    }
}

/// One rule, ready for use.
#[derive(Debug)]
pub struct Rule {
    /// Stable id, the name of its folder.
    pub id: String,
    /// What it states, in one sentence.
    pub title: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// How far it has proven itself.
    pub maturity: Maturity,
    /// How sure it is by itself.
    pub confidence: Confidence,
    /// ATT&CK techniques: `T1611`.
    pub attack: Vec<String>,
    /// Weaknesses: `CWE-22`.
    pub cwe: Vec<String>,
    /// Classes of the threat catalogue: `B5`.
    pub threats: Vec<String>,
    /// When it is wrong.
    pub false_positives: Vec<String>,
    /// What to do.
    pub advice: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The events that it looks at.
    pub events: Vec<Kind>,
    /// Findings about the module that make it surer.
    pub raised_by: Vec<String>,
    /// The text of its file and of all lists and macros: the same for the same rule.
    pub(crate) fingerprint: u64,
    pub(crate) window: Option<RuleWindow>,
    pub(crate) suppress: Suppress,
    pub(crate) limit: Limit,
}

impl Rule {
    /// What it asks of time.
    pub fn window_kind(&self) -> WindowKind {
        match self.window.as_ref().map(|window| window.shape) {
            None => WindowKind::Single,
            Some(Shape::Count { .. }) => WindowKind::Count,
            Some(Shape::Distinct { .. }) => WindowKind::Distinct,
            Some(Shape::Sequence { .. }) => WindowKind::Sequence,
            Some(Shape::Regular { .. }) => WindowKind::Regular,
        }
    }
}

/// A window of a rule.
#[derive(Debug)]
pub(crate) struct RuleWindow {
    pub(crate) shape: Shape,
    /// Nanoseconds.
    pub(crate) within: u64,
    /// One window for all workloads of a module.
    pub(crate) across_module: bool,
    /// The value of which different or equal ones count.
    pub(crate) of: Option<Key>,
}

/// The same again is withheld for a time.
#[derive(Debug)]
pub(crate) struct Suppress {
    /// Nanoseconds.
    pub(crate) time: u64,
    /// What tells one from another, within a workload.
    pub(crate) per: Option<Key>,
}

/// A rule tells no more than this, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) detections: u32,
    /// Nanoseconds.
    pub(crate) per: u64,
}

/// A condition of a rule, as one kind of event asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check {
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Step of its sequence.
    pub(crate) step: u8,
}

/// What is asked of one kind of event.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// By rule, and the last step of a sequence first: one event is not two steps.
    pub(crate) checks: Vec<Check>,
    /// When each of them matches, by its index.
    pub(crate) plan: Plan,
}

/// Rules that were checked, by the kinds of events that they look at.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) by_kind: Vec<Checks>,
    pub(crate) nodes: Nodes,
    /// What runtimes do for themselves.
    pub(crate) own: Own,
}

impl RuleSet {
    /// The rules, by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(crate) fn of(&self, kind: Kind) -> &Checks {
        &self.by_kind[kind as usize]
    }
}
