//! The call graph of one module: compressed rows of edges, and the shortest ways through it.

use crate::facts::Via;
use std::collections::VecDeque;
use std::ops::Range;

/// An edge: its target, and whether it is a call or only a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge(u32);

impl Edge {
    const REFERENCE: u32 = 1 << 31;

    pub(crate) const fn call(node: u32) -> Self {
        Self(node)
    }

    pub(crate) const fn reference(node: u32) -> Self {
        Self(node | Self::REFERENCE)
    }

    pub(crate) const fn node(self) -> u32 {
        self.0 & !Self::REFERENCE
    }

    pub(crate) const fn is_reference(self) -> bool {
        self.0 & Self::REFERENCE != 0
    }
}

/// Calls of one type through one table.
#[derive(Debug, Clone)]
pub(crate) struct Indirect {
    pub(crate) table: Option<u32>,
    pub(crate) open: bool,
    /// The edges to the functions that fit.
    pub(crate) targets: Range<u32>,
}

/// The call graph of one core module: functions, imports first, and whom each calls.
///
/// Indirect calls go to every function that fits their type and may lie in their table, so the graph
/// over-approximates: a function that it cannot reach is never called.
#[derive(Debug, Clone)]
pub struct CallGraph {
    imported: u32,
    functions: u32,
    /// Where the edges of each function begin; one more than functions.
    offsets: Vec<u32>,
    edges: Vec<Edge>,
    indirect: Vec<Indirect>,
}

/// The way to every function from the nearest of some roots.
#[derive(Debug, Clone)]
pub struct Ways {
    /// For each node the node before it on its shortest way; itself for a root; [`NOWHERE`] if it cannot be reached.
    parent: Vec<u32>,
    /// For each node the number of functions before it on its way; with [`REFERRED`] where the last edge is a reference.
    distance: Vec<u32>,
    /// For each node where its way begins.
    root: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;
const REFERRED: u32 = 1 << 31;

impl CallGraph {
    pub(crate) fn new(
        imported: u32,
        functions: u32,
        offsets: Vec<u32>,
        edges: Vec<Edge>,
        indirect: Vec<Indirect>,
    ) -> Self {
        Self { imported, functions, offsets, edges, indirect }
    }

    /// Number of functions, imports included.
    pub fn functions(&self) -> u32 {
        self.functions
    }

    /// Number of imported functions: they have the lowest indices.
    pub fn imported(&self) -> u32 {
        self.imported
    }

    /// Functions, and pairs of table and type by which code calls.
    pub(crate) fn nodes(&self) -> usize {
        self.functions as usize + self.indirect.len()
    }

