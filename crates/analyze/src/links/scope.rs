//! The index spaces of a component.

use super::items::{Component, Instance, Item, Module, Node, Type};
use super::linker::Linker;
use crate::limits::DEPTH;
use wasmparser::{ComponentAlias, ComponentExternalKind as Sort, ComponentOuterAliasKind, ExternalKind};

/// The index spaces of a component that is being instantiated.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    pub(crate) frame: u32,
    pub(crate) core_functions: Vec<Node>,
    pub(crate) core_tables: Vec<u32>,
    pub(crate) core_instances: Vec<u32>,
    pub(crate) functions: Vec<Node>,
    pub(crate) instances: Vec<u32>,
    pub(crate) exports: Vec<(&'a str, Item)>,
}

impl<'a> Linker<'_, 'a> {
    pub(crate) fn alias(&mut self, scope: &mut Scope<'a>, alias: &ComponentAlias<'a>) {
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
    pub(crate) fn get(&self, scope: &Scope<'a>, sort: Sort, index: u32) -> Item {
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
    pub(crate) fn put(&mut self, scope: &mut Scope<'a>, sort: Sort, item: Item) {
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

/// The item of this name in a sorted list.
pub(crate) fn find(items: &[(&str, Item)], name: &str) -> Item {
    let place = items.binary_search_by_key(&name, |(name, _)| name).ok();
    place.and_then(|place| items.get(place)).map_or(Item::Unresolved, |(_, item)| *item)
}
