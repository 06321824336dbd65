//! What can be reached in a component as a whole.

use super::{CapabilityReach, Path, Root};
use crate::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The joined call graph of all modules of a component in short: what its exports can reach of its host, through
/// however many modules. Over-approximates as [`Reachability`](super::Reachability) does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Linked {
    /// Could the definitions be read and followed? If not, [`Facts::problems`](super::Facts::problems) says why, and
    /// nothing is told here beyond the capabilities, all as reachable.
    pub analysed: bool,
    /// Some function bodies could not be decoded: calls in them are missing.
    pub incomplete: bool,
    /// Core module instances that were followed; a module that is instantiated twice counts twice.
    pub instances: u32,
    /// Core module instances that were not, because of a bound or because they are not in the file: they count as calling
    /// everything.
    pub not_followed: u32,
    /// Indices, names and arguments that could not be resolved: each counts as everything. 0 in a valid component
    /// within the bounds.
    pub unresolved: u32,
    /// Defined functions that can be reached, of all instances.
    pub reachable_functions: u32,
    /// For each capability of the component's imports: can it be used? `import` is a place in
    /// [`imports`](Self::imports).
    pub capabilities: Vec<CapabilityReach>,
    /// Functions of the host that the component uses, in the order in which it first mentions them.
    pub imports: Vec<HostReach>,
    /// Where control enters, and what can be reached from there: exports, start functions, destructors.
    pub exports: Vec<EntryReach>,
}

impl Linked {
    /// The shortest path to a function of the host that gives `capability`, if one can be reached.
    pub fn path_to(&self, capability: crate::Capability) -> Option<&Path> {
        let reach = self.capabilities.iter().find(|c| c.capability == capability)?;
        self.imports.get(reach.import? as usize)?.path.as_ref()
    }
}

/// Can a function of the host be called?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostReach {
    /// The import of the component: `wasi:sockets/tcp@0.2.0`.
    pub interface: String,
    /// The function in it: `[method]tcp-socket.start-connect`; `None` for the import itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What it allows.
    pub capabilities: Capabilities,
    /// Functions before it on [`path`](Self::path); `None` if it cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<u32>,
    /// Is there a path of exact steps only? Then [`path`](Self::path) is one.
    pub direct: bool,
    /// The shortest path. An exact one goes before a shorter one that is not; to pass from one module to another
    /// counts like a call or two. The function of the last step is a place in [`Linked::imports`]. Not given for a
    /// function that allows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
}

/// What can be reached from where control enters a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryReach {
    /// Where.
    pub root: Root,
    /// The module of the function that is entered: `component/module[0]`; `None` if it is not one function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Index of that function in its module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    /// The capabilities of every function of the host that can be reached.
    pub capabilities: Capabilities,
}
