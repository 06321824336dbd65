//! Constants of well-known algorithms in code and data.
//!
//! Every word is looked up in a bitmap of 8 KiB, which one in a thousand passes by accident, and only then in a list.

mod sets;
mod tables;

use crate::bitmap::Bitmap;
use crate::facts::ConstantSet;
use sets::{SETS, Set, TEXTS, Values};
use std::sync::LazyLock;

/// A word that tells, and of a constant of 64 bits the upper half that must come with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    word: u32,
    upper: Option<u32>,
    set: u8,
    number: u8,
}

struct Index {
    bitmap: Bitmap,
    /// In order.
    entries: Vec<Entry>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut entries = Vec::new();
    for (set, row) in (0u8..).zip(SETS) {
        let mut add = |number, word, upper| entries.push(Entry { word, upper, set, number });
        let (words, longs, split) = match &row.values {
            Values::Words(words) => (*words, &[][..], false),
            Values::Longs { values, split } => (&[][..], *values, *split),
            Values::Both(words, longs) => (*words, *longs, false),
            Values::Computed(compute) => {
                compute().into_iter().for_each(|(number, word)| add(number, word, None));
                continue;
            }
            Values::Bytes(_) | Values::Text => continue,
        };
        for (number, word) in (0u8..).zip(words) {
            add(number, *word, None);
        }
        for (number, long) in (words.len() as u8..).zip(longs) {
            add(number, *long as u32, Some((long >> 32) as u32));
            if split {
                add(number, *long as u32, None);
            }
        }
    }
    entries.sort_unstable();
    entries.dedup();
    let bitmap = Bitmap::new(entries.iter().map(|entry| entry.word));
    Index { bitmap, entries }
});

impl Index {
    fn entries(&self, word: u32, upper: Option<u32>) -> impl Iterator<Item = Entry> {
        let start = self.entries.partition_point(|e| (e.word, e.upper) < (word, upper));
        let entries = self.entries.get(start..).unwrap_or_default().iter().copied();
        entries.take_while(move |e| (e.word, e.upper) == (word, upper))
    }
}

/// Distinct constants, one bit each.
#[derive(Clone, Copy, Default)]
struct Distinct([u64; 4]);

impl Distinct {
    fn insert(&mut self, number: u8) {
        self.0[usize::from(number / 64)] |= 1 << (number % 64);
    }

    fn count(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }
}

#[derive(Clone, Default)]
struct Found {
    code: Distinct,
    data: Distinct,
    first_function: Option<u32>,
    first_offset: Option<u64>,
}

/// Where a constant stands: in a function, or at an offset in the file.
#[derive(Clone, Copy)]
enum At {
    Function(u32),
    Offset(u64),
}

/// What has been found in one module.
pub(crate) struct Constants {
    index: &'static Index,
    found: Vec<Found>,
    /// The function that is being read.
    function: u32,
}

impl Constants {
    pub(crate) fn new() -> Self {
        Self { index: &INDEX, found: vec![Found::default(); SETS.len()], function: 0 }
    }

    /// The body of `function` begins.
    pub(crate) fn begin(&mut self, function: u32) {
        self.function = function;
    }

    /// An `i32.const`.
    #[inline]
    pub(crate) fn word(&mut self, word: u32) {
        if self.index.bitmap.may_hold(word) {
            self.note(word, None, At::Function(self.function));
        }
    }

    /// An `i64.const`: one constant, or two of 32 bits that a compiler stores at once.
    #[inline]
    pub(crate) fn long(&mut self, long: u64) {
        let (lower, upper) = (long as u32, (long >> 32) as u32);
        if self.index.bitmap.may_hold(lower) || self.index.bitmap.may_hold(upper) {
            self.pair(lower, upper, At::Function(self.function));
        }
    }

    /// A `v128.const`.
    pub(crate) fn vector(&mut self, bytes: &[u8; 16]) {
        for half in bytes.chunks_exact(8) {
            self.long(half.iter().rev().fold(0, |long, byte| long << 8 | u64::from(*byte)));
        }
    }

    fn pair(&mut self, lower: u32, upper: u32, at: At) {
        if !self.note(lower, Some(upper), at) {
            self.note(lower, None, at);
            self.note(upper, None, at);
        }
    }

    /// Notes a constant; false if it is none.
    fn note(&mut self, word: u32, upper: Option<u32>, at: At) -> bool {
        let mut known = false;
        for entry in self.index.entries(word, upper) {
            known = true;
            self.insert(usize::from(entry.set), entry.number, at);
        }
        known
    }

    fn insert(&mut self, set: usize, number: u8, at: At) {
        let found = &mut self.found[set];
        match at {
            At::Function(function) => {
                found.code.insert(number);
                found.first_function.get_or_insert(function);
            }
            At::Offset(offset) => {
                found.data.insert(number);
                let first = found.first_offset.get_or_insert(offset);
                *first = offset.min(*first);
            }
        }
    }

