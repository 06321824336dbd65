//! Rules at work: unmodified runtimes run attack guests, and `watch` tells which rules state what; ordinary guests set off none
//! that is serious; and what `rules` and `replay --rules` say, without root.

mod attacks;
mod commands;
#[path = "../common/kit.rs"]
mod kit;
