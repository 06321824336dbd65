//! Values that are one of some words: a misspelt one is an error that names the nearest.

use super::values;
use serde::{Deserialize, Deserializer};
use std::marker::PhantomData;
use wasmscope_analyze::Capability;
use wasmscope_findings::RULES;
use wasmscope_model::Severity;

/// A vocabulary.
pub(crate) trait Vocabulary {
    /// What a word stands for.
    type Value;
    /// What a word is called: `capability`.
    const CALLED: &'static str;
    /// All words and what they stand for.
    fn words() -> Vec<(String, Self::Value)>;
}

/// A word of the vocabulary `V`.
pub(crate) struct Word<V: Vocabulary>(pub(crate) V::Value, PhantomData<V>);

impl<V: Vocabulary<Value: Clone>> Clone for Word<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<V: Vocabulary<Value: std::fmt::Debug>> std::fmt::Debug for Word<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, V: Vocabulary> Deserialize<'de> for Word<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = values::text(deserializer, |text| {
            let words = V::words();
            let known: Vec<_> = words.iter().map(|(word, _)| word.clone()).collect();
            let found = words.into_iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| value).ok_or_else(|| unknown(V::CALLED, text, &known))
        })?;
        Ok(Self(value, PhantomData))
    }
}

fn unknown(called: &str, text: &str, known: &[String]) -> String {
    let meant = closest(text, known.iter().map(String::as_str));
    let meant = meant.map(|word| format!("did you mean {word:?}? ")).unwrap_or_default();
    format!("no {called} is called {text:?}: {meant}Known are {}", known.join(", "))
}

/// The word that `text` probably means.
pub(crate) fn closest<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // The measure and the bound that clap uses for its options, a little stricter.
    let ranked = words.map(|word| (strsim::jaro(text, word), word)).filter(|(alike, _)| *alike > 0.75);
    ranked.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

impl Vocabulary for Capability {
    type Value = Self;
    const CALLED: &'static str = "capability";
    fn words() -> Vec<(String, Self)> {
        Capability::ALL.iter().map(|&c| (c.as_str().to_owned(), c)).collect()
    }
}

impl Vocabulary for Severity {
    type Value = Self;
    const CALLED: &'static str = "severity";
    fn words() -> Vec<(String, Self)> {
        Severity::ALL.iter().map(|&s| (s.as_str().to_owned(), s)).collect()
    }
}

/// The ids of the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleId;

impl Vocabulary for RuleId {
    type Value = &'static str;
    const CALLED: &'static str = "rule";
    fn words() -> Vec<(String, &'static str)> {
        RULES.iter().map(|rule| (rule.id.to_owned(), rule.id)).collect()
    }
}

/// The proposals that analysis can tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal;

/// One of them.
pub(crate) type ProposalWord = Word<Proposal>;

impl Vocabulary for Proposal {
    type Value = String;
    const CALLED: &'static str = "proposal that can be told from a module";
    fn words() -> Vec<(String, String)> {
        wasmscope_analyze::proposals().into_iter().map(|name| (name.clone(), name)).collect()
    }
}

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident called $called:literal { $($(#[doc = $word:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[doc = $word])+ $variant,)+
        }

        impl $name {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl Vocabulary for $name {
            type Value = Self;
            const CALLED: &'static str = $called;
            fn words() -> Vec<(String, Self)> {
                let all = [$(Self::$variant,)+];
                all.into_iter().map(|word| (word.as_str().to_owned(), word)).collect()
            }
        }
    };
}

words! {
    /// By what capabilities are judged.
    Judge called "way to judge" {
        /// By what the file imports, used or not.
        Imported = "imported",
        /// By what can be reached from an export or the start function.
        Reachable = "reachable",
    }
}

words! {
    /// What becomes of a file that is not valid, or could not be validated.
    Invalid called "answer to invalid files" {
        /// It is a violation.
        Deny = "deny",
        /// It is none.
        Accept = "accept",
    }
}

words! {
    /// What a module has to have.
    Requirement called "requirement" {
        /// Every memory has a maximum.
        MemoryMaximum = "memory-maximum",
        /// A signature section; nobody verifies it.
        Signature = "signature",
        /// A `producers` section.
        Producers = "producers",
        /// A list of dependencies (`.dep-v0`).
        Dependencies = "dependencies",
        /// Names of functions.
        Names = "names",
    }
}

words! {
    /// What a module must not have.
    Prohibition called "thing that can be forbidden" {
        /// A memory that threads share.
        SharedMemory = "shared-memory",
        /// A memory with 64-bit addresses.
        Memory64 = "memory64",
        /// A function that runs at instantiation.
        StartFunction = "start-function",
        /// DWARF, a source map, or a link to debug information.
        DebugInfo = "debug-info",
        /// Names of functions.
        Names = "names",
    }
}
