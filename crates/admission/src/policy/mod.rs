//! The policy file.

mod calls;
mod error;
mod file;
mod pattern;
mod values;
mod words;

pub use calls::{CallLimit, CallRule, CallVerdict};
pub use error::PolicyError;
pub(crate) use file::{Entry, Exception};
pub(crate) use pattern::{ImportPattern, escape_name, literal_import, normal};
pub(crate) use values::{Size, size_text};
pub(crate) use words::{Invalid, Judge, Prohibition, ProposalWord, Requirement};

use crate::Clause;
use error::position;
use file::File;
use std::ops::Range;
use toml::Spanned;
use wasmscope_analyze::Capabilities;

/// Most of a key's value that a [`Clause`] quotes, in characters.
const QUOTED: usize = 120;

/// What modules may do. Made by [`parse`](Self::parse) out of the text of a `wasmscope.policy.toml`.
#[derive(Debug, Clone)]
pub struct Policy {
    source: String,
    default: Option<Entry>,
    modules: Vec<Entry>,
}

impl Policy {
    /// Reads the text of a policy file.
    ///
    /// # Errors
    ///
    /// If it is no TOML, has keys or values that a policy does not know, is of another version, or leaves something
    /// mandatory out. The error says where, and what would be right.
    pub fn parse(source: &str) -> Result<Self, PolicyError> {
        let file = File::parse(source)?;
        Ok(Self {
            source: source.to_owned(),
            default: file.default.map(Spanned::into_inner),
            modules: file.module.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    /// The capabilities that the module of this name may have; `None` if the policy does not say.
    ///
    /// [`evaluate`](crate::evaluate) judges by what a module imports. Who runs it can refuse the calls themselves.
    pub fn capabilities(&self, name: &str) -> Option<Capabilities> {
        let said = self.rules(name)?.get("capabilities", |entry| entry.capabilities.as_ref())?;
        Some(said.value.iter().map(|word| word.0).collect())
    }

    /// What is to be done about single calls of the module of this name, in order.
    pub fn calls(&self, name: &str) -> Vec<CallRule> {
        let said = self.rules(name).and_then(|rules| rules.get("calls", |entry| entry.calls.as_ref()));
        said.iter().flat_map(|said| said.value).map(|call| call.get_ref().rule()).collect()
    }

    /// What holds for the module of this name; `None` if neither an entry nor a default is there.
    ///
    /// Of the entries, the first whose pattern fits the name; a key that it does not have is the default's.
    pub(crate) fn rules(&self, name: &str) -> Option<Rules<'_>> {
        let name = normal(name);
        let entry = self
            .modules
            .iter()
            .find(|entry| entry.r#match.as_ref().is_some_and(|pattern| pattern.get_ref().fits(&name)));
        (entry.is_some() || self.default.is_some()).then_some(Rules { policy: self, entry })
    }

    fn clause(&self, entry: &str, key: &str, span: Range<usize>) -> Clause {
        let text = self.source.get(span.clone()).unwrap_or_default();
        let mut says = format!("{key} = {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
        if let Some((cut, _)) = says.char_indices().nth(QUOTED) {
            says.truncate(cut);
            says.push('…');
        }
        Clause { entry: entry.to_owned(), line: position(&self.source, span.start).0, says }
    }
}

/// One entry of a policy over its default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'p> {
    policy: &'p Policy,
    entry: Option<&'p Entry>,
}

/// What a key says, and where.
#[derive(Debug, Clone)]
pub(crate) struct Said<'p, T> {
    pub(crate) value: &'p T,
    pub(crate) key: &'static str,
    clause: Clause,
}

impl<T> Said<'_, T> {
    pub(crate) fn clause(&self) -> Clause {
        self.clause.clone()
    }
}

impl<'p> Rules<'p> {
    /// The value of a key: the entry's, else the default's. `key` is its name in the file.
    pub(crate) fn get<T>(
        &self,
        key: &'static str,
        pick: impl Fn(&'p Entry) -> Option<&'p Spanned<T>>,
    ) -> Option<Said<'p, T>> {
        let levels = [self.entry, self.policy.default.as_ref()];
        levels.into_iter().flatten().find_map(|entry| {
            let value = pick(entry)?;
            let clause = self.policy.clause(entry.name(), key, value.span());
            Some(Said { value: value.get_ref(), key, clause })
        })
    }

    /// Where the entry as a whole is: for what no key says.
    pub(crate) fn clause(&self) -> Clause {
        match self.entry.and_then(|entry| entry.r#match.as_ref()) {
            Some(pattern) => self.policy.clause(&pattern.get_ref().text, "match", pattern.span()),
            None => Clause { entry: "default".into(), line: 0, says: "every module has to be valid".into() },
        }
    }
}
