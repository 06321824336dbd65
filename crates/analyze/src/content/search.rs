//! One automaton for every text and magic number, so that each byte is looked at once.

use super::{files, libraries, secrets, texts};
use crate::constants;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::sync::LazyLock;

/// What a pattern belongs to, with its row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    File(usize),
    Text(usize),
    Secret(usize),
    Library(usize),
    Constant(usize),
}

/// The automaton, and for each of its patterns the rule.
pub(super) struct Search {
    pub(super) automaton: AhoCorasick,
    pub(super) rules: Vec<Rule>,
}

pub(super) static SEARCH: LazyLock<Option<Search>> = LazyLock::new(|| {
    let files = files::MAGIC.iter().enumerate().map(|(n, (magic, _))| (*magic, Rule::File(n)));
    let texts = texts::TEXTS.iter().enumerate().map(|(n, (text, ..))| (text.as_bytes(), Rule::Text(n)));
    let secrets = secrets::SECRETS.iter().enumerate();
    let secrets = secrets.map(|(n, (begin, ..))| (begin.as_bytes(), Rule::Secret(n)));
    let libraries = libraries::LIBRARIES.iter().enumerate();
    let libraries = libraries.map(|(n, row)| (row.pattern.as_bytes(), Rule::Library(n)));
    let constants = constants::patterns().enumerate().map(|(n, bytes)| (bytes, Rule::Constant(n)));
    let all = files.chain(texts).chain(secrets).chain(libraries).chain(constants);
    let (patterns, rules): (Vec<&[u8]>, Vec<Rule>) = all.unzip();
    let builder = &mut AhoCorasick::builder();
    let builder = builder.match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::DFA));
    Some(Search { automaton: builder.build(patterns).ok()?, rules })
});
