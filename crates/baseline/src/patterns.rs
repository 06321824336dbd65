//! What was seen in one dimension, bounded.

use crate::dimension::{Dimension, EVERYTHING};
use std::collections::BTreeMap;

/// Groups of patterns; with more, everything is one pattern.
const MOST_GROUPS: usize = 24;
/// What an entry takes beside its text: pointer, length, content, and the room that a tree leaves.
const ENTRY_BYTES: usize = 48;

/// In which ways something was used, as a set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct How(pub(crate) u8);

impl How {
    pub(crate) const READ: How = How(1);
    pub(crate) const WRITE: How = How(2);
    pub(crate) const CREATE: How = How(4);
    pub(crate) const REMOVE: How = How(8);
    pub(crate) const RENAME: How = How(16);
    pub(crate) const LINK: How = How(32);
    pub(crate) const CUT: How = How(64);

    const NAMES: [(How, &'static str); 7] = [
        (Self::READ, "read"),
        (Self::WRITE, "write"),
        (Self::CREATE, "create"),
        (Self::REMOVE, "remove"),
        (Self::RENAME, "rename"),
        (Self::LINK, "link"),
        (Self::CUT, "cut"),
    ];

    /// The names of its members.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(how, _)| self.0 & how.0 != 0).map(|(_, name)| name)
    }

    /// The member of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, other)| *other == name).map(|(how, _)| how)
    }

    /// What is in either.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is all of `other` in it?
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What is known of a pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Runs that did it; of a pattern that others were folded into, the sum of theirs.
    pub runs: u32,
    /// In which ways.
    pub how: How,
}

impl Seen {
    fn merge(&mut self, other: Seen) {
        self.runs = self.runs.saturating_add(other.runs);
        self.how = self.how.union(other.how);
    }
}

/// What a pattern is to those that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was seen, in every one of these ways.
    Yes,
    /// It was seen, but not so.
    NotSo(How),
    /// It was not seen.
    No,
}

/// Patterns of one dimension: sorted, and folded into coarser ones where there are too many.
///
/// Each group has a level, the lowest at which its patterns are few enough. The number of patterns at a level never
/// falls when more is seen, so that in whatever order things are seen or joined, the level, and with it everything, comes out the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    /// There were too many groups: nothing is told apart any more.
    pub(crate) everything: Option<Seen>,
    pub(crate) groups: BTreeMap<Box<str>, Group>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) level: u8,
    pub(crate) items: BTreeMap<Box<str>, Seen>,
}

impl Patterns {
    /// Whether this was seen.
    pub(crate) fn knows(&self, dimension: Dimension, pattern: &str, how: How) -> Known {
        if self.everything.is_some() {
            return Known::Yes;
        }
        let group = self.groups.get(dimension.group(pattern));
        let found = group.and_then(|group| group.items.get(&*dimension.coarsen(pattern, group.level)));
        match found {
            Some(seen) if seen.how.contains(how) => Known::Yes,
            Some(seen) => Known::NotSo(seen.how),
            None => Known::No,
        }
    }

    /// Takes in that this run did it, unless that is known; says how many bytes more it takes.
    pub(crate) fn note(&mut self, dimension: Dimension, pattern: &str, how: How) -> isize {
        if let Some(seen) = &mut self.everything {
            seen.how = seen.how.union(how);
            return 0;
        }
        if let Some(group) = self.groups.get_mut(dimension.group(pattern))
            && let Some(seen) = group.items.get_mut(&*dimension.coarsen(pattern, group.level))
        {
            seen.how = seen.how.union(how);
            return 0;
        }
        let before = self.bytes() as isize;
        self.add(dimension, pattern, Seen { runs: 1, how });
        self.bytes() as isize - before
    }

    /// Adds what was seen.
    pub(crate) fn add(&mut self, dimension: Dimension, pattern: &str, seen: Seen) {
        if let Some(all) = &mut self.everything {
            return all.merge(seen);
        }
        let key = dimension.group(pattern);
        if !self.groups.contains_key(key) {
            self.groups.insert(key.into(), Group::default());
        }
        if let Some(group) = self.groups.get_mut(key) {
            group.add(dimension, pattern, seen);
        }
        self.fold_groups();
    }

