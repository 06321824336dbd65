//! What linking needs to know of a core module beyond its call graph.

use super::slots::{self, Forward, Slots};
use crate::graph::GraphBuilder;
use crate::module::ModuleReader;
use crate::names::Names;
use crate::opcodes::Opcode;
use crate::ports::is_function;
use std::collections::BTreeSet;
use wasmparser::{ExportSectionReader, ExternalKind, ImportSectionReader, TypeRef};

/// A core module that components can instantiate.
#[derive(Default)]
pub(crate) struct Linkable<'a> {
    pub(crate) imports: Option<ImportSectionReader<'a>>,
    pub(crate) exports: Option<ExportSectionReader<'a>>,
    pub(crate) names: Option<Names<'a>>,
    pub(crate) start: Option<u32>,
    /// Some function bodies could not be decoded.
    pub(crate) incomplete: bool,
    pub(crate) sharing: Sharing,
}

/// A hash of a function type which is the same in all modules; functions of different shapes are of different types.
pub(crate) type Shape = u64;

/// Fits every shape: of modules with subtypes and recursive types.
pub(crate) const ANY: Shape = 0;

/// Ways by which functions get from one module into another without being imported by name.
#[derive(Default)]
pub(crate) struct Sharing {
    /// Tables that are imported or exported.
    pub(crate) tables: Vec<SharedTable>,
    /// References to functions can go in or out as values: in globals, parameters, results, exceptions, or by
    /// reading a shared table.
    pub(crate) passes: bool,
    /// Functions to which something refers.
    pub(crate) taken: Vec<(Shape, u32)>,
    /// What each indirect node of the call graph calls.
    pub(crate) indirect: Vec<Shape>,
    /// Functions that do nothing but call one place of a shared table.
    pub(crate) forwards: Vec<Forward>,
    /// There is more to share than this crate tells apart.
    pub(crate) untold: bool,
}

/// A table that is imported or exported.
pub(crate) struct SharedTable {
    pub(crate) index: u32,
    /// Code puts functions there, or a value that is not known.
    pub(crate) changed: bool,
    /// The functions that this module puts there at start.
    pub(crate) functions: Vec<(Shape, u32)>,
    /// The same by place; `None` if the places are not known.
    pub(crate) slots: Option<Slots>,
}

impl<'a> ModuleReader<'a> {
    /// For a module that lies in `bytes`; `sharing` from [`Self::sharing`].
    pub(crate) fn linkable(&self, sharing: Sharing) -> Linkable<'a> {
        Linkable {
            imports: self.imports.clone(),
            exports: self.exports.clone(),
            names: self.customs.names.clone(),
            start: self.start,
            incomplete: self.code.functions.undecoded > 0,
            sharing,
        }
    }

    /// What the module, which lies in `bytes`, shares with others of its component.
    pub(crate) fn sharing(&mut self, graph: &GraphBuilder, bytes: &[u8]) -> Sharing {
        let shared = self.shared_tables();
        let passes = self.passes_references(!shared.is_empty());
        if shared.is_empty() && !passes {
            return Sharing::default();
        }
        let shapes = self.types.shapes();
        let mut list = |functions: &mut dyn Iterator<Item = u32>| -> Vec<(Shape, u32)> {
            let mut shape = |f: &u32| self.type_of.get(*f as usize).and_then(|ty| self.types.family(*ty));
            functions
                .map(|f| (shape(&f).and_then(|s| shapes.get(s as usize)).copied().unwrap_or(ANY), f))
                .collect()
        };
        let taken = list(&mut graph.taken().iter());
        let mut filled = slots::filled(self.element_section.clone(), &shared);
        let tables = shared.iter().map(|&index| {
            let content = filled.remove(&index).unwrap_or_default();
            SharedTable {
                index,
                changed: graph.table_state(index).0 || content.unknown,
                functions: list(&mut graph.in_table(index).iter()),
                // An initial value fills all places.
                slots: content.slots.filter(|_| !self.tables_initialised),
            }
        });
        let tables = tables.collect();
        let indirect = graph.keys().iter();
        let indirect = indirect.map(|(_, family)| shapes.get(*family as usize).copied().unwrap_or(ANY));
        Sharing {
            tables,
            passes,
            taken,
            indirect: indirect.collect(),
            forwards: self.forwards(bytes, &shared),
            untold: graph.is_coarse(self.table_count),
        }
    }

    fn forwards(&self, bytes: &[u8], shared: &BTreeSet<u32>) -> Vec<Forward> {
        let Some(range) = self.code_range.clone().filter(|_| !shared.is_empty()) else { return Vec::new() };
        let start = range.start.saturating_sub(self.offset) as usize;
        let end = range.end.saturating_sub(self.offset) as usize;
        let section = bytes.get(start..end).unwrap_or_default();
        slots::forwards(section, range.start, self.imported_functions, shared)
    }

    fn shared_tables(&self) -> BTreeSet<u32> {
        let imports = self.imports.clone().into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok);
        let imported = imports.filter(|i| matches!(i.ty, TypeRef::Table(_))).count() as u32;
        let exports = self.exports.clone().into_iter().flatten().map_while(Result::ok);
        let exported = exports.filter(|e| e.kind == ExternalKind::Table).map(|e| e.index);
        (0..imported).chain(exported).collect()
    }

    fn passes_references(&self, shares_tables: bool) -> bool {
        let count = |opcode: Opcode| self.code.counts.get(opcode as usize).copied().unwrap_or(0);
        let reads = [
            Opcode::TableGet,
            Opcode::TableCopy,
            Opcode::TableAtomicGet,
            Opcode::TableAtomicRmwXchg,
            Opcode::TableAtomicRmwCmpxchg,
        ];
        if shares_tables && reads.into_iter().any(|op| count(op) > 0) {
            return true;
        }
        let with_references = self.types.with_references();
        let of_type = |ty: u32| with_references.get(ty as usize).copied().unwrap_or(false);
        let mut imports =
            self.imports.clone().into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok);
        let imports = imports.any(|import| match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => of_type(ty),
            TypeRef::Global(ty) => ty.content_type.is_reference_type(),
            TypeRef::Tag(ty) => of_type(ty.func_type_idx),
            _ => false,
        });
        let any_reference = with_references.contains(&true);
        let mut exports = self.exports.clone().into_iter().flatten().map_while(Result::ok);
        imports
            || exports.any(|export| match export.kind {
                kind if is_function(kind) => {
                    self.type_of.get(export.index as usize).is_some_and(|ty| of_type(*ty))
                }
                ExternalKind::Global => self.reference_globals.binary_search(&export.index).is_ok(),
                ExternalKind::Tag => any_reference,
                _ => false,
            })
    }
}
