//! The keys of a policy file, as `docs/policy.md` lists them.

use super::calls::Written;
use super::pattern::{ImportPattern, ItemPattern, NamePattern};
use super::values::{Day, OneOrMany, Size};
use super::words::{Invalid, Judge, Prohibition, ProposalWord, Requirement, RuleId, Word};
use super::{PolicyError, error};
use serde::Deserialize;
use toml::Spanned;
use wasmscope_analyze::Capability;
use wasmscope_model::{Severity, Sha256};

/// The version of the format that this crate reads.
const VERSION: i64 = 1;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "version")]
    _version: i64,
    /// For modules that no entry is for, and for keys that an entry does not have.
    pub(crate) default: Option<Spanned<Entry>>,
    /// The entries, tried in this order.
    #[serde(default)]
    pub(crate) module: Vec<Spanned<Entry>>,
}

/// Just the version: what else a later version has is not known.
#[derive(Deserialize)]
struct OnlyVersion {
    version: Option<Spanned<i64>>,
}

impl File {
    pub(crate) fn parse(source: &str) -> Result<Self, PolicyError> {
        let toml = |error: toml::de::Error| error::PolicyError::of(source, &error);
        match toml::from_str::<OnlyVersion>(source).map_err(toml)?.version {
            None => {
                return Err(PolicyError::new(source, 0, "the version is missing: begin with `version = 1`"));
            }
            Some(version) if *version.get_ref() != VERSION => {
                let message =
                    format!("version {} is not known: this program reads version 1", version.get_ref());
                return Err(PolicyError::new(source, version.span().start, message));
            }
            Some(_) => {}
        }
        let file: Self = toml::from_str(source).map_err(toml)?;
        file.check(source)?;
        Ok(file)
    }

    /// What the types cannot say.
    fn check(&self, source: &str) -> Result<(), PolicyError> {
        if let Some(pattern) = self.default.as_ref().and_then(|default| default.get_ref().r#match.as_ref()) {
            let message = "the default has no `match`: it is for all that no [[module]] matches";
            return Err(PolicyError::new(source, pattern.span().start, message));
        }
        for entry in &self.module {
            if entry.get_ref().r#match.is_none() {
                let message = "a [[module]] needs a `match`: the pattern of the files that it is for";
                return Err(PolicyError::new(source, entry.span().start, message));
            }
        }
        let entries = self.module.iter().chain(&self.default).map(Spanned::get_ref);
        for call in entries.clone().filter_map(|entry| entry.calls.as_ref()).flat_map(Spanned::get_ref) {
            call.get_ref().check(source, call.span().start)?;
        }
        let exceptions = entries.filter_map(|entry| entry.findings.allow.as_ref()).flat_map(Spanned::get_ref);
        for exception in exceptions {
            if exception.get_ref().reason.trim().is_empty() {
                let message = "an exception needs a reason that a reader can judge";
                return Err(PolicyError::new(source, exception.span().start, message));
            }
        }
        Ok(())
    }
}

/// What some modules may do. A key that is not there demands nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    /// Which files it is for.
    pub(crate) r#match: Option<Spanned<NamePattern>>,
    /// The approved files.
    pub(crate) sha256: Option<Spanned<OneOrMany<Sha256>>>,
    /// Are files accepted that are not valid, or could not be validated?
    pub(crate) invalid: Option<Spanned<Word<Invalid>>>,
    /// The allowed capabilities.
    pub(crate) capabilities: Option<Spanned<Vec<Word<Capability>>>>,
    /// By what capabilities are judged.
    pub(crate) judge: Option<Spanned<Word<Judge>>>,
    /// The allowed imports.
    pub(crate) imports: Option<Spanned<Vec<ImportPattern>>>,
    /// The allowed exports.
    pub(crate) exports: Option<Spanned<Vec<ItemPattern>>>,
    /// The allowed proposals beyond the first version of WebAssembly.
    pub(crate) proposals: Option<Spanned<Vec<ProposalWord>>>,
    /// The forbidden proposals.
    pub(crate) deny_proposals: Option<Spanned<Vec<ProposalWord>>>,
    /// The allowed languages, as analysis names them.
    pub(crate) languages: Option<Spanned<Vec<String>>>,
    /// The allowed toolchains, as analysis names them.
    pub(crate) toolchains: Option<Spanned<Vec<String>>>,
    /// What has to be there.
    pub(crate) require: Option<Spanned<Vec<Word<Requirement>>>>,
    /// What must not be there.
    pub(crate) forbid: Option<Spanned<Vec<Word<Prohibition>>>>,
    /// What is done about single calls.
    pub(crate) calls: Option<Spanned<Vec<Spanned<Written>>>>,
    /// How much of everything.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Which findings are too bad.
    #[serde(default)]
    pub(crate) findings: Judged,
}

impl Entry {
    /// Its pattern, or `default`.
    pub(crate) fn name(&self) -> &str {
        self.r#match.as_ref().map_or("default", |pattern| &pattern.get_ref().text)
    }
}

/// How much of everything, in the whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Limits {
    /// Bytes of the file.
    pub(crate) file_size: Option<Spanned<Size>>,
    /// Core modules in the file.
    pub(crate) modules: Option<Spanned<u64>>,
    /// Bytes that all memories have at start.
    pub(crate) memory_minimum: Option<Spanned<Size>>,
    /// Bytes that all memories may have at most.
    pub(crate) memory_maximum: Option<Spanned<Size>>,
    /// Elements that all tables have at start.
    pub(crate) table_elements: Option<Spanned<u64>>,
    /// Functions with a body.
    pub(crate) functions: Option<Spanned<u64>>,
    /// Bytes of the largest function.
    pub(crate) function_size: Option<Spanned<Size>>,
    /// Locals of the function with the most.
    pub(crate) locals: Option<Spanned<u64>>,
    /// Bytes of all data segments.
    pub(crate) data: Option<Spanned<Size>>,
}

/// Which findings are too bad.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Judged {
    /// From this severity on.
    pub(crate) fail_on: Option<Spanned<Word<Severity>>>,
    /// Only if this sure, in percent.
    pub(crate) minimum_confidence: Option<Spanned<u8>>,
    /// Rules that are excepted.
    pub(crate) allow: Option<Spanned<Vec<Spanned<Exception>>>>,
}

/// A rule whose findings are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// The rule's id.
    pub(crate) rule: Word<RuleId>,
    /// Why.
    pub(crate) reason: String,
    /// The last day on which it holds.
    pub(crate) until: Option<Day>,
}
