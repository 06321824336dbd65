//! Instantiates core modules: what each import really is.

use super::graph::{Code, Glue, Host, Joined, Kind};
use super::items::{Component, CoreInstance, CoreItem, Frame, Instance, Module, Node, Parts};
use crate::facts::{ComponentFacts, Root};
use crate::limits::{LINK_STEPS, LINK_STEPS_LEAST, LINKED_FUNCTIONS};
use crate::{Capabilities, interfaces, text};
use std::collections::HashMap;
use std::rc::Rc;
use wasmparser::{ExternalKind, TypeRef};

/// Steps that an instance costs, for the memory that it takes.
pub(crate) const INSTANCE_STEPS: usize = 4;

/// What a module exports, sorted by name.
type Exports<'a> = Rc<Vec<(&'a str, ExternalKind, u32)>>;

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
    exports: HashMap<u32, Exports<'a>>,
    pub(crate) unresolved: u32,
    not_followed: u32,
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

    /// Instantiates a module; gives the core instance.
    pub(crate) fn instantiate_module(&mut self, module: Module, args: &mut [(&'a str, u32)]) -> u32 {
        args.sort_by_key(|(name, _)| *name);
        let code = match module {
            Module::Core(number) => self.code(number, args),
            Module::Host(_) | Module::Unresolved => None,
        };
        let instance = match (code, module) {
            (Some(code), _) => CoreInstance::Code(code),
            (None, Module::Host(node)) => CoreInstance::Opaque(self.opaque_module(node, args)),
            (None, _) => {
                self.not_followed = self.not_followed.saturating_add(1);
                let node = self.anything();
                CoreInstance::Opaque(self.opaque_module(node, args))
            }
        };
        self.core_instances.push(instance);
        self.core_instances.len() as u32 - 1
    }

    fn code(&mut self, number: u32, args: &[(&'a str, u32)]) -> Option<u32> {
        let parts = self.parts;
        let linkable = parts.modules.get(number as usize)?;
        let graph = parts.graphs.get(number as usize)?.as_ref()?;
        let functions = self.functions.checked_add(graph.nodes() as u32)?;
        if functions > LINKED_FUNCTIONS || linkable.sharing.untold || !self.spend(INSTANCE_STEPS) {
            return None;
        }
        let mut given = Vec::new();
        let mut tables = Vec::new();
        for import in
            linkable.imports.clone().into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok)
        {
            if !self.spend(1) {
                return None;
            }
            let place = args.binary_search_by_key(&import.module, |(name, _)| name).ok();
            let instance = place.and_then(|place| args.get(place));
            let item = instance
                .map_or(CoreItem::Unresolved, |(_, instance)| self.core_export(*instance, import.name));
            match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => given.push(self.function(item)),
                TypeRef::Table(_) => tables.push((tables.len() as u32, self.table(item))),
                _ => {}
            }
        }
        let imported = tables.len() as u32;
        for table in linkable.sharing.tables.iter().filter(|table| table.index >= imported) {
            self.tables.push(Table::default());
            tables.push((table.index, self.tables.len() as u32 - 1));
        }
        let base = self.functions;
        self.functions = functions;
        if let Some(start) = linkable.start.filter(|start| *start < graph.functions()) {
            self.roots.push((Root::Start, Node::code(base + start)));
        }
        self.codes.push(Code { module: number, base, given, tables, rewired: Vec::new() });
        Some(self.codes.len() as u32 - 1)
    }

    /// An instance of a module whose code is not here: it does what `node` does, and may call and put into tables
    /// whatever it is given.
    fn opaque_module(&mut self, node: Node, args: &[(&'a str, u32)]) -> Node {
        let glue = self.new_glue(Glue::Plain);
        self.edge(glue, node, Kind::Unresolved);
        for (_, instance) in args {
            for item in self.core_exports(*instance) {
                match item {
                    CoreItem::Function(function) => self.edge(glue, function, Kind::Unresolved),
                    CoreItem::Table(table) => {
                        if let Some(table) = self.tables.get_mut(table as usize) {
                            table.unknown = true;
                        }
                    }
                    CoreItem::Other | CoreItem::Unresolved => {}
                }
            }
        }
        // It may run code of its own at its instantiation.
        self.roots.push((Root::Shared, glue));
        glue
    }

    fn exports(&mut self, module: u32) -> Exports<'a> {
        if let Some(exports) = self.exports.get(&module) {
            return Rc::clone(exports);
        }
        let section = self.parts.modules.get(module as usize).and_then(|m| m.exports.clone());
        let mut exports = Vec::new();
        for export in section.into_iter().flatten().map_while(Result::ok) {
            // What is missing then is not resolved, which leads to everything.
            if !self.spend(1) {
                break;
            }
            exports.push((export.name, export.kind, export.index));
        }
        exports.sort_by_key(|(name, ..)| *name);
        let exports = Rc::new(exports);
        self.exports.insert(module, Rc::clone(&exports));
        exports
    }

    /// What the core instance exports under this name.
    pub(crate) fn core_export(&mut self, instance: u32, name: &str) -> CoreItem {
        match self.core_instances.get(instance as usize) {
            Some(CoreInstance::Code(code)) => {
                let code = *code;
                let module = self.codes.get(code as usize).map_or(u32::MAX, |c| c.module);
                let exports = self.exports(module);
                let place = exports.binary_search_by_key(&name, |(name, ..)| name).ok();
                place
                    .map_or(CoreItem::Unresolved, |place| self.item(code, exports[place].1, exports[place].2))
            }
            Some(CoreInstance::Bag(items)) => {
                let place = items.binary_search_by_key(&name, |(name, _)| name).ok();
                place.and_then(|place| items.get(place)).map_or(CoreItem::Unresolved, |(_, item)| *item)
            }
            Some(CoreInstance::Opaque(node)) if *node != Node::ANYTHING => CoreItem::Function(*node),
            _ => CoreItem::Unresolved,
        }
    }

    fn item(&self, code: u32, kind: ExternalKind, index: u32) -> CoreItem {
        let Some(code) = self.codes.get(code as usize) else { return CoreItem::Unresolved };
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                let graph = self.parts.graphs.get(code.module as usize).and_then(Option::as_ref);
                match graph.is_some_and(|graph| index < graph.functions()) {
                    true => CoreItem::Function(Node::code(code.base + index)),
                    false => CoreItem::Unresolved,
                }
            }
            ExternalKind::Table => {
                let place = code.tables.binary_search_by_key(&index, |(local, _)| *local).ok();
                place.map_or(CoreItem::Unresolved, |place| CoreItem::Table(code.tables[place].1))
            }
            _ => CoreItem::Other,
        }
    }

    /// Everything that a core instance exports.
    fn core_exports(&mut self, instance: u32) -> Vec<CoreItem> {
        let items: Vec<CoreItem> = match self.core_instances.get(instance as usize) {
            Some(CoreInstance::Code(code)) => {
                let code = *code;
                let module = self.codes.get(code as usize).map_or(u32::MAX, |c| c.module);
                let exports = self.exports(module);
                exports.iter().map(|(_, kind, index)| self.item(code, *kind, *index)).collect()
            }
            Some(CoreInstance::Bag(items)) => items.iter().map(|(_, item)| *item).collect(),
            Some(CoreInstance::Opaque(node)) => vec![CoreItem::Function(*node)],
            None => Vec::new(),
        };
        if !self.spend(items.len()) {
            self.unresolved = self.unresolved.saturating_add(1);
            self.tables_unknown = true;
            return vec![CoreItem::Function(Node::ANYTHING)];
        }
        items
    }

    pub(crate) fn function(&mut self, item: CoreItem) -> Node {
        match item {
            CoreItem::Function(node) => node,
            _ => self.anything(),
        }
    }

    /// The table that an item is; a new one of which nothing is known if it is none.
    pub(crate) fn table(&mut self, item: CoreItem) -> u32 {
        match item {
            CoreItem::Table(table) => table,
            _ => {
                self.unresolved = self.unresolved.saturating_add(1);
                self.tables.push(Table { unknown: true });
                self.tables.len() as u32 - 1
            }
        }
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
