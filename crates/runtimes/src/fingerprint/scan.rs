//! One pass over a file for all markers of all runtimes.

use super::ranges::read;
use super::{MAX_READ, MAX_SHOWN, Mark, ReadFile};
use crate::known::{Marker, known};
use crate::problems::Problems;
use aho_corasick::{AhoCorasick, packed};
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::LazyLock;
use wasmscope_model::text::lossy_within;

/// Bytes read at a time.
const CHUNK: u64 = 1 << 20;

/// Bytes that the next chunk repeats, so that a marker and its version are never cut in two.
const OVERLAP: u64 = 256;

/// Longest version, in bytes.
const MAX_VERSION: usize = 48;

/// Most different versions of one marker kept: a program can hold several, a hostile one any number.
const MAX_VERSIONS: usize = 4;

/// The searcher and, for each of its patterns, whose marker it is.
static MARKERS: LazyLock<(Searcher, Vec<(&'static str, &'static Marker)>)> = LazyLock::new(|| {
    let markers: Vec<_> =
        known().iter().flat_map(|r| r.markers.iter().map(|m| (r.name.as_str(), m))).collect();
    let literals = || markers.iter().map(|(_, m)| &m.literal);
    let searcher = packed::Searcher::new(literals()).map(Searcher::Vector).unwrap_or_else(|| {
        let automaton = AhoCorasick::new(literals()).expect("the known markers are few and short");
        Searcher::Automaton(automaton)
    });
    (searcher, markers)
});

