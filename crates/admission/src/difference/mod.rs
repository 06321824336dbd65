//! What an update changed.

mod capabilities;
mod findings;
mod items;
mod modules;
mod worse;

pub use capabilities::{CapabilityChanges, GainedCapability, PathChange};
pub use findings::FindingChanges;
pub use items::Change;
pub use modules::ModuleDifference;
pub use worse::Worse;

use items::{Items, changes};
use serde::Serialize;
use wasmscope_analyze::Facts;
use wasmscope_findings::Findings;
use wasmscope_model::Sha256;

/// The two files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed<T> {
    /// Before.
    pub old: T,
    /// After.
    pub new: T,
}

/// What differs between two versions of a module. In every list, what is gone is `old` alone and what came is `new` alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The two files.
    pub sha256: Changed<Sha256>,
    /// What they may ask of the host.
    pub capabilities: CapabilityChanges,
    /// What rules found, matched by rule, severity, module and function name, not by place.
    pub findings: FindingChanges,
    /// Kind, validity, size, number of modules.
    pub file: Vec<Change>,
    /// Interfaces that the host has to give, with their versions.
    pub interfaces: Vec<Change>,
    /// Imports of the file: the outermost component's, or the module's.
    pub imports: Vec<Change>,
    /// Exports of the file.
    pub exports: Vec<Change>,
    /// The core modules.
    pub modules: Vec<ModuleDifference>,
    /// What of either file was not completely read, so that differences may be missing.
    pub incomplete: Vec<String>,
}

impl Difference {
    /// Is nothing different that analysis knows of? Two files of different bytes can be so.
    pub fn is_empty(&self) -> bool {
        self.capabilities.is_empty()
            && self.findings.is_empty()
            && [&self.file, &self.interfaces, &self.imports, &self.exports].iter().all(|list| list.is_empty())
            && self.modules.is_empty()
    }
}

/// Compares two versions of a module.
///
/// The modules inside components are matched by their hash, else by their name, else by their path.
pub fn difference(old: (&Facts, &Findings), new: (&Facts, &Findings)) -> Difference {
    let pairs = modules::pairs(old.0, new.0);
    let incomplete = [("old", old.0), ("new", new.0)].into_iter().filter_map(|(which, facts)| {
        crate::evaluate::incomplete(facts).map(|why| format!("the {which} file: {why}"))
    });
    Difference {
        sha256: Changed { old: old.0.sha256, new: new.0.sha256 },
        capabilities: CapabilityChanges::of(old.0, new.0),
        findings: FindingChanges::of(old.1, new.1, &pairs),
        file: changes(file(old.0), file(new.0)),
        interfaces: changes(items::interfaces(old.0), items::interfaces(new.0)),
        imports: changes(items::imports(old.0), items::imports(new.0)),
        exports: changes(items::exports(old.0), items::exports(new.0)),
        modules: pairs.differences(),
        incomplete: incomplete.collect(),
    }
}

fn file(facts: &Facts) -> Items {
    let validity = match &facts.validation.error {
        None if facts.validation.valid => "valid".to_owned(),
        Some(problem) => format!("not valid, or not known to be: {}", problem.message),
        None => "not known to be valid".to_owned(),
    };
    let kind = match facts.kind {
        wasmscope_analyze::facts::Kind::Module => "module",
        wasmscope_analyze::facts::Kind::Component => "component",
    };
    let mut items = Items::default();
    items.one("kind", kind);
    items.one("validity", validity);
    items.one("size", format!("{} B", facts.size));
    items.one("core modules", facts.module_count);
    items
}
