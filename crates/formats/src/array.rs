//! JSON arrays that are written item by item.

use serde::Serialize;
use std::io::{self, Write};

/// How far an array is.
#[derive(Debug, Default)]
pub(crate) struct Array {
    begun: bool,
}

impl Array {
    /// Writes one item on a line of its own, with the comma before it if it needs one.
    pub(crate) fn item(&mut self, out: &mut impl Write, item: &impl Serialize) -> io::Result<()> {
        out.write_all(if self.begun { b",\n" } else { b"\n" })?;
        self.begun = true;
        serde_json::to_writer(out, item).map_err(io::Error::from)
    }
}
