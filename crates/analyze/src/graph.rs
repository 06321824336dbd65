//! The call graph while it is being read.
//!
//! Nodes are the functions, imports first, and behind them one node for each pair of table and type family by which
//! code calls indirectly. Function → pair → functions that fit: the number of edges stays linear, where caller
//! × callee would be the square of 100,000 functions of one shape.

use crate::callgraph::{CallGraph, Edge};
use crate::facts::IndirectCalls;
use crate::limits::{FUNCTIONS, INDIRECT_NODES};
use crate::types::Types;
use std::collections::{BTreeSet, HashMap};

/// Tables whose contents are told apart; further ones count as open.
const TABLES: u32 = 64;

/// A set of functions, one bit each.
#[derive(Debug, Clone, Default)]
pub(crate) struct FunctionSet(Vec<u64>);

impl FunctionSet {
    pub(crate) fn insert(&mut self, function: u32) {
        if function >= FUNCTIONS {
            return;
        }
        let word = function as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (function % 64);
    }

    pub(crate) fn contains(&self, function: u32) -> bool {
        self.0.get(function as usize / 64).is_some_and(|word| word & (1 << (function % 64)) != 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = (0u32..).zip(&self.0);
        words.flat_map(|(n, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| n * 64 + bit)
        })
    }
}

/// What one table holds at start.
#[derive(Debug, Clone, Default)]
struct Contents {
    functions: FunctionSet,
    open: bool,
    changed: bool,
}

/// Gathers edges. Functions must come in the order of their indices.
pub(crate) struct GraphBuilder {
    functions: u32,
    imported: u32,
    /// Where the edges of each node begin.
    offsets: Vec<u32>,
    edges: Vec<Edge>,
    /// References of the function that is being read: edges, unless it calls the same function as well.
    references: Vec<u32>,
    /// For each node, the last function (plus one) that has an edge to it.
    seen: Vec<u32>,
    /// Looked up only, never iterated.
    indirect: HashMap<(u32, u32), u32>,
    keys: Vec<(u32, u32)>,
    tables: Vec<Contents>,
    taken: FunctionSet,
    too_large: bool,
}

/// Stands for "no table of its own" and "any family" in keys.
const ANY: u32 = u32::MAX;

impl GraphBuilder {
    /// For a module with `functions` functions, `imported` of which are imports.
    pub(crate) fn new(imported: u32, functions: u32) -> Self {
        let too_large = functions > FUNCTIONS;
        let nodes = if too_large { 0 } else { functions as usize };
        Self {
            functions,
            imported,
            offsets: vec![0; if too_large { 1 } else { imported as usize + 1 }],
            edges: Vec::new(),
            references: Vec::new(),
            seen: vec![0; nodes],
            indirect: HashMap::new(),
            keys: Vec::new(),
            tables: Vec::new(),
            taken: FunctionSet::default(),
            too_large,
        }
    }

    fn current(&self) -> u32 {
        self.offsets.len() as u32
    }

    fn push(&mut self, edge: Edge) {
        if self.edges.len() == self.edges.capacity() {
            // By a quarter: doubling would break the memory bound where it matters.
            self.edges.reserve_exact(self.edges.len() / 4 + 1024);
        }
        self.edges.push(edge);
    }

