//! How sure we are that a process runs Wasm, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One kind of independent evidence, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A compiled module with the runtime's own headers stands in the process's memory.
    CodeImage,
    /// An address-space reservation of a shape that only this runtime makes.
    Reservation,
    /// The process opened, read or mapped a file that starts with `\0asm` (or a precompiled module).
    ModuleFile,
    /// Version strings, symbols or build information in the executable or a mapped library.
    Marker,
    /// Anonymous executable memory, as compilers at run time need it.
    JitArea,
    /// The file name of the executable.
    Name,
    /// The name of a thread.
    ThreadName,
}

impl Signal {
    /// The name used in JSON and in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeImage => "code_image",
            Self::Reservation => "reservation",
            Self::ModuleFile => "module_file",
            Self::Marker => "marker",
            Self::JitArea => "jit_area",
            Self::Name => "name",
            Self::ThreadName => "thread_name",
        }
    }
}

/// Chance, 0 to 100, that what is said is so: a heuristic, not a measured probability. That a process runs Wasm is
/// tuned on the runtimes of `make test-runtimes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Confidence(#[schemars(range(max = 100))] u8);

impl Confidence {
    /// Clamps to 100.
    pub const fn percent(value: u8) -> Self {
        Self(if value > 100 { 100 } else { value })
    }

    /// The number, 0 to 100.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Joins independent pieces of evidence: 1 - Π(1 - w).
    pub fn combine(weights: impl IntoIterator<Item = Confidence>) -> Self {
        let doubt = weights.into_iter().map(|w| 1.0 - f64::from(w.0) / 100.0).product::<f64>();
        // Never 100: nothing that is read from a hostile process is certain.
        Self(((1.0 - doubt) * 100.0).floor().clamp(0.0, 99.0) as u8)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// One signal that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which signal.
    pub signal: Signal,
    /// Which runtime it speaks for; `None` for a signal that only says "Wasm".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// How much it weighs alone.
    pub weight: Confidence,
    /// What was seen, for a person: addresses, sizes, the marker, the file.
    pub detail: String,
}

/// What the evidence amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing speaks for Wasm.
    None,
    /// A runtime is there (Node, a Wasmtime that has loaded nothing yet), but no sign of a module.
    Host,
    /// The process runs Wasm.
    Workload,
}

/// The result of looking at one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognition {
    /// Is it a workload?
    pub verdict: Verdict,
    /// Lower-case name of the runtime, one of the folders in `known/`; `None` where only "some Wasm" is sure.
    #[serde(rename = "wasm.runtime.name", skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Version of the runtime, from a code image or a marker.
    #[serde(rename = "wasm.runtime.version", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How sure.
    #[serde(rename = "wasm.recognition.confidence")]
    pub confidence: Confidence,
    /// Why, strongest first.
    #[serde(rename = "wasm.recognition.evidence")]
    pub evidence: Vec<Evidence>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_evidence_adds_up_but_never_to_certainty() {
        let c = |n| Confidence::percent(n);
        assert_eq!(Confidence::combine([]), c(0));
        assert_eq!(Confidence::combine([c(50), c(50)]), c(75));
        assert_eq!(Confidence::combine([c(99), c(99), c(100)]), c(99));
        assert_eq!(c(200).get(), 100);
    }
}