    pub(crate) fn edges_of(&self, node: u32) -> &[Edge] {
        let range = match node.checked_sub(self.functions) {
            None => match self.offsets.get(node as usize..node as usize + 2) {
                Some(&[start, end]) => start..end,
                _ => 0..0,
            },
            Some(n) => self.indirect.get(n as usize).map_or(0..0, |i| i.targets.clone()),
        };
        self.edges.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The pair of table and type that `node` stands for, if it is no function.
    pub(crate) fn indirect(&self, node: u32) -> Option<&Indirect> {
        self.indirect.get(node.checked_sub(self.functions)? as usize)
    }

    /// The edges of `node`; with `direct` only the calls that it certainly makes.
    fn next(&self, node: u32, direct: bool) -> impl Iterator<Item = Edge> {
        let functions = self.functions;
        let edges = self.edges_of(node).iter().copied();
        edges.filter(move |e| !direct || (!e.is_reference() && e.node() < functions))
    }

    /// The functions that `function` calls directly.
    pub(crate) fn calls(&self, function: u32) -> impl Iterator<Item = u32> {
        self.next(function, true).map(Edge::node)
    }

    /// The most functions that one indirect call may reach.
    pub(crate) fn most_candidates(&self) -> u32 {
        self.indirect.iter().map(|i| i.targets.end - i.targets.start).max().unwrap_or(0)
    }

    /// The functions that `function` calls, may call, or refers to: in the order of its code, indirect
    /// calls as what fits them.
    pub fn callees(&self, function: u32) -> impl Iterator<Item = u32> {
        self.next(function, false).flat_map(move |edge| {
            let node = edge.node();
            let fitting = if node < self.functions { &[][..] } else { self.edges_of(node) };
            (node < self.functions).then_some(node).into_iter().chain(fitting.iter().map(|e| e.node()))
        })
    }

    /// The shortest ways from `roots`; of equally near roots, the first. `direct`: by direct calls only.
    ///
    /// Linear in the size of the graph.
    pub fn ways(&self, roots: impl IntoIterator<Item = u32>, direct: bool) -> Ways {
        let nodes = self.nodes();
        let mut ways =
            Ways { parent: vec![NOWHERE; nodes], distance: vec![0; nodes], root: vec![NOWHERE; nodes] };
        self.extend(&mut ways, roots, direct);
        ways
    }

    /// Adds the ways from further `roots` to what no root before could reach.
    pub(crate) fn extend(&self, ways: &mut Ways, roots: impl IntoIterator<Item = u32>, direct: bool) {
        let mut queue = VecDeque::new();
        for root in roots {
            if root < self.functions && ways.parent[root as usize] == NOWHERE {
                ways.parent[root as usize] = root;
                ways.root[root as usize] = root;
                queue.push_back(root);
            }
        }
        while let Some(node) = queue.pop_front() {
            // An indirect node is no function of its own: its way is as long as its caller's.
            let distance = (ways.distance[node as usize] & !REFERRED) + u32::from(node < self.functions);
            for edge in self.next(node, direct) {
                let next = edge.node() as usize;
                if ways.parent[next] == NOWHERE {
                    ways.parent[next] = node;
                    ways.root[next] = ways.root[node as usize];
                    ways.distance[next] = distance | if edge.is_reference() { REFERRED } else { 0 };
                    queue.push_back(edge.node());
                }
            }
        }
    }

    /// The functions on the shortest way to `function`, last first, each with how it is called.
    pub fn steps_back<'g>(&'g self, ways: &'g Ways, function: u32) -> impl Iterator<Item = (u32, Via)> + 'g {
        let mut at = ways.reaches(function).then_some(function);
        std::iter::from_fn(move || {
            let node = at?;
            let parent = ways.parent[node as usize];
            if parent == node {
                at = None;
                return Some((node, Via::Entry));
            }
            let via = match parent.checked_sub(self.functions) {
                None => {
                    at = Some(parent);
                    let referred = ways.distance[node as usize] & REFERRED != 0;
                    if referred { Via::Reference } else { Via::Call }
                }
                Some(n) => {
                    at = Some(ways.parent[parent as usize]);
                    let indirect = &self.indirect[n as usize];
                    let candidates = indirect.targets.end - indirect.targets.start;
                    Via::Indirect { table: indirect.table, candidates, open: indirect.open }
                }
            };
            Some((node, via))
        })
    }

    /// For each function the union of the marks of every import that it can reach. `marks`: one word of bits for each
    /// import.
    ///
    /// Linear in the size of the graph.
    pub fn reachable_marks(&self, marks: &[u32]) -> Vec<u32> {
        let mut mask: Vec<u32> = marks.iter().copied().take(self.imported as usize).collect();
        mask.resize(self.nodes(), 0);
        let edge = |node, n: u32| self.edges_of(node).get(n as usize).map(|edge| edge.node());
        let mut mask = crate::marks::reachable(mask, 0..self.nodes() as u32, edge);
        mask.truncate(self.functions as usize);
        mask
    }
}

impl Ways {
    /// Can `function` be reached?
    pub fn reaches(&self, function: u32) -> bool {
        self.parent.get(function as usize).is_some_and(|p| *p != NOWHERE)
    }

    /// How many functions lie before `function` on its way.
    pub fn distance(&self, function: u32) -> Option<u32> {
        self.reaches(function).then(|| self.distance[function as usize] & !REFERRED)
    }

    /// Where the way to `function` begins.
    pub fn root(&self, function: u32) -> Option<u32> {
        self.reaches(function).then(|| self.root[function as usize])
    }
}
