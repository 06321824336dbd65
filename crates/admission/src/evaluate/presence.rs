//! What has to be there, and what must not.

use super::limits::memories;
use super::{left_out, not_read};
use crate::policy::{Prohibition, Requirement, Rules};
use crate::violation::{Verdict, Violation, ViolationKind};
use wasmscope_analyze::facts::{Facts, Kind, ModuleFacts};

pub(super) fn check(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    if let Some(said) = rules.get("require", |entry| entry.require.as_ref()) {
        for required in said.value.iter().map(|word| word.0) {
            for missing in missing(required, facts) {
                let violation =
                    Violation::new(ViolationKind::Required, said.clause(), missing.what, missing.remedy);
                let violation = violation.subject(required.as_str()).doubt(missing.doubt);
                verdict.add(Violation { module: missing.module, ..violation });
            }
        }
        if let Some(what) = left_out(facts) {
            verdict.add(not_read(said.clause(), "require", what));
        }
    }
    if let Some(said) = rules.get("forbid", |entry| entry.forbid.as_ref()) {
        for forbidden in said.value.iter().map(|word| word.0) {
            for (module, what) in present(forbidden, facts) {
                let remedy = match forbidden {
                    Prohibition::DebugInfo | Prohibition::Names => {
                        "strip it (wasm-tools strip, wasm-strip), or allow it"
                    }
                    _ => "build without it, or allow it",
                };
                let violation = Violation::new(ViolationKind::Forbidden, said.clause(), what, remedy);
                verdict.add(violation.subject(forbidden.as_str()).module(&module.path));
            }
        }
        if let Some(what) = left_out(facts) {
            verdict.add(not_read(said.clause(), "forbid", what));
        }
    }
}

struct Missing {
    what: String,
    module: Option<String>,
    doubt: Option<String>,
    remedy: &'static str,
}

/// What of a requirement is not met. Custom sections of components are not in the facts: there, one module that has
/// the section is enough, and a missing one is told with a doubt.
fn missing(required: Requirement, facts: &Facts) -> Vec<Missing> {
    let component = facts.kind == Kind::Component;
    let doubt = || {
        component.then(|| {
            "the sections of the component itself are not read, only those of its modules".to_owned()
        })
    };
    let section = |has: fn(&ModuleFacts) -> bool, what: &str, remedy| {
        let missing = Missing { what: what.to_owned(), module: None, doubt: doubt(), remedy };
        if facts.modules.iter().any(has) { Vec::new() } else { vec![missing] }
    };
    match required {
        Requirement::MemoryMaximum => memories(facts)
            .filter(|(_, memory)| memory.maximum_bytes.is_none())
            .map(|(module, memory)| Missing {
                what: format!("memory {} sets no maximum", memory.index),
                module: Some(module.path.clone()),
                doubt: None,
                remedy: "link with a maximum: wasm-ld --max-memory=…",
            })
            .collect(),
        // Each module has to be signed: one signed module does not vouch for the others.
        Requirement::Signature => facts
            .modules
            .iter()
            .filter(|module| module.signature.as_ref().is_none_or(|signature| signature.signatures.is_empty()))
            .map(|module| Missing {
                what: "it has no signature section".to_owned(),
                module: Some(module.path.clone()),
                doubt: doubt(),
                remedy: "sign it (wasmsign2), and verify the signature where it is loaded: presence proves nothing",
            })
            .collect(),
        Requirement::Producers => {
            let remedy = "keep the section: compilers write it, strip tools remove it";
            section(|module| !module.producers.is_empty(), "it has no producers section", remedy)
        }
        Requirement::Dependencies => {
            let remedy = "build it with cargo auditable";
            section(|module| module.dependencies.is_some(), "it has no list of dependencies (.dep-v0)", remedy)
        }
        Requirement::Names => facts
            .modules
            .iter()
            .filter(|module| module.functions.defined > 0 && !module.debug.names)
            .map(|module| Missing {
                what: "it has no names of functions".to_owned(),
                module: Some(module.path.clone()),
                doubt: None,
                remedy: "keep the name section: strip only debug information (wasm-tools strip keeps names)",
            })
            .collect(),
    }
}

fn present(forbidden: Prohibition, facts: &Facts) -> Vec<(&ModuleFacts, String)> {
    let modules = |has: fn(&ModuleFacts) -> Option<String>| {
        facts.modules.iter().filter_map(|module| Some((module, has(module)?))).collect()
    };
    match forbidden {
        Prohibition::SharedMemory => modules(|module| {
            let memory = module.memories.iter().find(|memory| memory.shared)?;
            Some(format!("memory {} is shared between threads", memory.index))
        }),
        Prohibition::Memory64 => modules(|module| {
            let memory = module.memories.iter().find(|memory| memory.memory64)?;
            Some(format!("memory {} has 64-bit addresses", memory.index))
        }),
        Prohibition::StartFunction => modules(|module| {
            module.start.map(|function| format!("function {function} runs at instantiation"))
        }),
        Prohibition::DebugInfo => modules(|module| {
            let debug = &module.debug;
            match (debug.dwarf_bytes, &debug.external_debug_info, &debug.source_map) {
                (0, None, None) => None,
                (0, Some(place), _) => Some(format!("it points to debug information at {place}")),
                (0, _, Some(place)) => Some(format!("it points to a source map at {place}")),
                (bytes, ..) => Some(format!("it has {bytes} bytes of debug information")),
            }
        }),
        Prohibition::Names => {
            modules(|module| module.debug.names.then(|| "it has a name section".to_owned()))
        }
    }
}
