//! Components: what they import and export, and what that allows.

use crate::facts::{ComponentFacts, ComponentItem};
use crate::interfaces;
use crate::limits::Budget;
use crate::links::Wiring;
use crate::{Capabilities, text};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Payload};

/// A component while its sections come in.
pub(crate) struct ComponentReader<'a> {
    pub(crate) facts: ComponentFacts,
    /// Its number in the file, and what it defines.
    pub(crate) number: u32,
    pub(crate) wiring: Wiring<'a>,
    /// Modules and components seen in it.
    pub(crate) modules: u32,
    pub(crate) components: u32,
    /// Its imports are the host's; those of a nested component come from the one around it.
    outermost: bool,
    /// What its exports are there for.
    exported: Capabilities,
}

/// On which side of a component an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The host gives it.
    Host,
    /// The component around gives it.
    Inside,
    /// The component gives it.
    Export,
}

impl<'a> ComponentReader<'a> {
    pub(crate) fn new(path: String, offset: u64, number: u32) -> Self {
        Self {
            facts: ComponentFacts {
                path,
                offset,
                imports: Vec::new(),
                import_count: 0,
                exports: Vec::new(),
                export_count: 0,
                capabilities: Capabilities::NONE,
            },
            number,
            wiring: Wiring::default(),
            modules: 0,
            components: 0,
            outermost: number == 0,
            exported: Capabilities::NONE,
        }
    }

    fn side(&self) -> Side {
        if self.outermost { Side::Host } else { Side::Inside }
    }

    pub(crate) fn take(&mut self, payload: &Payload<'_>, budget: &mut Budget) -> wasmparser::Result<()> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    self.facts.import_count = self.facts.import_count.saturating_add(1);
                    let kind = match import.ty {
                        ComponentTypeRef::Module(_) => "module",
                        ComponentTypeRef::Func(_) => "func",
                        ComponentTypeRef::Value(_) => "value",
                        ComponentTypeRef::Type(_) => "type",
                        ComponentTypeRef::Instance(_) => "instance",
                        ComponentTypeRef::Component(_) => "component",
                    };
                    let item = item(import.name.name, kind, None, self.side());
                    self.facts.capabilities = self.facts.capabilities.union(item.capabilities);
                    if budget.take() {
                        self.facts.imports.push(item);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.facts.export_count = self.facts.export_count.saturating_add(1);
                    let kind = match export.kind {
                        ComponentExternalKind::Module => "module",
                        ComponentExternalKind::Func => "func",
                        ComponentExternalKind::Value => "value",
                        ComponentExternalKind::Type => "type",
                        ComponentExternalKind::Instance => "instance",
                        ComponentExternalKind::Component => "component",
                    };
                    let item = item(export.name.name, kind, None, Side::Export);
                    self.exported = self.exported.union(item.capabilities);
                    if budget.take() {
                        self.facts.exports.push(item);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The facts, when nothing more comes.
    pub(crate) fn finish(mut self) -> ComponentFacts {
        self.facts.capabilities = self.facts.capabilities.union(self.exported);
        self.facts
    }

    /// Uses the validator's types to tell which functions the instances really have.
    pub(crate) fn refine(&mut self, types: TypesRef<'_>, budget: &mut Budget) {
        let side = self.side();
        let facts = &mut self.facts;
        // Beyond the listed items everything stays as it was: too much rather than too little.
        let complete = facts.imports.len() as u64 == u64::from(facts.import_count);
        let mut capabilities = Capabilities::NONE;
        for import in &mut facts.imports {
            let ty = types.component_item_for_import(&import.name).map(|i| i.ty);
            refine(import, ty, types, side, budget);
            capabilities = capabilities.union(import.capabilities);
        }
        for export in &mut facts.exports {
            let ty = types.component_item_for_export(&export.name).map(|i| i.ty);
            refine(export, ty, types, Side::Export, budget);
        }
        if complete {
            facts.capabilities = capabilities;
        }
    }
}

fn refine(
    old: &mut ComponentItem,
    ty: Option<ComponentEntityType>,
    types: TypesRef<'_>,
    side: Side,
    budget: &mut Budget,
) {
    let functions = match ty {
        Some(ComponentEntityType::Instance(id)) => {
            let exports = types.get(id).map(|instance| &instance.exports).into_iter().flatten();
            let functions = exports.filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)));
            functions.map(|(name, _)| text::name(name)).collect::<Vec<_>>()
        }
        _ => return,
    };
    if functions.iter().all(|_| budget.take()) {
        let mut functions = functions;
        functions.sort_unstable();
        *old = item(&old.name, &old.kind, Some(functions), side);
    }
}

fn item(name: &str, kind: &str, functions: Option<Vec<String>>, side: Side) -> ComponentItem {
    let known = match side {
        Side::Export => interfaces::of_component_export(name),
        side => interfaces::of_component_import(name, functions.as_deref(), side == Side::Host),
    };
    // A type is nothing that can be called.
    let callable = kind != "type";
    ComponentItem {
        name: text::name(name),
        kind: kind.to_owned(),
        interface: known.interface,
        version: known.version,
        functions,
        capabilities: if callable { known.capabilities } else { Capabilities::NONE },
    }
}