    fn first_time(&mut self, node: u32) -> bool {
        let current = self.current();
        match self.seen.get_mut(node as usize) {
            Some(seen) if *seen != current => {
                *seen = current;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn call(&mut self, function: u32) {
        if function < self.functions && self.first_time(function) {
            self.push(Edge::call(function));
        }
    }

    pub(crate) fn reference(&mut self, function: u32) {
        if function < self.functions && !self.too_large {
            self.taken.insert(function);
            if self.references.last() != Some(&function) {
                self.references.push(function);
            }
        }
    }

    /// A call of the `family` through `table`, or through a reference.
    pub(crate) fn indirect(&mut self, table: Option<u32>, family: u32) {
        if self.too_large {
            return;
        }
        let table = table.filter(|t| *t < TABLES).unwrap_or(ANY);
        // Beyond the bound, one node for everything.
        let full = self.keys.len() >= INDIRECT_NODES;
        let key =
            if full && !self.indirect.contains_key(&(table, family)) { (ANY, ANY) } else { (table, family) };
        let next = self.keys.len() as u32;
        let node = self.functions + *self.indirect.entry(key).or_insert(next);
        if node == self.functions + next {
            self.keys.push(key);
            self.seen.push(0);
        }
        if self.first_time(node) {
            self.push(Edge::call(node));
        }
    }

    /// The body of a function ends.
    pub(crate) fn end_function(&mut self) {
        if self.too_large || self.current() > self.functions {
            return;
        }
        for function in std::mem::take(&mut self.references) {
            if self.first_time(function) {
                self.push(Edge::reference(function));
            }
        }
        self.offsets.push(self.edges.len() as u32);
    }

    fn table(&mut self, table: u32) -> Option<&mut Contents> {
        if table >= TABLES {
            return None;
        }
        if self.tables.len() <= table as usize {
            self.tables.resize(table as usize + 1, Contents::default());
        }
        self.tables.get_mut(table as usize)
    }

    /// Code changes `table`.
    pub(crate) fn change_table(&mut self, table: u32) {
        if let Some(contents) = self.table(table) {
            contents.changed = true;
            contents.open = true;
        }
    }

    /// What `table` holds cannot be known from the module.
    pub(crate) fn open_table(&mut self, table: u32) {
        if let Some(contents) = self.table(table) {
            contents.open = true;
        }
    }

    /// `function` lies in `table` at start.
    pub(crate) fn element(&mut self, table: u32, function: u32) {
        self.taken.insert(function);
        if let Some(contents) = self.table(table) {
            contents.functions.insert(function);
        }
    }

    /// Something outside code refers to `function`: an export, a global, a passive segment.
    pub(crate) fn take(&mut self, function: u32) {
        self.taken.insert(function);
    }

    /// Is `table` changed by code, and is it open?
    pub(crate) fn table_state(&self, table: u32) -> (bool, bool) {
        self.tables.get(table as usize).map_or((false, table >= TABLES), |t| (t.changed, t.open))
    }

    /// The functions in `table` at start.
    pub(crate) fn in_table(&self, table: u32) -> FunctionSet {
        self.tables.get(table as usize).map(|t| t.functions.clone()).unwrap_or_default()
    }

    /// What code calls indirectly, and what may be called so; what one call may reach is known only in the end.
    pub(crate) fn indirect_calls(&self, types: &mut Types<'_>, type_of: &[u32]) -> IndirectCalls {
        let called: BTreeSet<u32> = self.keys.iter().map(|(_, family)| *family).collect();
        let mut classes: HashMap<u32, u32> = HashMap::new();
        let mut taken = 0;
        for function in self.taken.iter() {
            taken += 1;
            if let Some(family) = type_of.get(function as usize).and_then(|ty| types.family(*ty)) {
                *classes.entry(family).or_default() += 1;
            }
        }
        IndirectCalls {
            types_called: called.len() as u32,
            taken,
            largest_class: classes.values().copied().max().unwrap_or(0),
            most_candidates: 0,
        }
    }

    /// Functions to which something refers.
    pub(crate) fn taken(&self) -> &FunctionSet {
        &self.taken
    }

    /// Table and family of each indirect node, in their order.
    pub(crate) fn keys(&self) -> &[(u32, u32)] {
        &self.keys
    }

    /// Has the module, with that many `tables`, more of them or more pairs of table and family than are told apart?
    pub(crate) fn is_coarse(&self, tables: u32) -> bool {
        tables > TABLES || self.keys.len() >= INDIRECT_NODES
    }

    /// Everything has been read. `type_of`: the type of each function.
    pub(crate) fn finish(mut self, types: &mut Types<'_>, type_of: &[u32]) -> Option<CallGraph> {
        if self.too_large {
            return None;
        }
        // Bodies may be missing where the module is not valid.
        self.offsets.resize(self.functions as usize + 1, self.edges.len() as u32);
        self.seen = Vec::new();
        let mut by_family = |set: &FunctionSet| {
            let mut family =
                |f: &u32| type_of.get(*f as usize).and_then(|ty| types.family(*ty)).unwrap_or(ANY);
            let mut list: Vec<(u32, u32)> = set.iter().map(|f| (family(&f), f)).collect();
            list.sort_unstable();
            list
        };
        let taken = by_family(&self.taken);
        let tables: Vec<Option<Vec<(u32, u32)>>> =
            self.tables.iter().map(|t| (!t.open).then(|| by_family(&t.functions))).collect();
        let keys = std::mem::take(&mut self.keys);
        // One list of targets for each open family, however many open tables there are.
        let mut open: HashMap<u32, std::ops::Range<u32>> = HashMap::new();
        let mut indirect = Vec::with_capacity(keys.len());
        for (table, family) in keys {
            let closed =
                tables.get(table as usize).map_or((table < TABLES).then_some(&[][..]), |t| t.as_deref());
            let start = self.edges.len() as u32;
            let targets = match (closed, open.get(&family)) {
                (None, Some(targets)) => targets.clone(),
                (closed, _) => {
                    for function in fitting(closed.unwrap_or(&taken), family) {
                        self.push(Edge::call(function));
                    }
                    let targets = start..self.edges.len() as u32;
                    if closed.is_none() {
                        open.insert(family, targets.clone());
                    }
                    targets
                }
            };
            indirect.push(crate::callgraph::Indirect {
                table: (table != ANY).then_some(table),
                open: closed.is_none(),
                targets,
            });
        }
        Some(CallGraph::new(self.imported, self.functions, self.offsets, self.edges, indirect))
    }
}

/// The functions of `family` in a list that is sorted by family.
fn fitting(list: &[(u32, u32)], family: u32) -> impl Iterator<Item = u32> {
    let range = if family == ANY {
        0..list.len()
    } else {
        list.partition_point(|(f, _)| *f < family)..list.partition_point(|(f, _)| *f <= family)
    };
    list[range].iter().map(|(_, function)| *function)
}
