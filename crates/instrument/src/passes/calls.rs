//! `calls`: how often each function is entered, by whatever way.

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::Cell;
use crate::edits::Edits;
use crate::error::Refused;
use crate::module::Module;

/// One counter per function, added to at its entry, and their sum.
#[derive(Debug, Default)]
pub(super) struct Calls {
    cells: Vec<Cell>,
    seen: usize,
}

impl Pass for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn prepare(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let selected = additions.selected().to_vec();
        self.cells = additions.counters("calls", &selected);
        Ok(())
    }

    fn function(&mut self, _: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let cell = self.cells[self.seen];
        self.seen += 1;
        edits.entry(|code| code.add(cell, 1));
    }
}
