//! Sets of texts, whose speed does not depend on how many there are.

use std::collections::HashSet;

/// Few words are compared faster than hashed.
const FEW: usize = 8;

/// Is a text one of these?
#[derive(Debug)]
pub(crate) enum Words {
    Few(Box<[Box<str>]>),
    Many(HashSet<Box<str>>),
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
#[derive(Debug)]
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
#[derive(Debug)]
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
