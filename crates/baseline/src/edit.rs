//! What people say is usual, or is not.

use crate::{Baselines, Dimension, Key};
use globset::{GlobBuilder, GlobMatcher};
use std::fmt;

/// Edits of one profile.
pub(crate) const MOST_EDITS: usize = 1000;
/// Longest pattern of an edit, bytes.
const MOST_BYTES: usize = 256;

/// A pattern that is said to be usual, or not to be. `*` stands for everything but `/`, `**` for everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// In what respect.
    pub dimension: Dimension,
    /// What.
    pub pattern: String,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It is no pattern.
    #[error("{pattern:?} is no pattern: {why}")]
    Syntax {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        why: String,
    },
    /// It is too long.
    #[error("a pattern has at most {MOST_BYTES} bytes")]
    Long,
    /// There are too many.
    #[error("a module has at most {MOST_EDITS} patterns that are allowed or denied")]
    Many,
}

impl Edit {
    /// A pattern to allow or deny.
    ///
    /// # Errors
    /// See [`BadPattern`].
    pub fn new(dimension: Dimension, pattern: &str) -> Result<Self, BadPattern> {
        if pattern.len() > MOST_BYTES {
            return Err(BadPattern::Long);
        }
        let edit = Self { dimension, pattern: pattern.to_owned() };
        edit.matcher().map(|_| edit)
    }

    fn matcher(&self) -> Result<Matcher, BadPattern> {
        let glob = GlobBuilder::new(&self.pattern).literal_separator(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| BadPattern::Syntax {
            pattern: self.pattern.clone(),
            why: error.kind().to_string(),
        })?;
        Ok(Matcher {
            dimension: self.dimension,
            exact: self.pattern.clone(),
            // What is told of a folded dimension.
            all: self.pattern == crate::dimension::EVERYTHING,
            glob: glob.compile_matcher(),
        })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dimension, self.pattern)
    }
}

/// An edit, ready to be asked.
#[derive(Debug, Clone)]
struct Matcher {
    dimension: Dimension,
    exact: String,
    all: bool,
    glob: GlobMatcher,
}

impl Matcher {
    fn matches(&self, dimension: Dimension, pattern: &str) -> bool {
        self.dimension == dimension && (self.all || self.exact == pattern || self.glob.is_match(pattern))
    }
}

/// Edits of a profile, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edits(Vec<Matcher>);

impl Edits {
    pub(crate) fn new<'a>(edits: impl IntoIterator<Item = &'a Edit>) -> Self {
        Self(edits.into_iter().filter_map(|edit| edit.matcher().ok()).collect())
    }

    pub(crate) fn matches(&self, dimension: Dimension, pattern: &str) -> bool {
        self.0.iter().any(|edit| edit.matches(dimension, pattern))
    }
}

impl Baselines {
    /// From now on this is usual for the module, and not denied any more. A module that is not known stays that.
    ///
    /// # Errors
    /// There are too many.
    pub fn allow(&mut self, key: &Key, edit: Edit) -> Result<(), BadPattern> {
        let Some(profile) = self.modules.get_mut(key) else { return Ok(()) };
        profile.denied.remove(&edit);
        if profile.allowed.len() + profile.denied.len() >= MOST_EDITS {
            return Err(BadPattern::Many);
        }
        profile.allowed.insert(edit);
        Ok(())
    }

    /// From now on this is told whenever it happens, however often it did; says how many learnt patterns were dropped for it.
    ///
    /// # Errors
    /// There are too many, or it is no pattern.
    pub fn deny(&mut self, key: &Key, edit: Edit) -> Result<usize, BadPattern> {
        let Some(profile) = self.modules.get_mut(key) else { return Ok(0) };
        profile.allowed.remove(&edit);
        if profile.allowed.len() + profile.denied.len() >= MOST_EDITS {
            return Err(BadPattern::Many);
        }
        let (dimension, matcher) = (edit.dimension, edit.matcher()?);
        profile.denied.insert(edit);
        Ok(profile.patterns[dimension as usize].remove(|pattern| matcher.matches(dimension, pattern)))
    }
}
