//! Imports and exports as facts.

use crate::facts::{Export, ExternType, Import, InterfaceUse, ItemKind, Root};
use crate::interfaces;
use crate::limits::Budget;
use crate::module::ModuleReader;
use crate::{Capabilities, text};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{ExternalKind, GlobalType, MemoryType, TableType, TypeRef};

/// Types whose text is made; the functions of others are listed without one.
const SIGNATURES: usize = 20_000;

/// What a module imports and exports.
#[derive(Default)]
pub(crate) struct Ports {
    pub(crate) imports: Vec<Import>,
    pub(crate) import_count: u32,
    pub(crate) exports: Vec<Export>,
    pub(crate) export_count: u32,
    pub(crate) interfaces: Vec<InterfaceUse>,
    /// The capabilities of each imported function, also of those not listed.
    pub(crate) given: Vec<Capabilities>,
    /// Exported functions, listed or not.
    pub(crate) entries: Vec<(Root, u32)>,
    pub(crate) unlisted: Vec<u32>,
}

impl ModuleReader<'_> {
    pub(crate) fn ports(&self, budget: &mut Budget) -> Ports {
        let mut ports = Ports::default();
        let signatures = self.signatures();
        self.list_imports(&mut ports, &signatures, budget);
        self.list_exports(&mut ports, &signatures, budget);
        ports
    }

    /// The text of the types of imported and exported functions.
    fn signatures(&self) -> BTreeMap<u32, String> {
        let imported = self.type_of.iter().copied().take(self.imported_functions as usize);
        let exports = self.exports.clone().into_iter().flatten().map_while(Result::ok);
        let exported =
            exports.filter(|e| is_function(e.kind)).filter_map(|e| self.type_of.get(e.index as usize));
        let mut wanted = BTreeSet::new();
        for ty in imported.chain(exported.copied()) {
            if wanted.len() < SIGNATURES {
                wanted.insert(ty);
            }
        }
        self.types.signatures(&wanted)
    }

    fn list_imports(&self, ports: &mut Ports, signatures: &BTreeMap<u32, String>, budget: &mut Budget) {
        let mut next = [0u32; 5];
        let mut uses: BTreeMap<(&str, crate::facts::Interface), InterfaceUse> = BTreeMap::new();
        for import in self.imports.clone().into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok) {
            let (kind, signature) = match import.ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                    (ItemKind::Function, signatures.get(&ty).cloned().unwrap_or_default())
                }
                TypeRef::Table(ty) => (ItemKind::Table, table(&ty)),
                TypeRef::Memory(ty) => (ItemKind::Memory, memory(&ty)),
                TypeRef::Global(ty) => (ItemKind::Global, global(&ty)),
                TypeRef::Tag(_) => (ItemKind::Tag, String::new()),
            };
            let known = interfaces::of_import(import.module, import.name, kind, &signature, self.nested);
            if kind == ItemKind::Function {
                ports.given.push(known.capabilities);
            }
            let index = next[kind as usize];
            next[kind as usize] = index.saturating_add(1);
            ports.import_count = ports.import_count.saturating_add(1);
            let key = (import.module, known.interface);
            if uses.contains_key(&key) || budget.take() {
                let used = uses.entry(key).or_insert_with(|| InterfaceUse {
                    namespace: text::name(import.module),
                    interface: known.interface,
                    version: known.version.clone(),
                    items: 0,
                    unknown_functions: 0,
                    capabilities: Capabilities::NONE,
                });
                used.items = used.items.saturating_add(1);
                used.unknown_functions = used.unknown_functions.saturating_add(u32::from(!known.known));
                used.capabilities = used.capabilities.union(known.capabilities);
            }
            if budget.take() {
                ports.imports.push(Import {
                    module: text::name(import.module),
                    name: text::name(import.name),
                    ty: ExternType { kind, index, signature },
                    interface: known.interface,
                    capabilities: known.capabilities,
                    known: known.known,
                });
            }
        }
        ports.interfaces = uses.into_values().collect();
    }

    fn list_exports(&self, ports: &mut Ports, signatures: &BTreeMap<u32, String>, budget: &mut Budget) {
        for export in self.exports.clone().into_iter().flatten().map_while(Result::ok) {
            ports.export_count = ports.export_count.saturating_add(1);
            let index = export.index;
            let place = index as usize;
            let (kind, signature) = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    let ty = self.type_of.get(place).and_then(|ty| signatures.get(ty));
                    (ItemKind::Function, ty.cloned().unwrap_or_default())
                }
                ExternalKind::Table => (ItemKind::Table, String::new()),
                ExternalKind::Memory => (ItemKind::Memory, String::new()),
                ExternalKind::Global => (ItemKind::Global, String::new()),
                ExternalKind::Tag => (ItemKind::Tag, String::new()),
            };
            let name = text::name(export.name);
            if budget.take() {
                if kind == ItemKind::Function {
                    ports.entries.push((Root::Export { name: name.clone() }, index));
                }
                ports.exports.push(Export { name, ty: ExternType { kind, index, signature } });
            } else if kind == ItemKind::Function {
                ports.unlisted.push(index);
            }
        }
    }
}

pub(crate) fn is_function(kind: ExternalKind) -> bool {
    matches!(kind, ExternalKind::Func | ExternalKind::FuncExact)
}

/// The type of a table: `funcref 1..10`.
fn table(ty: &TableType) -> String {
    limits(
        &ty.element_type.to_string(),
        ty.initial,
        ty.maximum,
        &[("shared", ty.shared), ("i64", ty.table64)],
    )
}

/// The type of a memory, in pages: `memory 1..10 shared`.
fn memory(ty: &MemoryType) -> String {
    limits("memory", ty.initial, ty.maximum, &[("shared", ty.shared), ("i64", ty.memory64)])
}

fn limits(what: &str, minimum: u64, maximum: Option<u64>, flags: &[(&str, bool)]) -> String {
    let maximum = maximum.map(|n| n.to_string()).unwrap_or_default();
    let mut text = format!("{what} {minimum}..{maximum}");
    for (flag, _) in flags.iter().filter(|(_, set)| *set) {
        text.push(' ');
        text.push_str(flag);
    }
    text
}

/// The type of a global: `mut i32`.
fn global(ty: &GlobalType) -> String {
    format!("{}{}", if ty.mutable { "mut " } else { "" }, ty.content_type)
}
