//! Which host interface an import belongs to, and what it allows: tables as data, one file for each family.
//!
//! A row says what its functions let a module do *by themselves*. Functions that only work on a descriptor which
//! another function opened (`fd_read`, `[method]descriptor.stat`) carry what using such a descriptor means, not what
//! opening it does: the opener has that row.

mod browser;
mod emscripten;
mod proposals;
mod proxy;
mod wasi_p1;
mod wasi_p2;
mod wasi_p3;
mod wasix;

use crate::facts::{Interface, ItemKind};
use crate::{Capabilities, Capability};

/// Functions, separated by white space, that give the same capabilities.
pub(crate) type Group = (&'static [Capability], &'static str);

/// An interface of the component model, `wasi:io/poll`, and its functions.
pub(crate) type WitInterface = (&'static str, &'static [Group]);

/// What is known of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) interface: Interface,
    pub(crate) version: Option<String>,
    pub(crate) capabilities: Capabilities,
    /// Is the function in a table, or is it nothing that could be?
    pub(crate) known: bool,
}

/// Looks an import of a core module up.
///
/// `nested` modules lie in a component, which gives them everything: what is not known there is no function of
/// the host. A function that a known family does not have is one of the host's own.
pub(crate) fn of_import(module: &str, name: &str, kind: ItemKind, signature: &str, nested: bool) -> Known {
    let mut found = look_up(module, name, kind, signature, nested);
    if !found.known {
        found.capabilities = found.capabilities.union(custom(nested));
    }
    found
}

fn look_up(module: &str, name: &str, kind: ItemKind, signature: &str, nested: bool) -> Known {
    if kind != ItemKind::Function {
        return Known::new(Interface::Linking, None, Some(Capabilities::NONE));
    }
    let versioned = |interface, version: &str, table: &[Group]| {
        Known::new(interface, Some(version.to_owned()), find(table, name))
    };
    match module {
        "wasi_snapshot_preview1" => return versioned(Interface::WasiP1, "preview1", wasi_p1::TABLE),
        "wasi_unstable" => return versioned(Interface::WasiP1, "preview0", wasi_p1::TABLE),
        "wasix_32v1" | "wasix_64v1" => {
            let found = find(wasix::TABLE, name).or_else(|| find(wasi_p1::TABLE, name));
            return Known::new(Interface::Wasix, module.strip_prefix("wasix_").map(str::to_owned), found);
        }
        "wasi" => return Known::new(Interface::WasiThreads, None, find(wasi_p1::THREADS, name)),
        _ => {}
    }
    if let Some(proposal) = module.strip_prefix("wasi_ephemeral_") {
        let found =
            proposals::EPHEMERAL.iter().find(|(n, _)| *n == proposal).map(|(_, c)| Capabilities::of(c));
        return Known::new(Interface::WasiProposal, Some("preview1".into()), found);
    }
    if let Some((interface, version)) = wit_name(module) {
        // Naming of core imports and exports: the component model's "BuildTargets" proposal, and the older `[…]`.
        let name = name.strip_prefix("[async-lower]").unwrap_or(name);
        if is_component_builtin(name) {
            return Known::new(
                Interface::ComponentModel,
                version.map(str::to_owned),
                Some(Capabilities::NONE),
            );
        }
        let (family, table) = wit_interface(interface, version);
        let found = table.and_then(|table| find(table, name));
        let found = found.or_else(|| name.starts_with("[resource-drop]").then_some(Capabilities::NONE));
        return Known::new(family, version.map(str::to_owned), found);
    }
    for lookup in [browser::of_import, proxy::of_import, emscripten::of_import] {
        if let Some((interface, found)) = lookup(module, name, signature) {
            return Known::new(interface, None, found);
        }
    }
    if nested || is_component_builtin(name) {
        return Known::new(Interface::ComponentModel, None, Some(Capabilities::NONE));
    }
    Known::new(Interface::Custom, None, None)
}

