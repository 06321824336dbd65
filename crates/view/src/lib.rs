//! Text for people. The machine's form of the same data is its JSON; nothing is computed here.
//!
//! Every observed string goes through [`wasmscope_model::text::shown`]: no module can move the cursor, forge a line or
//! hide itself by its names.

mod act;
pub mod baseline;
mod boundary;
mod detection;
pub mod diagnosis;
pub mod difference;
pub mod event;
pub mod findings;
pub mod inspect;
pub mod rules;
pub mod scan;
pub mod table;
pub mod violations;

use std::fmt::Display;
use wasmscope_model::{ModuleOrigin, Workload, text::shown};

/// `-` for what is not known.
fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| v.to_string())
}

/// `wasmtime 48.0.3`, or what of it is known.
fn runtime(workload: &Workload) -> String {
    let recognition = &workload.recognition;
    let name = recognition.runtime.as_deref().unwrap_or("unknown runtime");
    match &recognition.version {
        Some(version) => format!("{} {}", shown(name), shown(version)),
        None => shown(name).to_string(),
    }
}

/// The module's path, or its name, or `unknown`.
fn module(workload: &Workload) -> String {
    let Some(module) = workload.module() else { return "unknown".into() };
    let text = module.path.as_deref().or(module.name.as_deref()).unwrap_or("unnamed");
    let mut text = shown(text).to_string();
    if module.origin == ModuleOrigin::CommandLine {
        text.push('?'); // nothing confirms what the command line says
    }
    match workload.modules.len() {
        0 | 1 => text,
        n => format!("{text} (+{})", n - 1),
    }
}

/// The name of signal `number`, for those that workloads get or send most.
fn signal_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        31 => "SIGSYS",
        _ => return None,
    })
}
