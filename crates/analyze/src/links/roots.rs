//! Where control enters a component.

use super::component::Args;
use super::items::{Component, Instance, Item};
use super::linker::Linker;
use crate::facts::Root;
use crate::limits::DEPTH;
use crate::text;

impl Linker<'_, '_> {
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
}
