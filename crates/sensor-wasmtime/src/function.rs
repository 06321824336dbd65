//! The functions that are watched, and the names of errors.

use crate::Class;
use serde::{Serialize, Serializer};
use std::fmt;

include!(concat!(env!("OUT_DIR"), "/list.rs"));

/// One function of the host.
#[derive(Debug)]
pub struct Function {
    pub(crate) id: u16,
    /// `wasi_snapshot_preview1`, or e.g. `wasi:io/streams@0.2.12`.
    pub interface: &'static str,
    /// As guests import it: `fd_write`, `[method]output-stream.write`, `[resource-drop]descriptor`.
    pub name: &'static str,
    /// What kind of function.
    pub class: Class,
    /// Names of the parameters, as in the WIT or witx file.
    pub params: &'static [&'static str],
    /// It gives something back to the host: never refused, whatever the policy.
    pub(crate) gives_up: bool,
    pub(crate) block: u8,
    pub(crate) slot: u8,
}

/// Every WASI function that is watched: 46 of preview 1, then those of preview 2 by interface.
///
/// ```
/// let all = wasmscope_sensor_wasmtime::functions();
/// assert!(all.iter().any(|f| f.interface == "wasi_snapshot_preview1" && f.name == "fd_write"));
/// ```
pub fn functions() -> &'static [Function] {
    &FUNCTIONS
}

/// Name of an error, in the spelling of preview 2: `no-entry`, `access`; of preview 1, `noent`, `acces`.
///
/// `error` is the error of a function whose error has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub(crate) u16);

impl Code {
    /// The error of a `result` without a type for it.
    pub(crate) const NAMELESS: Self = Self(u16::MAX);

    /// The name.
    pub fn name(self) -> &'static str {
        CODES.get(usize::from(self.0)).copied().unwrap_or("error")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An error type of preview 2.
pub(crate) trait Coded {
    fn code(&self) -> Code;
}

impl Coded for () {
    fn code(&self) -> Code {
        Code::NAMELESS
    }
}
