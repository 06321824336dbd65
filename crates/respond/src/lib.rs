//! Responses to detections: off unless a file says what is to be done.
//!
//! [`Plan`] is that file, checked. A [`Responder`] is shown every event; what a detection asks for is done on a thread of its own,
//! so that a command or a server that hangs holds up nothing else, and whatever became of it is an event
//! ([`Response`](wasmscope_model::Response)). Signals go to the very program that was detected: its identity is compared after a
//! handle of the process was taken, so that nobody else is hit who got its number since.
//!
//! All of this comes after the act. Only signals *at the event* ([`Plan::at_event`]) are sent by the kernel's probe, before the
//! process returns from the system call: that call itself has happened even so.

mod act;
mod plan;
mod responder;

pub use plan::{Action, AtEvent, Choice, Limit, Plan, PlanError, SignalKind};
pub use responder::Responder;
