//! A closer look at some functions when everything else is known: names, the call graph, data.

use crate::CallGraph;
use crate::flow::{Context, Operand, Value};
use crate::graph::FunctionSet;
use crate::module::ModuleReader;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{BinaryReader, CodeSectionReader, FunctionBody, TypeRef};

/// Types and globals of a module.
pub(crate) struct Signatures<'m> {
    /// Parameters and results of each type.
    types: Vec<(u16, u16)>,
    type_of: &'m [u32],
    constant_globals: BTreeSet<u32>,
}

impl Signatures<'_> {
    /// Parameters of the function `index`.
    pub(crate) fn parameters(&self, index: u32) -> u32 {
        self.function(index).map_or(0, |(parameters, _)| parameters)
    }
}

impl Context for Signatures<'_> {
    fn function(&self, index: u32) -> Option<(u32, u32)> {
        self.signature(*self.type_of.get(index as usize)?)
    }

    fn signature(&self, ty: u32) -> Option<(u32, u32)> {
        let (parameters, results) = *self.types.get(ty as usize)?;
        Some((u32::from(parameters), u32::from(results)))
    }

    fn is_constant(&self, global: u32) -> bool {
        self.constant_globals.contains(&global)
    }
}

impl ModuleReader<'_> {
    pub(crate) fn signatures_of_all(&self) -> Signatures<'_> {
        let globals = self.globals.iter().filter(|global| !global.mutable);
        let constant_globals = globals.map(|global| global.index).collect();
        Signatures { types: self.types.arities(), type_of: &self.type_of, constant_globals }
    }

    /// The functions that `name` picks by their names in imports, exports and the `name` section, and what it says of them.
    pub(crate) fn functions_named<T>(&self, name: impl Fn(&str) -> Option<T>) -> BTreeMap<u32, T> {
        let mut found = BTreeMap::new();
        let imports = self.imports.clone().into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok);
        let functions = imports.filter(|i| matches!(i.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
        for (index, import) in (0u32..).zip(functions) {
            found.extend(name(import.name).map(|what| (index, what)));
        }
        for (index, function) in self.customs.names.iter().flat_map(|names| names.functions()) {
            found.extend(name(function).map(|what| (index, what)));
        }
        let exports = self.exports.clone().into_iter().flatten().map_while(Result::ok);
        for export in exports.filter(|export| crate::ports::is_function(export.kind)) {
            found.extend(name(export.name).map(|what| (export.index, what)));
        }
        found
    }

    /// The bodies of the functions that call one of `callees` directly. `bytes`: the module's.
    pub(crate) fn callers<'b>(
        &self,
        bytes: &'b [u8],
        graph: &CallGraph,
        callees: impl Iterator<Item = u32>,
    ) -> impl Iterator<Item = (u32, FunctionBody<'b>)> {
        let mut wanted = FunctionSet::default();
        callees.for_each(|callee| wanted.insert(callee));
        let code = self.encoding.code.clone().and_then(|code| {
            let place = |at: u64| at.checked_sub(self.offset).map(|at| at as usize);
            let code_bytes = bytes.get(place(code.start)?..place(code.end)?)?;
            CodeSectionReader::new(BinaryReader::new(code_bytes, code.start)).ok()
        });
        let bodies = code.into_iter().flatten().map_while(Result::ok);
        (self.imported_functions..)
            .zip(bodies)
            .filter(move |(index, _)| graph.calls(*index).any(|callee| wanted.contains(callee)))
    }
}

/// The number of a constant operand.
pub(crate) fn number(operand: Operand) -> Option<u64> {
    match operand.value {
        Value::Constant(number) => number,
        _ => None,
    }
}
