//! Instantiates core modules: what each import really is.

use super::graph::{Code, Glue, Kind};
use super::items::{CoreInstance, CoreItem, Module, Node};
use super::linker::{Exports, Linker, Table};
use crate::facts::Root;
use crate::limits::LINKED_FUNCTIONS;
use std::rc::Rc;
use wasmparser::{ExternalKind, TypeRef};

/// Steps that an instance costs, for the memory that it takes.
pub(crate) const INSTANCE_STEPS: usize = 4;

impl<'a> Linker<'_, 'a> {
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
}
