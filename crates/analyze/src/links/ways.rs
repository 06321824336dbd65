//! The shortest ways through the joined graph.

use super::graph::{Glue, Joined, Kind, Place};
use crate::facts::Via;
use std::collections::VecDeque;

const NOWHERE: u32 = u32::MAX;

/// The way to every node from the nearest of some roots.
pub(crate) struct Ways {
    /// The node before each; itself for a root; [`NOWHERE`] if it cannot be reached.
    parent: Vec<u32>,
    kind: Vec<Kind>,
    /// How many functions lie before each node.
    distance: Vec<u32>,
    root: Vec<u32>,
}

/// One function on a way, and how it is called.
pub(crate) struct Stop {
    pub(crate) node: u32,
    pub(crate) via: Via,
}

impl Ways {
    /// From the `roots`; with `exact` only by calls that are certain. Linear in the size of the graph.
    pub(crate) fn from(joined: &Joined<'_, '_>, roots: impl Iterator<Item = u32>, exact: bool) -> Self {
        let nodes = joined.nodes() as usize;
        let mut ways = Self {
            parent: vec![NOWHERE; nodes],
            kind: vec![Kind::Call; nodes],
            distance: vec![0; nodes],
            root: vec![NOWHERE; nodes],
        };
        let mut queue = VecDeque::new();
        for root in roots {
            if ways.parent.get(root as usize) == Some(&NOWHERE) {
                ways.parent[root as usize] = root;
                ways.root[root as usize] = root;
                queue.push_back(root);
            }
        }
        while let Some(node) = queue.pop_front() {
            let at = node as usize;
            let distance = ways.distance[at] + u32::from(joined.is_shown(node));
            for (next, kind) in joined.edges(node).iter().filter(|(_, kind)| !exact || kind.is_exact()) {
                let place = next as usize;
                if ways.parent.get(place) == Some(&NOWHERE) {
                    ways.parent[place] = node;
                    ways.kind[place] = kind;
                    ways.distance[place] = distance;
                    ways.root[place] = ways.root[at];
                    queue.push_back(next);
                }
            }
        }
        ways
    }

    pub(crate) fn reaches(&self, node: u32) -> bool {
        self.parent.get(node as usize).is_some_and(|parent| *parent != NOWHERE)
    }

    /// How many functions lie before `node` on its way.
    pub(crate) fn distance(&self, node: u32) -> Option<u32> {
        self.reaches(node).then(|| self.distance[node as usize])
    }

    /// Where the way to `node` begins.
    pub(crate) fn root(&self, node: u32) -> Option<u32> {
        self.reaches(node).then(|| self.root[node as usize])
    }

    /// The functions on the way to `node`, last first; what is not shown between two of them counts for the second.
    pub(crate) fn stops_back<'w>(
        &'w self,
        joined: &'w Joined<'_, '_>,
        node: u32,
    ) -> impl Iterator<Item = Stop> + 'w {
        let mut next = self.reaches(node).then_some(node);
        std::iter::from_fn(move || {
            let node = next?;
            let mut at = node;
            let mut weakest = Kind::Call;
            let mut through = None;
            loop {
                let parent = self.parent[at as usize];
                if parent == at {
                    next = None;
                    break;
                }
                weakest = weakest.max(self.kind[at as usize]);
                at = parent;
                if joined.is_shown(at) {
                    next = Some(at);
                    break;
                }
                through = through.or_else(|| indirect(joined, at));
            }
            let via = match weakest {
                Kind::Call if next.is_none() => Via::Entry,
                Kind::Call => Via::Call,
                Kind::Slot => Via::Slot,
                Kind::Reference => Via::Reference,
                Kind::Indirect => through.unwrap_or(Via::Indirect { table: None, candidates: 1, open: true }),
                Kind::Canonical => Via::Canonical,
                Kind::Unresolved => Via::Unresolved,
            };
            Some(Stop { node, via })
        })
    }
}

/// What an indirect call through this node is.
fn indirect(joined: &Joined<'_, '_>, node: u32) -> Option<Via> {
    match joined.place(node)? {
        Place::Code(_, graph, local) => {
            let indirect = graph.indirect(local)?;
            let candidates = graph.edges_of(local).len() as u32;
            Some(Via::Indirect { table: indirect.table, candidates, open: indirect.open })
        }
        Place::Glue(at, Glue::Table { open }) => {
            let candidates = joined.glue_edges(at).len() as u32;
            Some(Via::Indirect { table: None, candidates, open })
        }
        Place::Glue(..) => None,
    }
}
