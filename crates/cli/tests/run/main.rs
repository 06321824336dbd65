//! `run` and `serve`: the same as `wasmtime`, and what they see besides. Needs no root.

mod bad_input;
mod equivalence;
mod policy;
mod programs;
mod serving;
mod side_by_side;
mod trace;
mod watched;