/// Vector instructions are ten times as fast as the automaton, but exist only on some processors and for
/// some tens of markers.
enum Searcher {
    Vector(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Searcher {
    /// Calls `each` with the number of the marker and its place, for every one found.
    fn find(&self, bytes: &[u8], mut each: impl FnMut(usize, Range<usize>)) {
        let mut hit = |m: aho_corasick::Match| each(m.pattern().as_usize(), m.range());
        match self {
            Self::Vector(searcher) => searcher.find_iter(bytes).for_each(&mut hit),
            Self::Automaton(automaton) => automaton.find_iter(bytes).for_each(&mut hit),
        }
    }
}

/// Marks for all markers in these parts of the file.
pub(super) fn markers(
    file: &dyn ReadFile,
    ranges: &[Range<u64>],
    problems: &mut Problems,
) -> io::Result<Vec<Mark>> {
    let (searcher, markers) = &*MARKERS;
    let mut found: BTreeSet<(usize, Option<String>)> = BTreeSet::new();
    let mut marks = Vec::new();
    let mut budget = MAX_READ;
    for range in ranges {
        let mut at = range.start;
        while at < range.end {
            if budget == 0 {
                problems.note(format!("only the first {MAX_READ} bytes of constant data scanned"));
                return Ok(marks);
            }
            let chunk = read(file, at, (range.end - at).min(CHUNK).min(budget))?;
            budget = budget.saturating_sub(chunk.len() as u64);
            searcher.find(&chunk, |id, place| {
                let Some((runtime, marker)) = markers.get(id) else { return };
                let version = version_beside(marker, &chunk, place);
                let many = found.range((id, None)..(id + 1, None)).count() >= MAX_VERSIONS;
                let versioned = marker.version_follows || marker.version_behind.is_some();
                if (versioned && version.is_none()) || many || !found.insert((id, version.clone())) {
                    return;
                }
                let told = version.as_deref().unwrap_or_default();
                let shown = match &marker.version_behind {
                    Some(before) => format!("{before}{told}{}", marker.literal),
                    None => format!("{}{told}", marker.literal),
                };
                // Markers contain line ends and NULs; nobody wants to read them.
                let words: Vec<_> =
                    shown.split(|c: char| c.is_control() || c == ' ').filter(|w| !w.is_empty()).collect();
                let shown = words.join(" ");
                marks.push(Mark {
                    runtime: (*runtime).to_owned(),
                    version,
                    marker: lossy_within(shown.as_bytes(), MAX_SHOWN),
                    weight: marker.weight,
                });
            });
            if chunk.is_empty() || at.saturating_add(chunk.len() as u64) >= range.end {
                break;
            }
            at = at.saturating_add((chunk.len() as u64).saturating_sub(OVERLAP).max(1));
        }
    }
    Ok(marks)
}

/// The version that a marker found at `place` tells, if it is one that does.
fn version_beside(marker: &Marker, chunk: &[u8], place: Range<usize>) -> Option<String> {
    if marker.version_follows {
        let rest = chunk.get(place.end..)?;
        let version = version(rest)?;
        let behind = rest.get(version.len()..).unwrap_or_default();
        let complete = marker.version_ends.as_ref().is_none_or(|end| behind.starts_with(end.as_bytes()));
        return complete.then_some(version);
    }
    let before = marker.version_behind.as_ref()?.as_bytes();
    let head = chunk.get(..place.start)?;
    let head = head.get(head.len().saturating_sub(before.len() + MAX_VERSION)..)?;
    let at = head.windows(before.len()).rposition(|bytes| bytes == before)?;
    let word = head.get(at + before.len()..)?;
    version(word).filter(|version| version.len() == word.len())
}

/// A version like `48.0.3` or `2.0.0-beta.1` at the start of `bytes`.
fn version(bytes: &[u8]) -> Option<String> {
    let word = bytes.get(..MAX_VERSION).unwrap_or(bytes);
    let end = word
        .iter()
        .position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'.' | b'-' | b'+'))
        .unwrap_or(word.len());
    let text = std::str::from_utf8(word.get(..end)?).ok()?;
    let major = text.split('.').next()?;
    let numeric = !major.is_empty() && major.bytes().all(|b| b.is_ascii_digit());
    (numeric && text.contains('.') && !text.ends_with('.')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_taken_as_cargo_writes_them() {
        assert_eq!(version(b"48.0.3/src/lib.rs").as_deref(), Some("48.0.3"));
        assert_eq!(version(b"2.0.0-beta.1/src").as_deref(), Some("2.0.0-beta.1"));
        for other in ["", "/src", "core-48.0.3/", "48/", "48./", ".5/"] {
            assert_eq!(version(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_markers_are_few_enough_for_vector_instructions() {
        let vector = matches!(MARKERS.0, Searcher::Vector(_));
        assert!(vector || !is_x86_feature_detected!("ssse3"), "{} markers", MARKERS.1.len());
    }

    fn beside(marker: &str, text: &str) -> Option<String> {
        let marker: Marker = toml::from_str(&format!("{marker}\nliteral = 'LITERAL'\nweight = 50")).unwrap();
        let at = text.find("LITERAL").unwrap();
        version_beside(&marker, text.as_bytes(), at..at + "LITERAL".len())
    }

    #[test]
    fn a_version_between_two_texts_must_touch_both() {
        let between = "version_behind = 'version: '";
        assert_eq!(beside(between, "x version: 49.0.3LITERAL y").as_deref(), Some("49.0.3"));
        assert_eq!(beside(between, "version: 1.2.3 version: 49.0.3LITERAL").as_deref(), Some("49.0.3"));
        for other in
            ["LITERAL", "49.0.3LITERAL", "version: 49.0.3 LITERAL", "version: LITERAL", "version: 49LITERAL"]
        {
            assert_eq!(beside(between, other), None, "{other}");
        }
        let far = format!("version: 1.{}LITERAL", "0".repeat(MAX_VERSION));
        assert_eq!(beside(between, &far), None);
    }

    #[test]
    fn a_version_that_may_run_into_the_next_constant_is_none() {
        let ended = "version_follows = true\nversion_ends = ' ('";
        assert_eq!(beside(ended, "LITERAL49.0.3 (f96eabaa1 2026-10-14)If a").as_deref(), Some("49.0.3"));
        for other in
            ["LITERAL48.0.8If a", "LITERAL48.0.84", "LITERAL49.0.3", "LITERAL49.0.3(", "LITERAL (49.0.3 ("]
        {
            assert_eq!(beside(ended, other), None, "{other}");
        }
    }
}
