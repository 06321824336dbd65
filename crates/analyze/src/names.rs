//! The `name` section: names of functions, globals and data segments.

use crate::ports::is_function;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    BinaryReader, ExportSectionReader, ImportSectionReader, Name, NameMap, NameSectionReader, TypeRef,
};

/// The `name` section of a module, read when something is asked.
///
/// A broken section does not make a broken module: what stands before the error counts, as in Wasmtime.
#[derive(Clone)]
pub(crate) struct Names<'a> {
    section: NameSectionReader<'a>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(data: &'a [u8], offset: u64) -> Self {
        Self { section: NameSectionReader::new(BinaryReader::new(data, offset)) }
    }

    fn parts(&self) -> impl Iterator<Item = Name<'a>> {
        self.section.clone().map_while(Result::ok)
    }

    fn map(&self, pick: fn(Name<'a>) -> Option<NameMap<'a>>) -> impl Iterator<Item = (u32, &'a str)> {
        let names = self.parts().filter_map(pick).flat_map(|map| map.map_while(Result::ok));
        names.map(|naming| (naming.index, naming.name))
    }

    /// The module's own name.
    pub(crate) fn module(&self) -> Option<&'a str> {
        self.parts().find_map(|part| if let Name::Module { name, .. } = part { Some(name) } else { None })
    }

    /// Function names by index.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (u32, &'a str)> {
        self.map(|part| if let Name::Function(map) = part { Some(map) } else { None })
    }

    /// Global names by index.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (u32, &'a str)> {
        self.map(|part| if let Name::Global(map) = part { Some(map) } else { None })
    }

    /// Names of data segments by index.
    pub(crate) fn data(&self) -> impl Iterator<Item = (u32, &'a str)> {
        self.map(|part| if let Name::Data(map) = part { Some(map) } else { None })
    }

    /// Where the first error is, if there is one.
    pub(crate) fn error(&self) -> Option<wasmparser::BinaryReaderError> {
        for part in self.section.clone() {
            match part {
                Ok(Name::Function(map) | Name::Global(map) | Name::Data(map)) => {
                    if let Some(error) = map.into_iter().find_map(Result::err) {
                        return Some(error);
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(error),
            }
        }
        None
    }
}

/// The names of the `wanted` indices.
pub(crate) fn pick<'a>(
    names: impl Iterator<Item = (u32, &'a str)>,
    wanted: &BTreeSet<u32>,
) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for (index, name) in names.filter(|(index, _)| wanted.contains(index)) {
        found.entry(index).or_insert_with(|| crate::text::name(name));
    }
    found
}

/// The names of the `wanted` functions of a module: `namespace.name` of an import, the name section's, or the
/// name of an export.
pub(crate) fn of_functions(
    imports: Option<ImportSectionReader<'_>>,
    exports: Option<ExportSectionReader<'_>>,
    section: Option<&Names<'_>>,
    wanted: &BTreeSet<u32>,
) -> BTreeMap<u32, String> {
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let imports = imports.into_iter().flat_map(|s| s.into_imports()).map_while(Result::ok);
    let imported = imports.filter(|i| matches!(i.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
    for (index, import) in (0u32..).zip(imported).filter(|(index, _)| wanted.contains(index)) {
        names.insert(index, crate::text::name(&format!("{}.{}", import.module, import.name)));
    }
    if let Some(section) = section {
        for (index, name) in pick(section.functions(), wanted) {
            names.entry(index).or_insert(name);
        }
    }
    let exports = exports.into_iter().flatten().map_while(Result::ok);
    for export in exports.filter(|e| is_function(e.kind) && wanted.contains(&e.index)) {
        names.entry(export.index).or_insert_with(|| crate::text::name(export.name));
    }
    names
}
