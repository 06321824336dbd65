//! What a guest was doing: its functions from the innermost one outwards.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// One guest function on a stack.
///
/// All of it was read from memory that the observed process can write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// Index of the core module within its code image.
    #[serde(rename = "wasm.module.index")]
    pub module_index: u32,
    /// Function index in that module's function index space, imports included.
    #[serde(rename = "wasm.function.index")]
    pub function_index: u32,
    /// Name from the module's name section; `None` where it has none.
    #[serde(rename = "wasm.function.name", skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Bytes from the start of the Wasm file (of a component: of the whole component) to the instruction
    /// that called or trapped; `None` where the runtime does not know it.
    #[serde(rename = "wasm.function.offset", skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u32>,
}

impl Frame {
    /// The name, unescaped, or `wasm[M]::function[I]` for a function without one.
    pub fn label(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("wasm[{}]::function[{}]", self.module_index, self.function_index)),
        }
    }
}

/// The guest functions that were active on a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GuestStack {
    /// Innermost first. Trampolines and host frames between them are left out.
    #[serde(rename = "wasm.stack.frames")]
    pub frames: Vec<Frame>,
    /// Whether there were more frames further out than could be read.
    #[serde(rename = "wasm.stack.cut", skip_serializing_if = "std::ops::Not::not", default)]
    pub cut: bool,
}

/// Why there is no guest stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackProblem {
    /// Nothing on the stack, or not the given address, belongs to a known guest's code.
    NoGuestCode,
    /// There are words that belong to guest code, and no row of frames that leads to where the host
    /// entered it: they are remains of calls that are over.
    NoChain,
}

impl fmt::Display for StackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoGuestCode => "no guest code on the stack",
            Self::NoChain => "only remains of earlier guest calls on the stack",
        })
    }
}
