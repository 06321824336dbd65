//! Capabilities that came, went, or are reached another way.

use super::Changed;
use crate::uses::{reachable, steps, uses};
use serde::Serialize;
use wasmscope_analyze::{Capabilities, Capability, Facts};

/// What changed about capabilities. Imported and reachable are told separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CapabilityChanges {
    /// Those that the file has now and had not.
    pub gained: Vec<GainedCapability>,
    /// Those that it had.
    pub lost: Capabilities,
    /// Those that it had, but that nothing led to before.
    pub now_reachable: Vec<GainedCapability>,
    /// Those that it still has, but that nothing leads to any more.
    pub no_longer_reachable: Capabilities,
    /// Those whose shortest way changed.
    pub paths: Vec<PathChange>,
}

/// A capability that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GainedCapability {
    /// Which one.
    pub capability: Capability,
    /// Can it be reached, as far as can be told? What cannot be told counts as reachable.
    pub reachable: bool,
    /// Through which imports or exports, the first few.
    pub through: Vec<String>,
    /// The shortest way to it by names of functions, `?` for one without; empty if none is known.
    pub path: Vec<String>,
}

/// The shortest way to a capability, by names of functions, `?` for one without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathChange {
    /// Which one.
    pub capability: Capability,
    /// The ways. A way is empty where none is known.
    #[serde(flatten)]
    pub path: Changed<Vec<String>>,
}

impl CapabilityChanges {
    /// Is nothing different?
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty()
            && self.lost.is_empty()
            && self.now_reachable.is_empty()
            && self.no_longer_reachable.is_empty()
            && self.paths.is_empty()
    }

    pub(super) fn of(old: &Facts, new: &Facts) -> Self {
        let (before, after) = (old.capabilities, new.capabilities);
        let (reached, reaches) = (reachable(old), reachable(new));
        let mut gained = Vec::new();
        let mut now_reachable = Vec::new();
        let mut paths = Vec::new();
        let ways = |facts| -> Vec<_> {
            let uses = uses(facts).into_iter();
            uses.map(|used| (used.capability, used.path.map(steps).unwrap_or_default())).collect()
        };
        let old_ways = ways(old);
        for used in uses(new) {
            let capability = used.capability;
            let path = used.path.map(steps).unwrap_or_default();
            let gain = |path| GainedCapability {
                capability,
                reachable: used.reach.counts(),
                through: used.through.clone(),
                path,
            };
            if !before.contains(capability) {
                gained.push(gain(path));
            } else if used.reach.counts() && !reached.contains(capability) {
                now_reachable.push(gain(path));
            } else if let Some((_, old)) = old_ways.iter().find(|(c, _)| *c == capability)
                && *old != path
                && used.reach.counts()
            {
                paths.push(PathChange { capability, path: Changed { old: old.clone(), new: path } });
            }
        }
        let no_longer_reachable =
            reached.iter().filter(|c| after.contains(*c) && !reaches.contains(*c)).collect();
        Self { gained, lost: before.without(after), now_reachable, no_longer_reachable, paths }
    }
}
