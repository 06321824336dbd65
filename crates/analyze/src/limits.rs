//! Bounds that keep memory within three times the module plus 64 MiB, whatever the module says.
//!
//! Counts are always exact; what is bounded is what is listed. What was left out is told in
//! [`ModuleFacts::problems`](crate::facts::ModuleFacts::problems).

/// Entries of all lists of one file together: imports, exports, segments, sections, steps of paths, …
pub const LISTED: usize = 100_000;

/// Core modules of one file that get facts of their own.
pub const MODULES: usize = 2_000;

/// Components inside components inside components.
pub const DEPTH: usize = 64;

/// Bytes kept of any name or text out of the file.
pub const NAME_BYTES: usize = 256;

/// Steps of a path that are listed; of a longer one, those closest to the import.
pub const PATH_STEPS: usize = 32;

/// Functions up to which a call graph is made: what the specification's JavaScript embedding allows in one module
/// (<https://webassembly.github.io/spec/js-api/#limits>).
pub const FUNCTIONS: u32 = 1_000_000;

/// Types, imports or exports beyond which a module is not validated, because the validator keeps more than a
/// hundred bytes for each; a hundred times what compilers produce.
pub const VALIDATED_ITEMS: u32 = 200_000;

/// Types in one recursion group: wasmparser holds a whole group in memory, at 300 bytes a type. Compilers for GC
/// languages put all their types in one group, some thousands.
pub const GROUP_TYPES: u32 = 100_000;

/// Pairs of table and type that are told apart in the call graph; further ones share one node for each table.
pub const INDIRECT_NODES: usize = 65_536;

/// Entries of each list of what was found in contents and code: files, texts of one class, secrets, loops. More would
/// tell nothing new.
pub const CONTENT: usize = 64;

/// Definitions of all components of a file together, with what they refer to; modules of more are not linked. The
/// components of large languages have some thousands.
pub const DEFINITIONS: usize = 200_000;

/// Functions of all module instances together that are linked; modules instantiated beyond that count as calling
/// everything.
pub const LINKED_FUNCTIONS: u32 = 1_000_000;

/// Definitions, arguments and edges that are followed to link the instances of a component, at most; nested components
/// can be instantiated exponentially often. What is left then counts as calling everything.
pub const LINK_STEPS: usize = 500_000;

/// The same for a file without bytes; each two bytes add one.
pub const LINK_STEPS_LEAST: usize = 100_000;

/// Entries of the lists of a component's linking: functions of the host, steps of paths, exports.
pub const LINKED_LISTED: usize = 20_000;

/// Bytes to which a `.dep-v0` section may inflate.
pub const DEPENDENCY_BYTES: usize = 4 << 20;

/// What may still be listed.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: LISTED }
    }

    /// For the linking of a component, which must not lack paths because a module has many imports.
    pub(crate) fn of_links() -> Self {
        Self { left: LINKED_LISTED }
    }

    /// Takes one entry, if there is one.
    pub(crate) fn take(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }
}