    /// Sets a group to this level, if it is a higher one.
    pub(crate) fn raise(&mut self, dimension: Dimension, group: &str, level: u8) {
        if self.everything.is_none() {
            self.groups.entry(group.into()).or_default().raise(dimension, level);
            self.fold_groups();
        }
    }

    /// From now on everything is the same.
    pub(crate) fn forget_differences(&mut self, seen: Seen) {
        let mut all = self.everything.unwrap_or_default();
        all.merge(seen);
        let items = self.groups.values().flat_map(|group| group.items.values());
        items.for_each(|seen| all.merge(*seen));
        self.everything = Some(all);
        self.groups.clear();
    }

    fn fold_groups(&mut self) {
        if self.groups.len() > MOST_GROUPS {
            self.forget_differences(Seen::default());
        }
    }

    /// Takes in all that another has seen.
    pub(crate) fn merge(&mut self, dimension: Dimension, other: &Self) {
        if let Some(seen) = other.everything {
            return self.forget_differences(seen);
        }
        for (key, group) in &other.groups {
            self.raise(dimension, key, group.level);
            group.items.iter().for_each(|(pattern, seen)| self.add(dimension, pattern, *seen));
        }
    }

    /// As seen in one run, whatever was folded together.
    pub(crate) fn of_one_run(&mut self) {
        let items = self.groups.values_mut().flat_map(|group| group.items.values_mut());
        items.chain(&mut self.everything).for_each(|seen| seen.runs = 1);
    }

    /// All patterns, sorted; `**` alone where everything is the same.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Seen)> {
        let items = self.groups.values().flat_map(|group| &group.items);
        let all = self.everything.map(|seen| (EVERYTHING, seen));
        items.map(|(pattern, seen)| (&**pattern, *seen)).chain(all)
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.groups.values().map(|group| group.items.len()).sum::<usize>()
            + usize::from(self.everything.is_some())
    }

    /// Was nothing seen?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Groups whose patterns were folded, and whether everything was.
    pub fn folded(&self) -> usize {
        self.groups.values().filter(|group| group.level > 0).count() + usize::from(self.everything.is_some())
    }

    /// Drops patterns, and says how many.
    pub(crate) fn remove(&mut self, which: impl Fn(&str) -> bool) -> usize {
        let before = self.len();
        for group in self.groups.values_mut() {
            group.items.retain(|pattern, _| !which(pattern));
        }
        // A level stays: what was folded cannot be told apart again.
        self.groups.retain(|_, group| !group.items.is_empty() || group.level > 0);
        before - self.len()
    }

    /// Chance that the next thing to be seen is a new one, in percent: by Good and Turing, the share of what only one run did.
    /// (I. J. Good, "The population frequencies of species", Biometrika 40, 1953.) A run in which nothing was seen counts as
    /// evidence, too; one more of each keeps it from being certain.
    pub(crate) fn chance_of_new(&self, runs: u32) -> u64 {
        let (mut once, mut all) = (0, 0);
        for (_, seen) in self.iter() {
            once += u64::from(seen.runs == 1);
            all += u64::from(seen.runs);
        }
        (once + 1) * 100 / (all.max(u64::from(runs)) + 2)
    }

    /// Heap bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let items =
            |group: &Group| group.items.keys().map(|pattern| pattern.len() + ENTRY_BYTES).sum::<usize>();
        self.groups.iter().map(|(key, group)| key.len() + 2 * ENTRY_BYTES + items(group)).sum()
    }
}

impl Group {
    fn add(&mut self, dimension: Dimension, pattern: &str, seen: Seen) {
        let coarse = dimension.coarsen(pattern, self.level);
        match self.items.get_mut(&*coarse) {
            Some(known) => known.merge(seen),
            None => {
                self.items.insert(coarse.into(), seen);
                self.fold(dimension);
            }
        }
    }

    fn raise(&mut self, dimension: Dimension, level: u8) {
        let level = level.min(dimension.top());
        if level > self.level {
            self.level = level;
            for (pattern, seen) in std::mem::take(&mut self.items) {
                self.items.entry(dimension.coarsen(&pattern, level).into()).or_default().merge(seen);
            }
        }
    }

    fn fold(&mut self, dimension: Dimension) {
        while self.items.len() > dimension.most() && self.level < dimension.top() {
            self.raise(dimension, self.level + 1);
        }
    }
}
