//! The name section. Names are the module's own words: bounded by the file, never trusted.

use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

/// Names from the name section
/// (<https://webassembly.github.io/spec/core/appendix/custom.html#name-section>).
#[derive(Debug, Default)]
pub struct Names<'a> {
    functions: Vec<(u32, &'a str)>,
    globals: Vec<(u32, &'a str)>,
    data: Vec<(u32, &'a str)>,
}

impl<'a> Names<'a> {
    /// As much of the section as can be read: a broken name section is no error in WebAssembly.
    pub(crate) fn read(content: &'a [u8]) -> Self {
        let mut names = Self::default();
        for subsection in NameSectionReader::new(BinaryReader::new(content, 0)) {
            let Ok(subsection) = subsection else { break };
            match subsection {
                Name::Function(map) => names.functions = sorted(map),
                Name::Global(map) => names.globals = sorted(map),
                Name::Data(map) => names.data = sorted(map),
                _ => {}
            }
        }
        names
    }

    /// The name of a function.
    pub fn function(&self, index: u32) -> Option<&'a str> {
        find(&self.functions, index)
    }

    /// The name of a data segment, as linkers give: `.rodata`, `.data`.
    pub fn data(&self, index: u32) -> Option<&'a str> {
        find(&self.data, index)
    }

    /// The first function of this name.
    pub fn function_named(&self, name: &str) -> Option<u32> {
        self.functions.iter().find(|(_, n)| *n == name).map(|(index, _)| *index)
    }

    /// The first global of this name.
    pub fn global_named(&self, name: &str) -> Option<u32> {
        self.globals.iter().find(|(_, n)| *n == name).map(|(index, _)| *index)
    }

    /// All names of functions, by index.
    pub fn functions(&self) -> &[(u32, &'a str)] {
        &self.functions
    }
}

fn sorted<'a>(map: NameMap<'a>) -> Vec<(u32, &'a str)> {
    let mut entries: Vec<_> =
        map.into_iter().map_while(Result::ok).map(|naming| (naming.index, naming.name)).collect();
    entries.sort_by_key(|(index, _)| *index);
    entries
}

fn find<'a>(entries: &[(u32, &'a str)], index: u32) -> Option<&'a str> {
    entries.binary_search_by_key(&index, |(index, _)| *index).ok().map(|at| entries[at].1)
}
