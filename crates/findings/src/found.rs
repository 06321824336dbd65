//! Collecting what rules find, within bounds.

use crate::Rule;
use wasmscope_analyze::facts::{ModuleFacts, NamedFunction};
use wasmscope_model::{Confidence, Finding, FindingFunction, Severity};

/// Most findings of one rule in one file that are listed; those beyond are counted.
pub const MOST_PER_RULE: usize = 20;

/// What all rules found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The findings, the worst first.
    pub list: Vec<Finding>,
    /// How many findings of which rule are not listed, because there are more than [`MOST_PER_RULE`].
    pub omitted: Vec<(&'static str, u64)>,
}

impl Findings {
    pub(crate) fn add(&mut self, found: Found) {
        self.list.extend(found.list);
        if found.omitted > 0 {
            self.omitted.push((found.rule.id, found.omitted));
        }
    }
}

/// Takes what one rule finds in one file.
#[derive(Debug)]
pub struct Found {
    rule: &'static Rule,
    list: Vec<Finding>,
    omitted: u64,
}

impl Found {
    pub(crate) fn new(rule: &'static Rule) -> Self {
        Self { rule, list: Vec::new(), omitted: 0 }
    }

    /// Found in the file as a whole. `message` is one sentence without a full stop: what, how much, and how much is
    /// usual.
    pub fn in_file(&mut self, message: impl Into<String>) -> Place<'_> {
        self.add(None, message.into())
    }

    /// Found in one module of the file.
    pub fn in_module(&mut self, module: &ModuleFacts, message: impl Into<String>) -> Place<'_> {
        self.add(Some(module.path.clone()), message.into())
    }

    fn add(&mut self, module: Option<String>, message: String) -> Place<'_> {
        if self.list.len() >= MOST_PER_RULE {
            self.omitted += 1;
            return Place { finding: None };
        }
        self.list.push(Finding {
            rule: self.rule.id.to_owned(),
            severity: self.rule.severity,
            confidence: self.rule.confidence,
            message,
            module,
            offset: None,
            function: None,
        });
        Place { finding: self.list.last_mut() }
    }
}

/// Says more of a finding, if it is listed.
#[derive(Debug)]
pub struct Place<'f> {
    finding: Option<&'f mut Finding>,
}

impl Place<'_> {
    fn set(mut self, set: impl FnOnce(&mut Finding)) -> Self {
        if let Some(finding) = &mut self.finding {
            set(finding);
        }
        self
    }

    /// Where it is in the file, in bytes.
    pub fn at(self, offset: u64) -> Self {
        self.set(|finding| finding.offset = Some(offset))
    }

    /// In which function.
    pub fn function(self, index: u32, name: Option<&str>) -> Self {
        let name = name.map(ToOwned::to_owned);
        self.set(|finding| finding.function = Some(FindingFunction { index, name }))
    }

    /// In which function, and where that begins.
    pub fn named(self, function: &NamedFunction) -> Self {
        self.at(function.offset).function(function.index, function.name.as_deref())
    }

    /// Milder than the rule says; never worse.
    pub fn milder(self, severity: Severity) -> Self {
        self.set(|finding| finding.severity = finding.severity.min(severity))
    }

    /// Less sure than the rule says; never surer.
    pub fn less_sure(self, confidence: Confidence) -> Self {
        self.set(|finding| finding.confidence = finding.confidence.min(confidence))
    }
}
