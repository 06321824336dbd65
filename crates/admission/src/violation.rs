//! What a module does that a policy does not allow.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use wasmscope_analyze::facts::Path;
use wasmscope_model::FindingFunction;

/// Most violations of one kind that are listed; a last one says how many more there are.
pub const MOST_PER_KIND: usize = 50;

/// What kind of violation. The names in JSON are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationKind {
    /// No entry of the policy is for the file, and there is no default.
    NoEntry,
    /// The file is not one of the approved ones.
    Hash,
    /// The file is not valid, or was not validated.
    Invalid,
    /// A capability that is not allowed.
    Capability,
    /// A finding that is too bad.
    Finding,
    /// An import that no pattern allows.
    Import,
    /// An export that no pattern allows.
    Export,
    /// A proposal that is not allowed.
    Proposal,
    /// A language that is not allowed, or none was recognised.
    Language,
    /// A toolchain that is not allowed, or none was recognised.
    Toolchain,
    /// Too much of something.
    Limit,
    /// Something that has to be there is not.
    Required,
    /// Something is there that must not be.
    Forbidden,
    /// A key cannot be judged, because something of the file was not read.
    NotRead,
}

impl ViolationKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 14] = [
        Self::NoEntry,
        Self::Hash,
        Self::Invalid,
        Self::Capability,
        Self::Finding,
        Self::Import,
        Self::Export,
        Self::Proposal,
        Self::Language,
        Self::Toolchain,
        Self::Limit,
        Self::Required,
        Self::Forbidden,
        Self::NotRead,
    ];

    /// What a violation of this kind means, in one sentence with its full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoEntry => "No entry of the policy is for the file, and there is no default.",
            Self::Hash => "The file is not one of those that the policy approves.",
            Self::Invalid => "The file is not valid, or was not validated.",
            Self::Capability => "A capability that the policy does not allow can be reached.",
            Self::Finding => "A finding is worse than the policy accepts.",
            Self::Import => "An import that the policy does not allow.",
            Self::Export => "An export that the policy does not allow.",
            Self::Proposal => "A WebAssembly proposal that the policy does not allow.",
            Self::Language => "A language that the policy does not allow, or none was recognised.",
            Self::Toolchain => "A toolchain that the policy does not allow, or none was recognised.",
            Self::Limit => "More of something than the policy allows.",
            Self::Required => "Something that the policy requires is not there.",
            Self::Forbidden => "Something is there that the policy forbids.",
            Self::NotRead => "The policy cannot be judged, because something of the file was not read.",
        }
    }

    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEntry => "no-entry",
            Self::Hash => "hash",
            Self::Invalid => "invalid",
            Self::Capability => "capability",
            Self::Finding => "finding",
            Self::Import => "import",
            Self::Export => "export",
            Self::Proposal => "proposal",
            Self::Language => "language",
            Self::Toolchain => "toolchain",
            Self::Limit => "limit",
            Self::Required => "required",
            Self::Forbidden => "forbidden",
            Self::NotRead => "not-read",
        }
    }
}

/// The place in a policy that something is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Clause {
    /// The entry's pattern, or `default`.
    pub entry: String,
    /// The line of the policy file, from 1; 0 for what holds without being written.
    pub line: usize,
    /// The key and its value.
    pub says: String,
}

/// One thing about a module that a policy does not allow.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Violation {
    /// What kind.
    pub kind: ViolationKind,
    /// What exactly: the name of the capability, import, rule, limit, …. May be a name of the module's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the module has, in one sentence without a full stop. May quote names of the module.
    pub message: String,
    /// What the policy says.
    pub policy: Clause,
    /// Which module of the file, as its facts name it: `component/module[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Where in the file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// In which function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<FindingFunction>,
    /// The shortest way of calls to it, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// Why the module may be innocent: what analysis could not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// What to do.
    pub remedy: String,
}

impl Violation {
    pub(crate) fn new(
        kind: ViolationKind,
        policy: Clause,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            subject: None,
            message: message.into(),
            policy,
            module: None,
            offset: None,
            function: None,
            path: None,
            doubt: None,
            remedy: remedy.into(),
        }
    }

    pub(crate) fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    pub(crate) fn module(self, path: &str) -> Self {
        Self { module: Some(path.to_owned()), ..self }
    }

    pub(crate) fn at(self, offset: Option<u64>) -> Self {
        Self { offset, ..self }
    }

    pub(crate) fn doubt(self, doubt: Option<String>) -> Self {
        Self { doubt, ..self }
    }
}

/// Takes violations, not more of a kind than anybody reads.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    list: Vec<Violation>,
    counts: BTreeMap<ViolationKind, usize>,
}

impl Verdict {
    pub(crate) fn add(&mut self, violation: Violation) {
        let count = self.counts.entry(violation.kind).or_default();
        *count += 1;
        if *count <= MOST_PER_KIND {
            self.list.push(violation);
        }
    }

    /// The violations, by kind, each kind in the order in which it came.
    pub(crate) fn finish(mut self) -> Vec<Violation> {
        for (kind, count) in self.counts {
            let more = count.saturating_sub(MOST_PER_KIND);
            let last = self.list.iter().rfind(|violation| violation.kind == kind);
            if let Some(last) = last.filter(|_| more > 0) {
                let message = format!("{more} more of this kind");
                let more = Violation::new(kind, last.policy.clone(), message, last.remedy.clone());
                self.list.push(more);
            }
        }
        self.list.sort_by_key(|violation| violation.kind);
        self.list
    }
}
