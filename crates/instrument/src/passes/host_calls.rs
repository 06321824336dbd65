//! `host-calls`: how often each imported function is called, by direct calls.
//!
//! A host function that is called through a table is not counted: the table's identity would have to change for it. The
//! report says how many stand in tables.

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::Cell;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;
use wasmparser::Operator;

/// One counter per imported function.
#[derive(Debug, Default)]
pub(super) struct HostCalls {
    cells: Vec<Cell>,
}

impl Pass for HostCalls {
    fn name(&self) -> &'static str {
        "host-calls"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let imported: Vec<u32> = (0..module.imported_functions()).collect();
        self.cells = additions.counters("host-calls", &imported);
        for (import, cell) in module.function_imports.iter().zip(&self.cells) {
            let name = format!("host-calls.{}.{}", import.module, import.name);
            additions.results.push((name, crate::results::Source::Cell(*cell)));
        }
        let contents = module.table_contents(usize::MAX);
        let in_tables =
            contents.iter().filter(|(.., function)| *function < module.imported_functions()).count();
        if in_tables > 0 {
            additions.note(format!(
                "{in_tables} table slots hold host functions: calls through them are not counted"
            ));
        }
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        for (at, instruction) in body.instructions.iter().enumerate() {
            let (Operator::Call { function_index } | Operator::ReturnCall { function_index }) =
                instruction.operator
            else {
                continue;
            };
            if let Some(&cell) = self.cells.get(function_index as usize) {
                edits.before(at as u32, |code| code.add(cell, 1));
            }
        }
    }
}
