//! The list of functions and of error names.

use std::{collections::BTreeSet, fmt::Write as _};

/// One function.
struct Function {
    interface: String,
    name: String,
    class: &'static str,
    params: Vec<String>,
    block: usize,
    slot: usize,
}

/// All functions and error names, in the order in which they were added.
#[derive(Default)]
pub(crate) struct List {
    functions: Vec<Function>,
    blocks: Vec<usize>,
    codes: BTreeSet<String>,
    uses: Vec<(String, String)>,
}

impl List {
    /// Begins an interface: its functions share a block of counters.
    pub(crate) fn interface(&mut self) {
        self.blocks.push(0);
    }

    /// Adds a function of the interface that was begun last; how to name its static.
    pub(crate) fn function(
        &mut self,
        interface: &str,
        name: &str,
        class: &'static str,
        params: &[String],
    ) -> String {
        let block = self.blocks.len() - 1;
        let slot = self.blocks[block];
        self.blocks[block] += 1;
        let (interface, name) = (interface.to_string(), name.to_string());
        self.functions.push(Function { interface, name, class, params: params.to_vec(), block, slot });
        format!("FUNCTIONS[{}]", self.functions.len() - 1)
    }

    /// The constant that stands for an error name.
    pub(crate) fn code(&mut self, name: &str) -> String {
        let name = name.replace('_', "-");
        let constant = format!("CODE_{}", name.replace('-', "_").to_uppercase());
        if self.codes.insert(name.clone()) {
            self.uses.push((constant.clone(), name));
        }
        constant
    }

    /// The Rust text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let codes: Vec<_> = self.codes.iter().collect();
        writeln!(out, "pub(crate) static CODES: &[&str] = &{codes:?};").unwrap();
        for (constant, name) in &self.uses {
            let index = codes.iter().position(|code| *code == name).unwrap();
            writeln!(out, "pub(crate) const {constant}: Code = Code({index});").unwrap();
        }
        writeln!(out, "pub(crate) const BLOCKS: usize = {};", self.blocks.len()).unwrap();
        writeln!(out, "pub(crate) static BLOCK_SLOTS: [usize; BLOCKS] = {:?};", self.blocks).unwrap();
        writeln!(out, "pub(crate) static FUNCTIONS: [Function; {}] = [", self.functions.len()).unwrap();
        for (id, f) in self.functions.iter().enumerate() {
            let gives_up = f.name == "fd_close" || f.name.starts_with("[resource-drop]");
            writeln!(
                out,
                "Function {{ id: {id}, interface: {:?}, name: {:?}, class: Class::{}, params: &{:?}, gives_up: {}, block: {}, slot: {} }},",
                f.interface, f.name, f.class, f.params, gives_up, f.block, f.slot
            )
            .unwrap();
        }
        out.push_str("];\n");
        out
    }
}
