//! Every text and magic number, looked for at once.
//!
//! Of each pattern two neighbouring windows of three bytes are kept, so that one of them lies at an even place wherever the
//! pattern is. Each even place of the data is looked up in a bitmap; what passes is compared. That takes a third
//! of the time of an Aho-Corasick automaton (aho-corasick 1.1, DFA), which would be a tenth of the whole analysis.

use super::{files, libraries, secrets, texts};
use crate::bitmap::Bitmap;
use crate::constants;
use std::ops::Range;
use std::sync::LazyLock;

/// What a pattern belongs to, with its row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    File(usize),
    Text(usize),
    Secret(usize),
    Library(usize),
    Constant(usize),
}

/// A window, and where it is in which pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    window: u32,
    within: usize,
    pattern: usize,
}

/// All patterns.
pub(super) struct Search {
    bitmap: Bitmap,
    /// In order.
    anchors: Vec<Anchor>,
    patterns: Vec<(&'static [u8], Rule)>,
}

/// The shortest pattern that has two windows.
const SHORTEST: usize = 4;

pub(super) static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let files = files::MAGIC.iter().enumerate().map(|(n, (magic, _))| (*magic, Rule::File(n)));
    let texts = texts::TEXTS.iter().enumerate().map(|(n, (text, ..))| (text.as_bytes(), Rule::Text(n)));
    let secrets = secrets::SECRETS.iter().enumerate();
    let secrets = secrets.map(|(n, (begin, ..))| (begin.as_bytes(), Rule::Secret(n)));
    let libraries = libraries::LIBRARIES.iter().enumerate();
    let libraries = libraries.map(|(n, row)| (row.pattern.as_bytes(), Rule::Library(n)));
    let constants = constants::patterns().enumerate().map(|(n, bytes)| (bytes, Rule::Constant(n)));
    let all = files.chain(texts).chain(secrets).chain(libraries).chain(constants);
    Search::new(all.filter(|(pattern, _)| pattern.len() >= SHORTEST).collect())
});

/// Bytes of which data is full.
fn is_common(byte: u8) -> bool {
    byte.is_ascii_lowercase() || matches!(byte, 0 | b' ' | 0xff)
}

fn window(bytes: &[u8]) -> u32 {
    bytes.iter().take(3).rev().fold(0, |window, byte| window << 8 | u32::from(*byte))
}

impl Search {
    fn new(patterns: Vec<(&'static [u8], Rule)>) -> Self {
        let mut anchors = Vec::new();
        for (number, (pattern, _)) in patterns.iter().enumerate() {
            // The four bytes of which the fewest are common.
            let common =
                |at: &usize| pattern[*at..*at + SHORTEST].iter().filter(|byte| is_common(**byte)).count();
            let best = (0..=pattern.len() - SHORTEST).min_by_key(common).unwrap_or(0);
            for within in [best, best + 1] {
                anchors.push(Anchor { window: window(&pattern[within..]), within, pattern: number });
            }
        }
        anchors.sort_unstable();
        let bitmap = Bitmap::new(anchors.iter().map(|anchor| anchor.window));
        Self { bitmap, anchors, patterns }
    }

    /// Calls `found` with every pattern in `bytes` and its range.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(Rule, Range<usize>)) {
        let mut at = 0;
        // Three windows out of one load.
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let eight = u64::from_le_bytes(*eight);
            let windows = [eight, eight >> 16, eight >> 32].map(|bits| bits as u32 & 0x00ff_ffff);
            if windows.iter().any(|window| self.bitmap.may_hold(*window)) {
                for (n, window) in windows.into_iter().enumerate() {
                    self.compare(bytes, at + 2 * n, window, &mut found);
                }
            }
            at += 6;
        }
        while let Some(three) = bytes.get(at..at + 3) {
            self.compare(bytes, at, window(three), &mut found);
            at += 2;
        }
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, window: u32, found: &mut impl FnMut(Rule, Range<usize>)) {
        if !self.bitmap.may_hold(window) {
            return;
        }
        let first = self.anchors.partition_point(|anchor| anchor.window < window);
        for anchor in self.anchors[first..].iter().take_while(|anchor| anchor.window == window) {
            let (pattern, rule) = self.patterns[anchor.pattern];
            let Some(start) = at.checked_sub(anchor.within) else { continue };
            if bytes.get(start..).is_some_and(|tail| tail.starts_with(pattern)) {
                found(rule, start..start + pattern.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_found_wherever_it_is() {
        let search = &*SEARCH;
        for (pattern, rule) in &search.patterns {
            for before in 0..4 {
                for after in 0..3 {
                    let bytes = [&vec![b'a'; before][..], pattern, &vec![0xee; after]].concat();
                    let mut seen = 0;
                    search.each(&bytes, |found, range| {
                        seen += usize::from(found == *rule && range == (before..before + pattern.len()));
                    });
                    assert_eq!(seen, 1, "{rule:?} {pattern:?} behind {before} before {after}");
                }
            }
        }
    }

    /// Patterns that are too short have a search of their own.
    #[test]
    fn no_pattern_is_left_out() {
        let short: Vec<&[u8]> = files::MAGIC.iter().map(|row| row.0).filter(|m| m.len() < SHORTEST).collect();
        assert_eq!(short, [&b"MZ"[..], b"\x1f\x8b\x08"]);
        let all = files::MAGIC.len() - short.len()
            + texts::TEXTS.len()
            + secrets::SECRETS.len()
            + libraries::LIBRARIES.len()
            + constants::patterns().count();
        assert_eq!(SEARCH.patterns.len(), all);
    }
}
