//! The call graphs of all module instances, joined.
//!
//! The graphs of the modules are not copied: an instance is a range of nodes. Between them lies glue, nodes with edges of
//! their own: lifted and lowered functions, contents of shared tables, functions of the host.

use super::items::Node;
use crate::callgraph::{CallGraph, Edge};
use crate::facts::Root;
use crate::{Capabilities, limits};

/// How sure an edge is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    Call,
    /// Through a place of a table that always holds this function.
    Slot,
    Reference,
    Indirect,
    /// Made by the canonical ABI where values cross, if they need it.
    Canonical,
    Unresolved,
}

impl Kind {
    pub(crate) const fn is_exact(self) -> bool {
        matches!(self, Kind::Call | Kind::Slot)
    }
}

/// An instance of a core module.
#[derive(Debug)]
pub(crate) struct Code {
    /// Its number in the file.
    pub(crate) module: u32,
    /// Its first node.
    pub(crate) base: u32,
    /// What its imported functions really are.
    pub(crate) given: Vec<Node>,
    /// Its imported and exported tables, sorted, with their places in the linker.
    pub(crate) tables: Vec<(u32, u32)>,
    /// Other edges for some of its nodes, sorted by node.
    pub(crate) rewired: Vec<Rewired>,
}

/// An edge that linking adds to a node.
#[derive(Debug)]
pub(crate) struct Rewired {
    /// The node in the graph of the module.
    pub(crate) node: u32,
    pub(crate) edge: Option<(Node, Kind)>,
    /// The edges of the module's own graph stay.
    pub(crate) keep: bool,
}

/// A node that is no function of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glue {
    /// What passes a call on, and is not shown.
    Plain,
    /// A function of the host, by its place in [`Joined::hosts`].
    Host(u32),
    /// The functions of one type in a shared table.
    Table { open: bool },
    /// Leads to every node.
    Anything,
}

/// A function that the host gives.
#[derive(Debug)]
pub(crate) struct Host<'a> {
    /// The import of the outermost component, by its place in [`Joined::interfaces`].
    pub(crate) interface: u32,
    /// The function in it; `None` for the import itself.
    pub(crate) function: Option<&'a str>,
    pub(crate) capabilities: Capabilities,
    pub(crate) node: Node,
}

/// The whole.
pub(crate) struct Joined<'p, 'a> {
    pub(crate) graphs: &'p [Option<CallGraph>],
    /// In the order of their nodes.
    pub(crate) codes: Vec<Code>,
    /// Nodes of functions; behind them the glue.
    pub(crate) functions: u32,
    pub(crate) glue: Vec<Glue>,
    /// Where the edges of each glue node begin, and the end.
    pub(crate) offsets: Vec<u32>,
    pub(crate) edges: Vec<(u32, Kind)>,
    pub(crate) hosts: Vec<Host<'a>>,
    pub(crate) interfaces: Vec<String>,
    pub(crate) roots: Vec<(Root, Node)>,
    pub(crate) unresolved: u32,
    pub(crate) not_followed: u32,
}

/// What lies behind a node.
#[derive(Clone, Copy)]
pub(crate) enum Place<'g> {
    /// A function or an indirect node of an instance, by its node there.
    Code(&'g Code, &'g CallGraph, u32),
    Glue(u32, Glue),
}

/// The edges of one node.
pub(crate) struct Edges<'g> {
    local: &'g [Edge],
    base: u32,
    /// Nodes of the module from here on are indirect.
    indirect_from: u32,
    extra: Option<(u32, Kind)>,
    glue: &'g [(u32, Kind)],
    everything: u32,
}

impl Joined<'_, '_> {
    pub(crate) fn nodes(&self) -> u32 {
        self.functions + self.glue.len() as u32
    }

    pub(crate) fn dense(&self, node: Node) -> u32 {
        node.dense(self.functions)
    }

    pub(crate) fn place(&self, node: u32) -> Option<Place<'_>> {
        if let Some(glue) = node.checked_sub(self.functions) {
            return self.glue.get(glue as usize).map(|kind| Place::Glue(glue, *kind));
        }
        let at = self.codes.partition_point(|code| code.base <= node).checked_sub(1)?;
        let code = self.codes.get(at)?;
        let graph = self.graphs.get(code.module as usize)?.as_ref()?;
        Some(Place::Code(code, graph, node - code.base))
    }

    /// Is it something that a person would call a function?
    pub(crate) fn is_shown(&self, node: u32) -> bool {
        match self.place(node) {
            // What an import really is comes next.
            Some(Place::Code(_, graph, local)) => local >= graph.imported() && local < graph.functions(),
            Some(Place::Glue(_, glue)) => matches!(glue, Glue::Host(_)),
            None => false,
        }
    }

    pub(crate) fn edges(&self, node: u32) -> Edges<'_> {
        let none = Edges { local: &[], base: 0, indirect_from: 0, extra: None, glue: &[], everything: 0 };
        match self.place(node) {
            Some(Place::Code(code, graph, local)) => {
                let rewired = code.rewired.binary_search_by_key(&local, |r| r.node).ok();
                let rewired = rewired.and_then(|at| code.rewired.get(at));
                let keep = rewired.is_none_or(|r| r.keep);
                let given = code.given.get(local as usize).map(|node| (*node, Kind::Call));
                let extra = given.or_else(|| rewired.and_then(|r| r.edge));
                Edges {
                    local: if keep { graph.edges_of(local) } else { &[] },
                    base: code.base,
                    // All edges of an indirect node are indirect calls.
                    indirect_from: if local < graph.functions() { graph.functions() } else { 0 },
                    extra: extra.map(|(node, kind)| (self.dense(node), kind)),
                    ..none
                }
            }
            Some(Place::Glue(_, Glue::Anything)) => Edges { everything: self.nodes(), ..none },
            Some(Place::Glue(at, _)) => Edges { glue: self.glue_edges(at), ..none },
            None => none,
        }
    }

    pub(crate) fn glue_edges(&self, glue: u32) -> &[(u32, Kind)] {
        match self.offsets.get(glue as usize..glue as usize + 2) {
            Some(&[start, end]) => self.edges.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Edges<'_> {
    pub(crate) fn get(&self, n: u32) -> Option<(u32, Kind)> {
        let at = n as usize;
        if let Some(edge) = self.local.get(at) {
            let kind = match edge.node() >= self.indirect_from {
                _ if edge.is_reference() => Kind::Reference,
                true => Kind::Indirect,
                false => Kind::Call,
            };
            return Some((self.base + edge.node(), kind));
        }
        let at = at - self.local.len();
        match (self.extra, at) {
            (Some(extra), 0) => return Some(extra),
            (Some(_), _) => return None,
            (None, _) => {}
        }
        match self.everything {
            0 => self.glue.get(at).copied(),
            all => (n < all).then_some((n, Kind::Unresolved)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Kind)> {
        (0..).map_while(|n| self.get(n))
    }
}

// An edge of a module's graph has 31 bits for its node, and a node one for what it is.
const _: () = assert!(limits::LINKED_FUNCTIONS < 1 << 30 && limits::LINK_STEPS < 1 << 30);
