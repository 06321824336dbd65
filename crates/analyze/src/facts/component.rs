//! One component.

use super::Interface;
use crate::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a component beyond its modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentFacts {
    /// Where it stands: `component`, `component/component[0]`.
    pub path: String,
    /// Where it begins in the file.
    pub offset: u64,
    /// What it imports.
    pub imports: Vec<ComponentItem>,
    /// Exact number of imports.
    pub import_count: u32,
    /// What it exports.
    pub exports: Vec<ComponentItem>,
    /// Exact number of exports.
    pub export_count: u32,
    /// What its imports allow, and what its exports are there for.
    pub capabilities: Capabilities,
}

/// An import or export of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentItem {
    /// The name: `wasi:sockets/tcp@0.2.0`, `run`.
    pub name: String,
    /// `instance`, `func`, `type`, `component`, `module`, `value`.
    pub kind: String,
    /// The family of interfaces it belongs to.
    pub interface: Interface,
    /// The version in the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The functions of an imported or exported instance, or the function itself, sorted; `None` where the type
    /// could not be resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// What it allows (imports), or what it is there for (an exported `wasi:http/incoming-handler`). Of an
    /// instance whose functions are not known, everything its interface offers.
    pub capabilities: Capabilities,
}
