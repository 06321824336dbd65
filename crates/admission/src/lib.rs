//! May this module run? Policies over what `wasmscope-analyze` and `wasmscope-findings` tell of it.
//!
//! - [`Policy`] is a checked-in file; [`evaluate`] holds one module against it and gives [`Violation`]s.
//! - [`suggest`] writes the least policy that a module passes.
//! - [`difference`] tells what an update changed, and whether it [asks for more](Difference::worse).
//!
//! Nothing here touches files, the network or the clock: the caller says which day it is. The policy is trusted, the
//! module is not: names in violations and differences are the module's own, so escape them when showing them.
//!
//! ```
//! use wasmscope_admission::{Date, Policy, evaluate};
//!
//! let policy = Policy::parse("version = 1\n[default]\ncapabilities = [\"stdio\"]\n")?;
//! let module = wat::parse_str(r#"(module (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))))"#)?;
//! let facts = wasmscope_analyze::analyze(&module, &Default::default())?;
//! let findings = wasmscope_findings::find(&facts);
//! let violations = evaluate(&policy, "app.wasm", &facts, &findings, Date::constant(2026, 11, 22));
//! assert_eq!(violations[0].subject.as_deref(), Some("random"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod difference;
mod evaluate;
mod policy;
mod suggest;
mod uses;
mod violation;

pub use difference::{
    CapabilityChanges, Change, Changed, Difference, FindingChanges, GainedCapability, ModuleDifference,
    PathChange, Worse, difference,
};
pub use evaluate::evaluate;
/// A day of the calendar.
pub use jiff::civil::Date;
pub use policy::{CallLimit, CallRule, CallVerdict, Policy, PolicyError};
pub use suggest::suggest;
pub use violation::{Clause, MOST_PER_KIND, Violation, ViolationKind};
