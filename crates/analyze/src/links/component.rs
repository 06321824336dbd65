//! Follows the definitions of components.

use super::graph::{Glue, Kind};
use super::instantiate::{INSTANCE_STEPS, Linker};
use super::items::{Component, CoreInstance, CoreItem, Frame, Instance, Item, Module, Node, Type};
use super::wiring::Definition;
use crate::facts::Root;
use crate::limits::DEPTH;
use crate::text;
use std::collections::BTreeSet;
use wasmparser::{
    ComponentAlias, ComponentExternalKind as Sort, ComponentInstance, ComponentOuterAliasKind, ExternalKind,
    Instance as CoreDefinition,
};

/// What a component is given for its imports.
enum Args<'a> {
    /// Everything comes from the host.
    Host,
    /// Sorted by name.
    Given(Vec<(&'a str, Item)>),
}

/// The index spaces of a component that is being instantiated.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    pub(crate) frame: u32,
    pub(crate) core_functions: Vec<Node>,
    pub(crate) core_tables: Vec<u32>,
    core_instances: Vec<u32>,
    pub(crate) functions: Vec<Node>,
    instances: Vec<u32>,
    exports: Vec<(&'a str, Item)>,
}

impl<'a> Linker<'_, 'a> {
    /// Instantiates the outermost component; what it exports are roots.
    pub(crate) fn outermost(&mut self) {
        self.components.push(Component::Defined { number: 0, frame: None });
        let component = self.components.len() as u32 - 1;
        let instance = self.instantiate(component, Args::Host, 0);
        self.export_roots(instance);
    }

    /// Makes a root of each function that an instance exports, also in instances and components that it exports.
    fn export_roots(&mut self, instance: u32) {
        let mut open = vec![(String::new(), Item::Instance(instance), 0)];
        while let Some((name, item, depth)) = open.pop() {
            if !self.spend(1) || depth > DEPTH {
                let node = self.anything();
                self.roots.push((Root::Shared, node));
                return;
            }
            let instance = match item {
                Item::Function(node) => {
                    self.roots.push((Root::Export { name }, node));
                    continue;
                }
                Item::Instance(instance) => instance,
                // Whoever instantiates it gives it what it imports.
                Item::Component(component) => self.instantiate(component, Args::Host, 1),
                Item::Unresolved => 0,
                // The facts of a module say what it asks for; a type or value cannot be called.
                Item::Module(_) | Item::Type(_) | Item::Value => continue,
            };
            match self.instances.get(instance as usize) {
                Some(Instance::Exports(exports)) => {
                    for (inner, item) in exports.iter().rev() {
                        let separator = match item {
                            _ if name.is_empty() => "",
                            Item::Function(_) => "#",
                            _ => "/",
                        };
                        open.push((text::name(&format!("{name}{separator}{inner}")), *item, depth + 1));
                    }
                }
                Some(Instance::Opaque(node)) => self.roots.push((Root::Shared, *node)),
                Some(Instance::Host(_)) | None => {}
            }
        }
    }

    fn instantiate(&mut self, component: u32, args: Args<'a>, depth: usize) -> u32 {
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

    fn alias(&mut self, scope: &mut Scope<'a>, alias: &ComponentAlias<'a>) {
        match alias {
            ComponentAlias::InstanceExport { kind, instance_index, name } => {
                let instance = scope.instances.get(*instance_index as usize).copied().unwrap_or(0);
                let item = self.export_of(instance, name, *kind);
                self.put(scope, *kind, item);
            }
            ComponentAlias::CoreInstanceExport { kind, instance_index, name } => {
                let instance = scope.core_instances.get(*instance_index as usize).copied().unwrap_or(0);
                match kind {
                    ExternalKind::Func | ExternalKind::FuncExact => {
                        let item = self.core_export(instance, name);
                        let node = self.function(item);
                        scope.core_functions.push(node);
                    }
                    ExternalKind::Table => {
                        let item = self.core_export(instance, name);
                        let table = self.table(item);
                        scope.core_tables.push(table);
                    }
                    _ => {}
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                let mut frame = Some(scope.frame);
                for _ in 0..(*count).min(DEPTH as u32 + 1) {
                    frame = frame.and_then(|at| self.frames.get(at as usize)).and_then(|f| f.parent);
                }
                let frame = frame.and_then(|at| self.frames.get(at as usize));
                let place = *index as usize;
                let (sort, item) = match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        let module = frame.and_then(|f| f.modules.get(place));
                        (Sort::Module, module.map(|module| Item::Module(*module)))
                    }
                    ComponentOuterAliasKind::Component => {
                        let component = frame.and_then(|f| f.components.get(place));
                        (Sort::Component, component.map(|component| Item::Component(*component)))
                    }
                    ComponentOuterAliasKind::Type => {
                        (Sort::Type, frame.and_then(|f| f.types.get(place)).map(|ty| Item::Type(*ty)))
                    }
                    ComponentOuterAliasKind::CoreType => return,
                };
                self.put(scope, sort, item.unwrap_or(Item::Unresolved));
            }
        }
    }

    fn export_of(&mut self, instance: u32, name: &'a str, sort: Sort) -> Item {
        match self.instances.get(instance as usize) {
            Some(Instance::Exports(exports)) => find(exports, name),
            Some(Instance::Host(interface)) => {
                let interface = *interface;
                match sort {
                    Sort::Func => Item::Function(self.host(interface, Some(name))),
                    Sort::Type => Item::Type(Type::Other),
                    Sort::Value => Item::Value,
                    Sort::Instance => Item::Instance(instance),
                    Sort::Module => Item::Module(Module::Host(self.host(interface, Some(name)))),
                    Sort::Component => {
                        let node = self.host(interface, Some(name));
                        self.components.push(Component::Host(node));
                        Item::Component(self.components.len() as u32 - 1)
                    }
                }
            }
            Some(Instance::Opaque(node)) => match sort {
                Sort::Func => Item::Function(*node),
                Sort::Instance => Item::Instance(instance),
                Sort::Value => Item::Value,
                _ => Item::Unresolved,
            },
            None => Item::Unresolved,
        }
    }

    /// What an index of this kind stands for.
    fn get(&self, scope: &Scope<'a>, sort: Sort, index: u32) -> Item {
        let place = index as usize;
        let frame = self.frames.get(scope.frame as usize);
        let item = match sort {
            Sort::Func => scope.functions.get(place).map(|node| Item::Function(*node)),
            Sort::Instance => scope.instances.get(place).map(|instance| Item::Instance(*instance)),
            Sort::Value => Some(Item::Value),
            Sort::Module => frame.and_then(|f| f.modules.get(place)).map(|module| Item::Module(*module)),
            Sort::Component => frame.and_then(|f| f.components.get(place)).map(|c| Item::Component(*c)),
            Sort::Type => frame.and_then(|f| f.types.get(place)).map(|ty| Item::Type(*ty)),
        };
        item.unwrap_or(Item::Unresolved)
    }

    /// The next index of this kind; an item of another kind is not resolved.
    fn put(&mut self, scope: &mut Scope<'a>, sort: Sort, item: Item) {
        let Some(frame) = self.frames.get_mut(scope.frame as usize) else { return };
        match (sort, item) {
            (Sort::Func, Item::Function(node)) => scope.functions.push(node),
            (Sort::Instance, Item::Instance(instance)) => scope.instances.push(instance),
            (Sort::Module, Item::Module(module)) => frame.modules.push(module),
            (Sort::Component, Item::Component(component)) => frame.components.push(component),
            (Sort::Type, Item::Type(ty)) => frame.types.push(ty),
            (Sort::Value, _) => {}
            (sort, _) => {
                self.unresolved = self.unresolved.saturating_add(1);
                match sort {
                    Sort::Func => scope.functions.push(Node::ANYTHING),
                    Sort::Instance => scope.instances.push(0),
                    Sort::Module => frame.modules.push(Module::Unresolved),
                    Sort::Component => frame.components.push(0),
                    Sort::Type => frame.types.push(Type::Unresolved),
                    Sort::Value => {}
                }
            }
        }
    }

    pub(crate) fn core_function(&mut self, scope: &Scope<'a>, index: u32) -> Node {
        scope.core_functions.get(index as usize).copied().unwrap_or_else(|| self.anything())
    }
}

fn find(items: &[(&str, Item)], name: &str) -> Item {
    let place = items.binary_search_by_key(&name, |(name, _)| name).ok();
    place.and_then(|place| items.get(place)).map_or(Item::Unresolved, |(_, item)| *item)
}
