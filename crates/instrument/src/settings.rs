//! What passes are told beside the module.

use std::ops::Range;

/// What passes are told. Each has a default that suits what compilers emit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The global that is the shadow stack's pointer; found by name or shape without it.
    pub stack_pointer: Option<u32>,
    /// Addresses of constant data beside those that the module's names tell.
    pub constants: Vec<Range<u64>>,
    /// Allowed edges of indirect calls: lines `caller -> callee`, by names or `#index`; any other is a violation.
    pub allowed_edges: Option<String>,
    /// Functions of the allocator, as `malloc=name`; found by export or name without it.
    pub allocator: Vec<(String, String)>,
}
