//! Rewrites WebAssembly modules so that they count and check themselves, in any runtime and with no help from the host.
//!
//! [`instrument`] takes the bytes of a module and a [`Plan`], and gives the bytes of a new module, a [`Report`] and an
//! [`OffsetMap`]. Nothing here touches files, and nothing runs.
//!
//! The bytes are hostile: everything is bounded, nothing panics. What comes out is always valid; what cannot be
//! instrumented is [refused](Refused) with the reason.
//!
//! Everything that existed keeps its index: results live in an appended memory (or appended globals), helpers are appended
//! functions. Only a pass that [imports a function](passes::Pass::imports) moves the functions behind it.
//!
//! ```
//! use wasmscope_instrument::{Plan, instrument, passes, Settings};
//!
//! let module = wat::parse_str(r#"(module (func (export "f")))"#)?;
//! let plan = Plan { passes: vec![passes::named("calls", &Settings::default())?], ..Plan::default() };
//! let instrumented = instrument(&module, plan)?;
//! assert_eq!(instrumented.report.schema.results[0].name, "calls.total");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod additions;
mod blocks;
mod body;
mod class;
mod code;
mod component;
mod counters;
mod edits;
mod error;
mod map;
pub mod mix;
mod module;
pub mod passes;
mod plan;
pub mod reading;
mod report;
pub mod results;
mod rewrite;
mod select;
mod settings;
mod shadow;
pub mod violation;
mod width;

pub use access::{Access, access};
pub use additions::{Additions, ImportedFunction};
pub use blocks::Block;
pub use body::{Body, Instruction};
pub use class::Class;
pub use code::{Cell, Code, Storage};
pub use component::{Component, Nested, instrument_component, is_component};
pub use edits::{Alarm, Edits};
pub use error::Refused;
pub use map::{FunctionMap, OffsetMap};
pub use module::{Export, Global, Import, Module, Names, Segment};
pub use plan::{OnViolation, Plan};
pub use report::Report;
pub use select::Selection;
pub use settings::Settings;
pub use {wasm_encoder, wasmparser};

/// An instrumented module.
#[derive(Debug)]
pub struct Instrumented {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was done.
    pub report: Report,
    /// Where code went.
    pub map: OffsetMap,
}

/// Instruments a core module.
///
/// # Errors
///
/// See [`Refused`]. Nothing is made then.
pub fn instrument(bytes: &[u8], mut plan: Plan) -> Result<Instrumented, Refused> {
    rewrite::core(bytes, &mut plan)
}