    /// The contents of a data segment at `offset` of the file. `skip`: bytes before the first aligned word.
    pub(crate) fn data(&mut self, bytes: &[u8], offset: u64, skip: usize) {
        let aligned = bytes.get(skip..).unwrap_or_default();
        let (words, _) = aligned.as_chunks::<4>();
        let start = offset.saturating_add(skip as u64);
        let mut n = 0;
        while let Some(word) = words.get(n) {
            // Four at a time while there is nothing.
            let none = |four: &[[u8; 4]]| {
                !four.iter().any(|word| self.index.bitmap.may_hold(u32::from_le_bytes(*word)))
            };
            if words.get(n..n + 4).is_some_and(none) {
                n += 4;
                continue;
            }
            let word = u32::from_le_bytes(*word);
            if self.index.bitmap.may_hold(word) {
                let at = At::Offset(start.saturating_add(n as u64 * 4));
                let upper = words.get(n + 1).map(|upper| u32::from_le_bytes(*upper));
                // The upper half of SHA-512's constant is SHA-256's: what belongs to a pair does not count alone.
                if upper.is_some() && self.note(word, upper, at) {
                    n += 1;
                } else {
                    self.note(word, None, at);
                }
            }
            n += 1;
        }
    }

    /// The pattern `n` of [`patterns`] stands at `bytes`, which lie at `offset` of the file.
    pub(crate) fn pattern(&mut self, n: usize, bytes: &[u8], offset: u64) {
        let Some(pattern) = PATTERNS.get(n) else { return };
        match &pattern.meaning {
            Meaning::Numbers(first, end) => {
                for number in *first..*end {
                    self.insert(pattern.set, number, At::Offset(offset));
                }
            }
            Meaning::Table(table) => {
                for (number, _) in (0..=255).zip(table.iter().zip(bytes)).filter(|(_, (a, b))| a == b) {
                    self.insert(pattern.set, number, At::Offset(offset));
                }
            }
        }
    }

    /// The sets of which enough was found.
    pub(crate) fn facts(&self) -> Vec<ConstantSet> {
        let enough = |(set, found): &(&Set, &Found)| found.code.union(found.data).count() >= set.least;
        let sets = SETS.iter().zip(&self.found).filter(enough);
        sets.map(|(set, found)| ConstantSet {
            name: set.name.to_owned(),
            shared_with: set.shared_with.iter().map(|name| (*name).to_owned()).collect(),
            found: found.code.union(found.data).count(),
            of: set.of,
            in_code: found.code.count(),
            in_data: found.data.count(),
            first_function: found.first_function,
            first_offset: found.first_offset,
        })
        .collect()
    }
}

struct Pattern {
    text: Vec<u8>,
    set: usize,
    meaning: Meaning,
}

enum Meaning {
    /// The constants from the first to before the second number.
    Numbers(u8, u8),
    /// A table of bytes begins.
    Table(Vec<u8>),
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut patterns = Vec::new();
    for (n, set) in SETS.iter().enumerate() {
        if let Values::Bytes(compute) = set.values {
            let table = compute();
            let text = table.iter().copied().take(16).collect();
            patterns.push(Pattern { text, set: n, meaning: Meaning::Table(table) });
        }
        for (text, _, (first, end)) in TEXTS.iter().filter(|(_, name, _)| *name == set.name) {
            let meaning = Meaning::Numbers(*first, *end);
            patterns.push(Pattern { text: text.to_vec(), set: n, meaning });
        }
    }
    patterns
});

/// Bytes that the search in data looks for.
pub(crate) fn patterns() -> impl Iterator<Item = &'static [u8]> {
    PATTERNS.iter().map(|pattern| pattern.text.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_as_large_as_they_say() {
        for (n, set) in SETS.iter().enumerate() {
            let mut all = Distinct::default();
            let entries = INDEX.entries.iter().filter(|e| usize::from(e.set) == n);
            entries.for_each(|e| all.insert(e.number));
            for pattern in PATTERNS.iter().filter(|p| p.set == n) {
                match &pattern.meaning {
                    Meaning::Numbers(first, end) => (*first..*end).for_each(|number| all.insert(number)),
                    Meaning::Table(table) => (0..=255).zip(table).for_each(|(number, _)| all.insert(number)),
                }
            }
            assert_eq!(all.count(), set.of, "{}", set.name);
            assert!(set.least <= set.of, "{}", set.name);
        }
        assert!(TEXTS.iter().all(|(_, name, _)| SETS.iter().any(|set| set.name == *name)));
    }

    #[test]
    fn few_words_pass_by_accident() {
        let passing = INDEX.bitmap.len();
        assert!(passing < 65536 / 30, "{passing}");
    }
}
