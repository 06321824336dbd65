//! Bad input and hard cases, one file per theme: each test runs the real binary against real processes that it
//! started itself, and watches no others.

mod bursts;
mod forged;
#[path = "../common/kit.rs"]
mod kit;
mod many_modules;
mod names;
mod namespaces;
mod observed;
mod output;
mod privileges;
mod races;
mod scopes;
mod signals;
