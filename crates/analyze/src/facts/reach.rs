//! What can be called from where.

use crate::{Capabilities, Capability};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The call graph in short. Everything here over-approximates: what is told unreachable is so, what is told
/// reachable may not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reachability {
    /// Was a call graph made? Not for modules with more than [`limits::FUNCTIONS`](crate::limits::FUNCTIONS) functions,
    /// and [incomplete](Self::incomplete) ones say so.
    pub analysed: bool,
    /// Some function bodies could not be decoded: calls in them are missing.
    pub incomplete: bool,
    /// Defined functions that can be reached from exports or the start function.
    pub reachable_functions: u32,
    /// Functions that the host can call because they lie in a table or global it sees.
    pub shared_roots: u32,
    /// For each capability the module imports: the nearest import that gives it and can be reached.
    pub capabilities: Vec<CapabilityReach>,
    /// For each imported function, in the order of the imports.
    pub imports: Vec<ImportReach>,
    /// For each exported function, in the order of the exports, and last the start function: what it can reach.
    pub exports: Vec<ExportReach>,
}

impl Reachability {
    /// The shortest path to an import that gives `capability`, if one can be reached.
    pub fn path_to(&self, capability: Capability) -> Option<&Path> {
        let reach = self.capabilities.iter().find(|c| c.capability == capability)?;
        let import = self.imports.iter().find(|i| Some(i.function) == reach.import)?;
        import.path.as_ref()
    }
}

/// Can a capability be used?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CapabilityReach {
    /// Which one.
    pub capability: Capability,
    /// Can it be reached at all?
    pub reachable: bool,
    /// Can it be reached by direct calls only?
    pub direct: bool,
    /// Index of the nearest imported function that gives it; its path is in
    /// [`Reachability::imports`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<u32>,
}

/// Can an imported function be called?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportReach {
    /// Index of the imported function.
    pub function: u32,
    /// Calls on [`path`](Self::path); `None` if it cannot be reached. 1 for an import that the first function calls
    /// itself, 0 for an import that is exported again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<u32>,
    /// Is there a path of direct calls only? Then [`path`](Self::path) is one.
    pub direct: bool,
    /// The shortest path. One of direct calls goes before a shorter one that is over-approximated; a call through
    /// a table counts twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
}

/// What an export can reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportReach {
    /// Where the path begins.
    pub root: Root,
    /// Index of the function.
    pub function: u32,
    /// The capabilities of every import it can reach.
    pub capabilities: Capabilities,
}

/// Where control enters a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Root {
    /// The host calls an export.
    Export {
        /// Its name.
        name: String,
    },
    /// The start function runs at instantiation.
    Start,
    /// The host calls a function that lies in a table or global it can see. In a component: code that is not in the
    /// file, or was not followed, calls a function that it is given.
    Shared,
    /// A resource of a component is dropped.
    Destructor,
}

/// A shortest path of calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// Where control enters.
    pub root: Root,
    /// The functions from the first to the import. If some are left out, they are between the first and the second; in a
    /// component, before the first.
    pub steps: Vec<Step>,
    /// How many functions are left out.
    pub omitted: u32,
    /// How many of the listed steps are over-approximated.
    pub approximate: u32,
}

/// One function on a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Index of the function.
    pub function: u32,
    /// In a path through a component the module of the function: `component/module[1]`; `None` for a function of the
    /// host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// `name` section, export name, or `namespace.name` of an import; `interface#function` of a component's import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the step before it calls it.
    #[serde(flatten)]
    pub via: Via,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "via")]
pub enum Via {
    /// From outside: the first step.
    Entry,
    /// A direct call: exact.
    Call,
    /// A call through a table or reference by type: it may be another of the candidates.
    Indirect {
        /// The table; `None` for a call through a typed reference, or where tables were not told apart.
        #[serde(skip_serializing_if = "Option::is_none")]
        table: Option<u32>,
        /// How many functions fit the type.
        candidates: u32,
        /// Can the table hold other functions as well: is it changed by code or seen by the host?
        open: bool,
    },
    /// The caller takes a reference to it (`ref.func`) and may pass it on.
    Reference,
    /// A call through a place of a table that holds nothing but it, in a component: exact.
    Slot,
    /// The canonical ABI of the component model calls it where values pass from one component to another or to
    /// the host, if they need it: reallocation, post-return, callback, destructor.
    Canonical,
    /// How a component is linked is not known here, so it may be any function.
    Unresolved,
}
