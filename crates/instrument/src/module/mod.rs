//! A module as it was, read once: what passes ask, and the raw sections that the rewriting copies.

mod names;
mod read;

pub use names::Names;
pub(crate) use read::MARK;

use std::ops::Range;
use wasmparser::{
    ElementItems, ElementKind, ExternalKind, FuncType, GlobalType, MemoryType, Operator, TableType,
};

/// A core module before it is rewritten. All indices are those of the original.
#[derive(Debug)]
pub struct Module<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The function type of each type index; `None` for other types (GC).
    pub types: Vec<Option<FuncType>>,
    /// The type index of each function, imported ones first.
    pub functions: Vec<u32>,
    /// Imported functions, by index.
    pub function_imports: Vec<Import<'a>>,
    /// Tables, imported ones first.
    pub tables: Vec<TableType>,
    /// Memories, imported ones first.
    pub memories: Vec<MemoryType>,
    /// How many of them are imported.
    pub imported_memories: u32,
    /// Globals, imported ones first.
    pub globals: Vec<Global<'a>>,
    /// Exports in their order.
    pub exports: Vec<Export<'a>>,
    /// The start function.
    pub start: Option<u32>,
    /// What the name section says.
    pub names: Names<'a>,
    /// Data segments.
    pub data: Vec<Segment>,
    /// Where each defined function's body lies in [`bytes`](Self::bytes), local declarations included.
    pub bodies: Vec<Range<usize>>,
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) type_groups: u32,
    pub(crate) elements: Elements<'a>,
    /// Where the code section's content begins: the origin of offsets in DWARF and in traps of some runtimes.
    pub(crate) code_start: usize,
}

/// Element segments: a type of its own because wasmparser's has no `Debug`.
pub(crate) struct Elements<'a>(pub(crate) Vec<wasmparser::Element<'a>>);

impl std::fmt::Debug for Elements<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} element segments", self.0.len())
    }
}

/// An imported function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'a> {
    /// The module name.
    pub module: &'a str,
    /// The field name.
    pub name: &'a str,
}

/// A global.
#[derive(Debug, Clone, Copy)]
pub struct Global<'a> {
    /// Type and mutability.
    pub ty: GlobalType,
    /// The import, if it is one.
    pub import: Option<Import<'a>>,
    /// Its initial value, if that is an integer constant.
    pub initial: Option<i64>,
}

/// An export.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is exported.
    pub kind: ExternalKind,
    /// The index in that kind's index space.
    pub index: u32,
}

/// A data segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// The memory and, if it is constant, the address. `None`: passive.
    pub active: Option<(u32, Option<u64>)>,
    /// Bytes.
    pub len: u64,
}

/// A section as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) id: u8,
    /// Of custom sections.
    pub(crate) name: Option<&'a str>,
    /// Everything after the size.
    pub(crate) content: &'a [u8],
}

impl<'a> Module<'a> {
    /// How many functions are imported.
    pub fn imported_functions(&self) -> u32 {
        self.function_imports.len() as u32
    }

    /// The signature of a function.
    pub fn signature(&self, function: u32) -> Option<&FuncType> {
        let ty = *self.functions.get(function as usize)?;
        self.types.get(ty as usize)?.as_ref()
    }

    /// A name for a function: from the name section, else of an export, else of the import's field.
    pub fn function_name(&self, function: u32) -> Option<&'a str> {
        self.names
            .function(function)
            .or_else(|| self.exported_as(function))
            .or_else(|| self.function_imports.get(function as usize).map(|import| import.name))
    }

    fn exported_as(&self, function: u32) -> Option<&'a str> {
        self.exports
            .iter()
            .find(|export| export.kind == ExternalKind::Func && export.index == function)
            .map(|export| export.name)
    }

    /// The function of this name: an export, else from the name section, else an import's field.
    pub fn function_named(&self, name: &str) -> Option<u32> {
        let export = self.exports.iter().find(|e| e.kind == ExternalKind::Func && e.name == name);
        export.map(|export| export.index).or_else(|| self.names.function_named(name)).or_else(|| {
            let imported = self.function_imports.iter().position(|import| import.name == name)?;
            Some(imported as u32)
        })
    }

    /// The export of this kind and name.
    pub fn export(&self, kind: ExternalKind, name: &str) -> Option<u32> {
        self.exports.iter().find(|e| e.kind == kind && e.name == name).map(|export| export.index)
    }

    /// An imported function, by module and field.
    pub fn import(&self, module: &str, name: &str) -> Option<u32> {
        let wanted = Import { module, name };
        self.function_imports.iter().position(|import| *import == wanted).map(|index| index as u32)
    }

    /// The body of a function; `None` of an imported one.
    pub fn body(&self, function: u32) -> Option<Range<usize>> {
        let defined = function.checked_sub(self.imported_functions())?;
        self.bodies.get(defined as usize).cloned()
    }

    /// Whether addresses of a memory are 64 bits wide.
    pub fn memory64(&self, memory: u32) -> bool {
        self.memories.get(memory as usize).is_some_and(|memory| memory.memory64)
    }

    /// What active element segments with constant places put into tables: table, slot, function. In the segments' order,
    /// so a later entry for a slot is the one that holds after instantiation. At most `limit` entries.
    pub fn table_contents(&self, limit: usize) -> Vec<(u32, u64, u32)> {
        let mut found = Vec::new();
        for element in &self.elements.0 {
            let ElementKind::Active { table_index, offset_expr } = &element.kind else { continue };
            let Some(start) = read::constant(offset_expr) else { continue };
            let table = table_index.unwrap_or(0);
            let mut put = |place: u64, function: u32| {
                if found.len() < limit {
                    found.push((table, (start as u64).wrapping_add(place), function));
                }
            };
            match element.items.clone() {
                ElementItems::Functions(functions) => {
                    for (place, function) in functions.into_iter().enumerate() {
                        let Ok(function) = function else { break };
                        put(place as u64, function);
                    }
                }
                ElementItems::Expressions(_, expressions) => {
                    for (place, expression) in expressions.into_iter().enumerate() {
                        let Ok(expression) = expression else { break };
                        if let Some(Ok(Operator::RefFunc { function_index })) =
                            expression.get_operators_reader().into_iter().next()
                        {
                            put(place as u64, function_index);
                        }
                    }
                }
            }
        }
        found
    }
}
