//! What is known while the definitions of a component are followed: instances, glue between them, and how many steps
//! may still be taken.

use super::graph::{Code, Glue, Host, Joined, Kind};
use super::items::{Component, CoreInstance, Frame, Instance, Node, Parts};
use crate::facts::{ComponentFacts, Root};
use crate::limits::{LINK_STEPS, LINK_STEPS_LEAST};
use crate::{Capabilities, interfaces, text};
use std::collections::HashMap;
use std::rc::Rc;
use wasmparser::ExternalKind;

/// What a module exports, sorted by name.
pub(crate) type Exports<'a> = Rc<Vec<(&'a str, ExternalKind, u32)>>;

/// A table that instances share.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Something that is not followed sees it.
    pub(crate) unknown: bool,
}

/// Follows the definitions of a component.
pub(crate) struct Linker<'p, 'a> {
    pub(crate) parts: Parts<'p, 'a>,
    /// Steps that may still be taken.
    left: usize,
    pub(crate) codes: Vec<Code>,
    /// Nodes of `codes`.
    pub(crate) functions: u32,
    pub(crate) glue: Vec<Glue>,
    /// From which glue, where, how.
    pub(crate) edges: Vec<(u32, Node, Kind)>,
    pub(crate) hosts: Vec<Host<'a>>,
    /// Looked up only, never iterated.
    host_places: HashMap<(u32, Option<&'a str>), Node>,
    interfaces: Vec<String>,
    pub(crate) roots: Vec<(Root, Node)>,
    pub(crate) frames: Vec<Frame>,
    /// The first of each stands for what could not be resolved.
    pub(crate) core_instances: Vec<CoreInstance<'a>>,
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) components: Vec<Component>,
    pub(crate) tables: Vec<Table>,
    /// Glue that calls a function in a table.
    pub(crate) spawns: Vec<(Node, Option<u32>)>,
    /// Something that is not followed may see any table.
    pub(crate) tables_unknown: bool,
    /// By the number of the module.
    pub(crate) exports: HashMap<u32, Exports<'a>>,
    pub(crate) unresolved: u32,
    pub(crate) not_followed: u32,
}

impl<'p, 'a> Linker<'p, 'a> {
    /// For a file of `size` bytes.
    pub(crate) fn new(parts: Parts<'p, 'a>, size: usize) -> Self {
        Self {
            parts,
            left: (LINK_STEPS_LEAST + size / 2).min(LINK_STEPS),
            codes: Vec::new(),
            functions: 0,
            glue: vec![Glue::Anything],
            edges: Vec::new(),
            hosts: Vec::new(),
            host_places: HashMap::new(),
            interfaces: Vec::new(),
            roots: Vec::new(),
            frames: Vec::new(),
            core_instances: vec![CoreInstance::Opaque(Node::ANYTHING)],
            instances: vec![Instance::Opaque(Node::ANYTHING)],
            components: vec![Component::Unresolved],
            tables: Vec::new(),
            spawns: Vec::new(),
            tables_unknown: false,
            exports: HashMap::new(),
            unresolved: 0,
            not_followed: 0,
        }
    }

    /// Takes `steps` steps, if there are that many left.
    pub(crate) fn spend(&mut self, steps: usize) -> bool {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }

    /// Something that leads anywhere, counted.
    pub(crate) fn anything(&mut self) -> Node {
        self.unresolved = self.unresolved.saturating_add(1);
        Node::ANYTHING
    }

    pub(crate) fn new_glue(&mut self, glue: Glue) -> Node {
        if !self.spend(1) {
            return self.anything();
        }
        self.glue.push(glue);
        Node::glue(self.glue.len() as u32 - 1)
    }

    /// An edge from glue.
    pub(crate) fn edge(&mut self, from: Node, to: Node, kind: Kind) {
        let Some(glue) = from.as_glue() else { return };
        if self.spend(1) {
            self.edges.push((glue, to, kind));
            return;
        }
        let anywhere = (glue, Node::ANYTHING, Kind::Unresolved);
        if self.edges.last() != Some(&anywhere) {
            self.unresolved = self.unresolved.saturating_add(1);
            self.edges.push(anywhere);
        }
    }

    /// An import of the outermost component, by its place in `interfaces`.
    pub(crate) fn interface(&mut self, name: &str) -> u32 {
        self.interfaces.push(text::name(name));
        self.interfaces.len() as u32 - 1
    }

    /// The node of a function of the host; without `function`, of the import as a whole.
    pub(crate) fn host(&mut self, interface: u32, function: Option<&'a str>) -> Node {
        let key = (interface, function);
        if let Some(node) = self.host_places.get(&key) {
            return *node;
        }
        let name = self.interfaces.get(interface as usize).map(String::as_str).unwrap_or_default();
        let functions = function.map(|f| [text::name(f)]);
        let known = interfaces::of_component_import(name, functions.as_ref().map(|f| &f[..]), true);
        let node = self.new_host(interface, function, known.capabilities);
        self.host_places.insert(key, node);
        node
    }

    fn new_host(&mut self, interface: u32, function: Option<&'a str>, capabilities: Capabilities) -> Node {
        let node = self.new_glue(Glue::Host(self.hosts.len() as u32));
        if node != Node::ANYTHING {
            self.hosts.push(Host { interface, function, capabilities, node });
        }
        node
    }

    /// An import of the outermost component as a whole, which costs no steps: when they are spent, what leads anywhere
    /// leads here.
    fn whole_import(&mut self, name: &str, capabilities: Capabilities) {
        let interface = self.interface(name);
        self.glue.push(Glue::Host(self.hosts.len() as u32));
        let node = Node::glue(self.glue.len() as u32 - 1);
        self.hosts.push(Host { interface, function: None, capabilities, node });
    }

    /// The joined graph. `outermost`: the facts of the outermost component.
    pub(crate) fn finish(mut self, outermost: &ComponentFacts) -> Joined<'p, 'a> {
        self.link_tables();
        if self.unresolved > 0 {
            // What leads anywhere also leads to what nothing is known to use.
            for import in outermost.imports.iter().filter(|i| !i.capabilities.is_empty()) {
                self.whole_import(&import.name, import.capabilities);
            }
            if outermost.imports.len() < outermost.import_count as usize {
                self.whole_import("(imports that are not listed)", outermost.capabilities);
            }
        }
        self.edges.sort_by_key(|(from, ..)| *from);
        let mut offsets = vec![0u32; self.glue.len() + 1];
        for (from, ..) in &self.edges {
            offsets[*from as usize + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let functions = self.functions;
        let edges = self.edges.iter().map(|(_, to, kind)| (to.dense(functions), *kind)).collect();
        Joined {
            graphs: self.parts.graphs,
            codes: self.codes,
            functions,
            glue: self.glue,
            offsets,
            edges,
            hosts: self.hosts,
            interfaces: self.interfaces,
            roots: self.roots,
            unresolved: self.unresolved,
            not_followed: self.not_followed,
        }
    }
}
