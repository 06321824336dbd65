//! Sets of texts, whose speed does not depend on how many there are.

use aho_corasick::AhoCorasick;
use std::{
    collections::HashSet,
    hash::{Hash, Hasher},
};

/// Few words are compared faster than hashed.
const FEW: usize = 8;

/// Is a text one of these?
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Few(Box<[Box<str>]>),
    Many(HashSet<Box<str>>),
}

impl Hash for Words {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Few(words) => words.hash(state),
            // They have no order; sets of the same size are told apart by comparison.
            Self::Many(words) => words.len().hash(state),
        }
    }
}

impl Words {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        let words: HashSet<Box<str>> = words.into_iter().map(Into::into).collect();
        if words.len() > FEW {
            return Self::Many(words);
        }
        let mut few: Vec<_> = words.into_iter().collect();
        few.sort();
        Self::Few(few.into())
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        match self {
            Self::Few(words) => words.iter().any(|word| word.as_ref() == text),
            Self::Many(words) => words.contains(text),
        }
    }
}

/// Does a text begin with one of these?
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prefixes {
    /// Sorted; none begins with another, so that only the last one that is not behind the text can be its beginning.
    sorted: Box<[Box<str>]>,
    /// Texts and prefixes are read from behind.
    reversed: bool,
}

impl Prefixes {
    pub(crate) fn new(prefixes: impl IntoIterator<Item = String>) -> Self {
        let mut sorted: Vec<Box<str>> = prefixes.into_iter().map(Into::into).collect();
        sorted.sort();
        sorted.dedup_by(|next, kept| next.starts_with(kept.as_ref()));
        Self { sorted: sorted.into(), reversed: false }
    }

    /// Does a text end with one of these?
    pub(crate) fn of_ends(ends: impl IntoIterator<Item = String>) -> Self {
        let turned = ends.into_iter().map(|end| end.chars().rev().collect());
        Self { reversed: true, ..Self::new(turned) }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.reversed {
            return match self.sorted.as_ref() {
                few if few.len() <= FEW => few.iter().any(|end| ends(text, end)),
                many => {
                    let turned: String = text.chars().rev().collect();
                    begins(many, &turned)
                }
            };
        }
        begins(&self.sorted, text)
    }
}

fn begins(sorted: &[Box<str>], text: &str) -> bool {
    if sorted.len() <= FEW {
        return sorted.iter().any(|prefix| text.starts_with(prefix.as_ref()));
    }
    let behind = sorted.partition_point(|prefix| prefix.as_ref() <= text);
    behind > 0 && text.starts_with(sorted[behind - 1].as_ref())
}

/// `end` is turned already.
fn ends(text: &str, end: &str) -> bool {
    let mut last = text.chars().rev();
    end.chars().all(|c| last.next() == Some(c))
}

/// Is a path one of these, or below one?
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Paths {
    themselves: Words,
    below: Prefixes,
}

impl Paths {
    pub(crate) fn new(paths: impl IntoIterator<Item = String>) -> Self {
        let mut paths: Vec<String> = paths.into_iter().collect();
        for path in &mut paths {
            while path.len() > 1 && path.ends_with('/') {
                path.pop();
            }
        }
        let below = paths.iter().map(|path| if path == "/" { path.clone() } else { format!("{path}/") });
        Self { below: Prefixes::new(below), themselves: Words::new(paths.clone()) }
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.below.matches(path) || self.themselves.contains(path)
    }
}

/// Is one of these somewhere in a text?
#[derive(Debug)]
pub(crate) struct Needles {
    automaton: AhoCorasick,
    needles: Box<[Box<str>]>,
}

impl Needles {
    /// # Errors
    /// There are too many for an automaton.
    pub(crate) fn new(needles: &[String]) -> Result<Self, aho_corasick::BuildError> {
        let automaton = AhoCorasick::new(needles)?;
        Ok(Self { automaton, needles: needles.iter().map(|needle| needle.as_str().into()).collect() })
    }

    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.automaton.is_match(text)
    }
}

/// Equal for equal texts in the same order.
impl PartialEq for Needles {
    fn eq(&self, other: &Self) -> bool {
        self.needles == other.needles
    }
}

impl Eq for Needles {}

impl Hash for Needles {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.needles.hash(state);
    }
}

/// A regular expression; equal if it is written in the same way.
#[derive(Debug)]
pub(crate) struct Pattern(regex::Regex);

impl Pattern {
    /// Bytes that it may take when compiled. Matching takes linear time, whatever the pattern.
    const BYTES: usize = 1 << 20;

    /// # Errors
    /// It is none, or too large.
    pub(crate) fn new(pattern: &str) -> Result<Self, regex::Error> {
        let mut builder = regex::RegexBuilder::new(pattern);
        builder.size_limit(Self::BYTES).dfa_size_limit(Self::BYTES).build().map(Self)
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn paths_are_whole_components() {
        let paths = Paths::new(texts(&["/etc/ssh/", "/root", "/etc-old"]));
        for inside in ["/etc/ssh", "/etc/ssh/key", "/root/.x", "/etc-old/a"] {
            assert!(paths.contains(inside), "{inside}");
        }
        for outside in ["/etc/sshd", "/etc", "/rooted", "root", ""] {
            assert!(!paths.contains(outside), "{outside}");
        }
        assert!(Paths::new(texts(&["/"])).contains("/anything"));
    }

    #[test]
    fn a_hundred_thousand_words_are_one_look() {
        let words = Words::new((0..100_000).map(|n| format!("/srv/{n}")));
        assert!(words.contains("/srv/99999") && !words.contains("/srv/100000"));
    }

    proptest! {
        #[test]
        fn prefixes_and_ends_are_those_of_a_plain_search(
            set in proptest::collection::vec("[a-cé]{0,4}", 0..20), text in "[a-cé]{0,6}"
        ) {
            let begins = set.iter().any(|p| text.starts_with(p.as_str()));
            prop_assert_eq!(Prefixes::new(set.clone()).matches(&text), begins);
            let ends = set.iter().any(|p| text.ends_with(p.as_str()));
            prop_assert_eq!(Prefixes::of_ends(set).matches(&text), ends);
        }
    }
}
