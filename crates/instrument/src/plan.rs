//! What is to be done to a module.

use crate::code::Storage;
use crate::passes::Pass;
use crate::select::Selection;

/// What to do to a module: passes, where, and how they tell.
#[derive(Debug, Default)]
pub struct Plan {
    /// The passes, in the order in which their code stands at one place.
    pub passes: Vec<Box<dyn Pass>>,
    /// Which functions they look at; all without a selection.
    pub selection: Selection,
    /// Where results are kept.
    pub storage: Storage,
    /// What happens when a check fails.
    pub on_violation: OnViolation,
    /// Write the results to standard error when the program ends, if the module imports what that needs.
    pub report_at_exit: bool,
}

/// What happens when a check fails. It is counted and recorded in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnViolation {
    /// The program ends by a trap.
    #[default]
    Trap,
    /// The program goes on.
    Record,
    /// The host is called ([`CALLBACK`](crate::violation::CALLBACK)), and may end it.
    Call,
}
