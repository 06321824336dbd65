//! Follows the definitions of components.

use super::graph::{Glue, Kind};
use super::instantiate::INSTANCE_STEPS;
use super::items::{Component, CoreInstance, CoreItem, Frame, Instance, Item, Module, Node, Type};
use super::linker::Linker;
use super::scope::{Scope, find};
use super::wiring::Definition;
use crate::facts::Root;
use crate::limits::DEPTH;
use std::collections::BTreeSet;
use wasmparser::{
    ComponentExternalKind as Sort, ComponentInstance, ExternalKind, Instance as CoreDefinition,
};

/// What a component is given for its imports.
pub(crate) enum Args<'a> {
    /// Everything comes from the host.
    Host,
    /// Sorted by name.
    Given(Vec<(&'a str, Item)>),
}

impl<'a> Linker<'_, 'a> {
    pub(crate) fn instantiate(&mut self, component: u32, args: Args<'a>, depth: usize) -> u32 {
        let component = self.components.get(component as usize).copied().unwrap_or(Component::Unresolved);
        let instance = match component {
            Component::Defined { number, frame } if depth <= DEPTH => self.follow(number, frame, args, depth),
            Component::Host(node) => Instance::Opaque(self.opaque_component(node, args)),
            Component::Defined { .. } | Component::Unresolved => {
                let node = self.anything();
                Instance::Opaque(self.opaque_component(node, args))
            }
        };
        self.instances.push(instance);
        self.instances.len() as u32 - 1
    }

    /// An instance of a component that is not in the file: it may call whatever it is given.
    fn opaque_component(&mut self, node: Node, args: Args<'a>) -> Node {
        let glue = self.new_glue(Glue::Plain);
        self.edge(glue, node, Kind::Unresolved);
        self.roots.push((Root::Shared, glue));
        let Args::Given(args) = args else { return glue };
        let mut open: Vec<Item> = args.into_iter().map(|(_, item)| item).collect();
        let mut seen = BTreeSet::new();
        while let Some(item) = open.pop() {
            match item {
                Item::Function(node) => self.edge(glue, node, Kind::Unresolved),
                Item::Instance(instance) if seen.insert(instance) => {
                    match self.instances.get(instance as usize) {
                        Some(Instance::Exports(exports)) => {
                            open.extend(exports.iter().map(|(_, item)| *item))
                        }
                        Some(Instance::Opaque(node)) => open.push(Item::Function(*node)),
                        Some(Instance::Host(_)) | None => {}
                    }
                }
                Item::Component(_) | Item::Module(_) | Item::Unresolved => {
                    let node = self.anything();
                    self.edge(glue, node, Kind::Unresolved);
                }
                Item::Instance(_) | Item::Type(_) | Item::Value => {}
            }
            if !self.spend(1) {
                let node = self.anything();
                self.edge(glue, node, Kind::Unresolved);
                break;
            }
        }
        glue
    }

    fn follow(&mut self, number: u32, parent: Option<u32>, args: Args<'a>, depth: usize) -> Instance<'a> {
        let wirings = self.parts.wirings;
        let Some(wiring) = wirings.get(number as usize) else { return Instance::Opaque(self.anything()) };
        self.frames.push(Frame { parent, ..Frame::default() });
        let mut scope = Scope { frame: self.frames.len() as u32 - 1, ..Scope::default() };
        for (at, definition) in wiring.definitions.iter().enumerate() {
            if !self.spend(if at == 0 { INSTANCE_STEPS } else { 1 }) {
                // What is not followed may have start functions.
                let node = self.anything();
                self.roots.push((Root::Shared, node));
                return Instance::Opaque(node);
            }
            self.define(&mut scope, definition, &args, depth);
        }
        scope.exports.sort_by_key(|(name, _)| *name);
        Instance::Exports(scope.exports)
    }

    fn define(&mut self, scope: &mut Scope<'a>, definition: &Definition<'a>, args: &Args<'a>, depth: usize) {
        match definition {
            Definition::Module(number) => {
                self.put(scope, Sort::Module, Item::Module(Module::Core(*number)));
            }
            Definition::Component(number) => {
                self.components.push(Component::Defined { number: *number, frame: Some(scope.frame) });
                let item = Item::Component(self.components.len() as u32 - 1);
                self.put(scope, Sort::Component, item);
            }
            Definition::CoreInstance(instance) => self.core_instance(scope, instance),
            Definition::Instance(instance) => self.component_instance(scope, instance, depth),
            Definition::Alias(alias) => self.alias(scope, alias),
            Definition::Canon(function) => self.canon(scope, function),
            Definition::Import(name, sort) => {
                let item = match args {
                    Args::Host => self.of_host(name, *sort),
                    Args::Given(items) => find(items, name),
                };
                self.put(scope, *sort, item);
            }
            Definition::Export(name, sort, index) => {
                let item = self.get(scope, *sort, *index);
                scope.exports.push((name, item));
                // An export is also a new index.
                self.put(scope, *sort, item);
            }
            Definition::Resource(destructor) => {
                let node = destructor.map(|function| self.core_function(scope, function));
                if let Some(node) = node {
                    self.roots.push((Root::Destructor, node));
                }
                self.put(scope, Sort::Type, Item::Type(Type::Resource(node)));
            }
            Definition::Types(count) => {
                // Their number is within the bound of definitions.
                let count = if self.spend(*count as usize) { *count } else { 0 };
                for _ in 0..count {
                    self.put(scope, Sort::Type, Item::Type(Type::Other));
                }
            }
            Definition::Start(function) => {
                let node = scope.functions.get(*function as usize).copied();
                let node = node.unwrap_or_else(|| self.anything());
                self.roots.push((Root::Start, node));
            }
        }
    }

    fn of_host(&mut self, name: &'a str, sort: Sort) -> Item {
        let interface = self.interface(name);
        match sort {
            Sort::Instance => {
                self.instances.push(Instance::Host(interface));
                Item::Instance(self.instances.len() as u32 - 1)
            }
            Sort::Component => {
                let node = self.host(interface, None);
                self.components.push(Component::Host(node));
                Item::Component(self.components.len() as u32 - 1)
            }
            Sort::Func => Item::Function(self.host(interface, None)),
            Sort::Module => Item::Module(Module::Host(self.host(interface, None))),
            Sort::Type => Item::Type(Type::Other),
            Sort::Value => Item::Value,
        }
    }

    fn core_instance(&mut self, scope: &mut Scope<'a>, instance: &CoreDefinition<'a>) {
        let place = match instance {
            CoreDefinition::Instantiate { module_index, args } => {
                let frame = self.frames.get(scope.frame as usize);
                let module = frame.and_then(|f| f.modules.get(*module_index as usize)).copied();
                let instance = |index: u32| scope.core_instances.get(index as usize).copied().unwrap_or(0);
                let mut args: Vec<_> = args.iter().map(|arg| (arg.name, instance(arg.index))).collect();
                self.instantiate_module(module.unwrap_or(Module::Unresolved), &mut args)
            }
            CoreDefinition::FromExports(exports) => {
                let mut items = Vec::new();
                // Paid for by the definition: it cannot be read more often than it is followed.
                if self.spend(exports.len()) {
                    for export in exports {
                        let place = export.index as usize;
                        let item = match export.kind {
                            ExternalKind::Func | ExternalKind::FuncExact => {
                                scope.core_functions.get(place).map(|node| CoreItem::Function(*node))
                            }
                            ExternalKind::Table => {
                                scope.core_tables.get(place).map(|table| CoreItem::Table(*table))
                            }
                            _ => Some(CoreItem::Other),
                        };
                        items.push((export.name, item.unwrap_or(CoreItem::Unresolved)));
                    }
                }
                items.sort_by_key(|(name, _)| *name);
                self.core_instances.push(CoreInstance::Bag(items));
                self.core_instances.len() as u32 - 1
            }
        };
        scope.core_instances.push(place);
    }

    fn component_instance(&mut self, scope: &mut Scope<'a>, instance: &ComponentInstance<'a>, depth: usize) {
        let place = match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                let mut items = Vec::new();
                if self.spend(args.len()) {
                    items.extend(args.iter().map(|arg| (arg.name, self.get(scope, arg.kind, arg.index))));
                }
                items.sort_by_key(|(name, _)| *name);
                let frame = self.frames.get(scope.frame as usize);
                let component = frame.and_then(|f| f.components.get(*component_index as usize)).copied();
                self.instantiate(component.unwrap_or(0), Args::Given(items), depth + 1)
            }
            ComponentInstance::FromExports(exports) => {
                let mut items = Vec::new();
                if self.spend(exports.len()) {
                    let get = |export: &wasmparser::ComponentExport<'a>| {
                        (export.name.name, self.get(scope, export.kind, export.index))
                    };
                    items.extend(exports.iter().map(get));
                }
                items.sort_by_key(|(name, _)| *name);
                self.instances.push(Instance::Exports(items));
                self.instances.len() as u32 - 1
            }
        };
        scope.instances.push(place);
    }
}
