//! Calls through tables that instances share, and of references that they pass to each other.

use super::graph::{Glue, Kind, Rewired};
use super::items::{CoreInstance, Node};
use super::linker::Linker;
use super::module::{ANY, Shape, SharedTable};
use std::collections::HashMap;

/// A list of functions, sorted by shape.
type Functions = Vec<(Shape, Node)>;

/// What a shared table holds.
#[derive(Default)]
struct Contents {
    functions: Functions,
    /// By place, sorted, if all of them are known.
    slots: Option<Vec<(u32, Node)>>,
    /// Code puts functions there.
    changed: bool,
    /// Nothing is known of it.
    unknown: bool,
}

/// What was found out of all tables.
struct Tables {
    contents: Vec<Contents>,
    /// Functions to which references may be passed between instances; `None` if none are.
    passed: Option<Functions>,
    /// Nodes for the functions of one shape, in a table or among those passed. Looked up only, never iterated.
    nodes: HashMap<(Option<u32>, Shape), Node>,
}

impl Linker<'_, '_> {
    /// Rewires the indirect calls of all instances.
    pub(crate) fn link_tables(&mut self) {
        let mut tables = self.read_tables();
        for (glue, table) in std::mem::take(&mut self.spawns) {
            let node = match table {
                Some(table) => self.callees(&mut tables, Some(table), ANY),
                None => self.anything(),
            };
            self.edge(glue, node, Kind::Indirect);
        }
        for code in 0..self.codes.len() {
            let rewired = self.rewire(code, &mut tables);
            if let Some(code) = self.codes.get_mut(code) {
                code.rewired = rewired;
            }
        }
    }

    fn read_tables(&mut self) -> Tables {
        let mut contents: Vec<Contents> = Vec::new();
        for table in &self.tables {
            let unknown = table.unknown || self.tables_unknown;
            contents.push(Contents { slots: Some(Vec::new()), unknown, ..Contents::default() });
        }
        let parts = self.parts;
        let passes = |code: &super::graph::Code| {
            parts.modules.get(code.module as usize).is_some_and(|module| module.sharing.passes)
        };
        let mut passed = self.codes.iter().any(passes).then(Functions::new);
        for code in 0..self.codes.len() {
            let Some(code) = self.codes.get(code) else { continue };
            let Some(module) = parts.modules.get(code.module as usize) else { continue };
            let sharing = &module.sharing;
            let base = code.base;
            let node = |function: u32| Node::code(base + function);
            let views = code.tables.clone();
            if let Some(passed) = &mut passed {
                // All of them: an instance that only shares tables puts there what others read.
                if self.spend(sharing.taken.len()) {
                    passed.extend(sharing.taken.iter().map(|(shape, function)| (*shape, node(*function))));
                } else {
                    passed.push((ANY, self.anything()));
                }
            }
            for (local, table) in views {
                let Some(shared) = sharing.tables.iter().find(|table| table.index == local) else { continue };
                let slots = shared.slots.as_ref().map_or(0, Vec::len);
                let cost =
                    slots + shared.functions.len() + if shared.changed { sharing.taken.len() } else { 0 };
                let enough = self.spend(cost);
                if let Some(contents) = contents.get_mut(table as usize) {
                    contents.unknown |= !enough;
                    if enough {
                        contents.add(shared, &sharing.taken, node);
                    }
                }
            }
        }
        for contents in &mut contents {
            contents.functions.sort_unstable();
            contents.functions.dedup();
            if contents.changed || contents.unknown {
                contents.slots = None;
            }
            if let Some(slots) = &mut contents.slots {
                slots.sort_unstable();
                slots.dedup();
            }
        }
        if let Some(passed) = &mut passed {
            let opaque = self.core_instances.iter().filter_map(|instance| match instance {
                CoreInstance::Opaque(node) if *node != Node::ANYTHING => Some((ANY, *node)),
                _ => None,
            });
            passed.extend(opaque);
            passed.sort_unstable();
            passed.dedup();
        }
        Tables { contents, passed, nodes: HashMap::new() }
    }

