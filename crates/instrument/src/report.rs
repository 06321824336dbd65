//! What was done to a module.

use crate::results::Schema;
use serde::Serialize;

/// What was done to a core module.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Functions that the module defines.
    pub functions: usize,
    /// Those that passes looked at.
    pub selected: usize,
    /// Size of the original.
    pub bytes_before: usize,
    /// Size of the new module.
    pub bytes_after: usize,
    /// Whether the runtime must support several memories.
    pub needs_multi_memory: bool,
    /// By how much the indices of the defined functions have moved.
    pub shifted: usize,
    /// Custom sections that would have been wrong, by name.
    pub dropped: Vec<String>,
    /// What the passes want to be known.
    pub notes: Vec<String>,
    /// How to read the results.
    pub schema: Schema,
}