/// Looks an export of a component up: it has capabilities where exporting is what lets the component do something.
pub(crate) fn of_component_export(name: &str) -> Known {
    let Some((interface, version)) = wit_name(name) else {
        return Known::new(Interface::Custom, None, Some(Capabilities::NONE));
    };
    let given: &[Capability] = match interface {
        "wasi:http/incoming-handler" | "wasi:http/handler" => &[Capability::HttpServer],
        "wasi:messaging/incoming-handler" => &[Capability::Messaging],
        _ => &[],
    };
    let family = wit_interface(interface, version).0;
    Known::new(family, version.map(str::to_owned), Some(Capabilities::of(given)))
}

/// Looks an import of a component up. `functions`: those of its instance, where known. `from_host`: an import
/// that only the host can fulfil; others come from within the file.
pub(crate) fn of_component_import(name: &str, functions: Option<&[String]>, from_host: bool) -> Known {
    // An instance without functions only names types.
    let custom = if functions.is_some_and(<[_]>::is_empty) { Capabilities::NONE } else { custom(!from_host) };
    let Some((interface, version)) = wit_name(name) else {
        return Known { known: false, ..Known::new(Interface::Custom, None, Some(custom)) };
    };
    let version_text = version.map(str::to_owned);
    let (family, table) = wit_interface(interface, version);
    let Some(table) = table else {
        return Known { known: false, ..Known::new(family, version_text, Some(custom)) };
    };
    let capabilities = match functions {
        Some(functions) => functions
            .iter()
            .fold(Capabilities::NONE, |all, function| all.union(find(table, function).unwrap_or(custom))),
        None => table.iter().fold(Capabilities::NONE, |all, (given, _)| all.union(Capabilities::of(given))),
    };
    Known::new(family, version_text, Some(capabilities))
}

impl Known {
    fn new(interface: Interface, version: Option<String>, found: Option<Capabilities>) -> Self {
        let version = version.map(|v| crate::text::name(&v));
        Self { interface, version, capabilities: found.unwrap_or_default(), known: found.is_some() }
    }
}

fn custom(nested: bool) -> Capabilities {
    if nested { Capabilities::NONE } else { Capabilities::of(&[Capability::CustomHostFunction]) }
}

/// The capabilities of `name` in `table`.
fn find(table: &[Group], name: &str) -> Option<Capabilities> {
    let mut rows = table.iter();
    let row = rows.find(|(_, names)| names.split_ascii_whitespace().any(|known| known == name))?;
    Some(Capabilities::of(row.0))
}

/// Splits `wasi:io/poll@0.2.0`, also in the form `cm32p2|wasi:io/poll@0.2`.
fn wit_name(module: &str) -> Option<(&str, Option<&str>)> {
    let module = module.strip_prefix("cm32p2|").unwrap_or(module);
    let (package, rest) = module.split_once(':')?;
    if package.is_empty() || !rest.contains('/') {
        return None;
    }
    match module.split_once('@') {
        Some((name, version)) => Some((name, Some(version))),
        None => Some((module, None)),
    }
}

/// The family and table of a WIT interface.
fn wit_interface(name: &str, version: Option<&str>) -> (Interface, Option<&'static [Group]>) {
    let look =
        |table: &'static [WitInterface]| table.iter().find(|(n, _)| *n == name).map(|(_, groups)| *groups);
    let third = version.is_some_and(|v| v.starts_with("0.3"));
    let (first, second) = if third {
        ((Interface::WasiP3, wasi_p3::TABLE), (Interface::WasiP2, wasi_p2::TABLE))
    } else {
        ((Interface::WasiP2, wasi_p2::TABLE), (Interface::WasiP3, wasi_p3::TABLE))
    };
    for (family, table) in [first, second, (Interface::WasiProposal, proposals::TABLE)] {
        if let Some(groups) = look(table) {
            return (family, Some(groups));
        }
    }
    (if name.starts_with("wasi:") { Interface::WasiProposal } else { Interface::Custom }, None)
}

/// Functions that the component model itself gives
/// (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>).
fn is_component_builtin(name: &str) -> bool {
    const BUILTINS: [&str; 12] = [
        "[resource-new]",
        "[resource-rep]",
        "[stream-",
        "[future-",
        "[task-",
        "[waitable-",
        "[subtask-",
        "[context-",
        "[backpressure-",
        "[error-context-",
        "[thread-",
        "[cancellable]",
    ];
    BUILTINS.iter().any(|b| name.starts_with(b))
}

#[cfg(test)]
mod tests;