    /// The node that leads to the functions of a shape in a table; without a table, among those that are passed.
    fn callees(&mut self, tables: &mut Tables, table: Option<u32>, shape: Shape) -> Node {
        if let Some(node) = tables.nodes.get(&(table, shape)) {
            return *node;
        }
        let contents = table.and_then(|table| tables.contents.get(table as usize));
        let open = contents.is_none_or(|contents| contents.changed || contents.unknown);
        let node = self.new_glue(Glue::Table { open });
        tables.nodes.insert((table, shape), node);
        let functions = match contents {
            Some(contents) => &contents.functions[..],
            None => tables.passed.as_deref().unwrap_or_default(),
        };
        let unknown = contents.is_some_and(|contents| contents.unknown);
        for function in fitting(functions, shape) {
            self.edge(node, function, Kind::Indirect);
        }
        if unknown {
            let anything = self.anything();
            self.edge(node, anything, Kind::Unresolved);
        }
        if table.is_some() && open && tables.passed.is_some() {
            let passed = self.callees(tables, None, shape);
            self.edge(node, passed, Kind::Indirect);
        }
        node
    }

    fn rewire(&mut self, at: usize, tables: &mut Tables) -> Vec<Rewired> {
        let parts = self.parts;
        let mut rewired = Vec::new();
        let Some(code) = self.codes.get(at) else { return rewired };
        let (module, views) = (code.module as usize, code.tables.clone());
        let Some(graph) = parts.graphs.get(module).and_then(Option::as_ref) else { return rewired };
        let Some(sharing) = self.parts.modules.get(module).map(|module| &module.sharing) else {
            return rewired;
        };
        let table_of = |local: u32| {
            let place = views.binary_search_by_key(&local, |(local, _)| *local).ok();
            place.and_then(|place| views.get(place)).map(|(_, table)| *table)
        };
        for forward in &sharing.forwards {
            let contents = table_of(forward.table).and_then(|t| tables.contents.get(t as usize));
            let Some(slots) = contents.and_then(|contents| contents.slots.as_ref()) else { continue };
            let first = slots.partition_point(|(slot, _)| *slot < forward.slot);
            let mut there = slots[first..].iter().take_while(|(slot, _)| *slot == forward.slot);
            let edge = match (there.next(), there.next()) {
                // An empty place traps.
                (None, _) => None,
                (Some((_, function)), None) => Some((*function, Kind::Slot)),
                (Some(_), Some(_)) => continue,
            };
            if forward.function < graph.functions() {
                rewired.push(Rewired { node: forward.function, edge, keep: false });
            }
        }
        for (node, shape) in (graph.functions()..).zip(&sharing.indirect) {
            let Some(indirect) = graph.indirect(node) else { break };
            let table = indirect.table.and_then(table_of);
            let from_outside = tables.passed.is_some() && (indirect.open || indirect.table.is_none());
            if let Some(table) = table {
                let edge = Some((self.callees(tables, Some(table), *shape), Kind::Indirect));
                rewired.push(Rewired { node, edge, keep: false });
            } else if from_outside {
                let edge = Some((self.callees(tables, None, *shape), Kind::Indirect));
                rewired.push(Rewired { node, edge, keep: true });
            }
        }
        rewired.sort_by_key(|r| r.node);
        rewired
    }
}

impl Contents {
    fn add(&mut self, shared: &SharedTable, taken: &[(Shape, u32)], node: impl Fn(u32) -> Node) {
        self.changed |= shared.changed;
        let changes = if shared.changed { taken } else { &[] };
        let functions = shared.functions.iter().chain(changes);
        self.functions.extend(functions.map(|(shape, function)| (*shape, node(*function))));
        match (&mut self.slots, &shared.slots) {
            (Some(slots), Some(more)) => {
                slots.extend(more.iter().map(|(slot, function)| (*slot, node(*function))));
            }
            (slots, _) => *slots = None,
        }
    }
}

/// The functions that a call of `shape` may reach.
fn fitting(functions: &[(Shape, Node)], shape: Shape) -> impl Iterator<Item = Node> {
    let run = |shape: Shape| {
        let range =
            functions.partition_point(|(s, _)| *s < shape)..functions.partition_point(|(s, _)| *s <= shape);
        &functions[range]
    };
    let (any, own) = if shape == ANY { (functions, &[][..]) } else { (run(ANY), run(shape)) };
    any.iter().chain(own).map(|(_, node)| *node)
}
