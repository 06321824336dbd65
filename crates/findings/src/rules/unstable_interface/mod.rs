use crate::look::{faces_host, quoted};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::Interface;
use wasmscope_model::{Confidence, Severity};

const WASI: [Interface; 4] =
    [Interface::WasiP1, Interface::WasiP2, Interface::WasiP3, Interface::WasiProposal];

pub(super) static RULE: Rule = Rule {
    id: "unstable-interface",
    title: "written against an unreleased or withdrawn interface",
    severity: Severity::Low,
    confidence: Confidence::percent(90),
    threat: "F1",
    cwe: &[477],
    attack: &[],
    sources: &["https://github.com/WebAssembly/WASI"],
    description: "The module imports WASI preview 0, a release candidate or a draft. Their functions take other \
        arguments than the released ones of the same name; runtimes drop them or keep them in code that \
        nobody tests.",
    remediation: "Build with current tools: the targets wasm32-wasip1 and wasm32-wasip2, a current wasi-sdk, \
        released versions of wit packages.",
    false_positives: "Interfaces that have only drafts so far (wasi:keyvalue, wasi:nn): there is no other \
        choice.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let modules = facts.modules.iter().filter(|_| faces_host(facts)).flat_map(|module| &module.interfaces);
    let modules = modules.map(|used| (used.namespace.as_str(), used.interface, used.version.as_deref()));
    let components = facts.components.iter().take(1).flat_map(|component| &component.imports);
    let components = components.map(|item| (item.name.as_str(), item.interface, item.version.as_deref()));
    let unstable = modules.chain(components).filter(|(name, interface, version)| {
        let draft = version.is_some_and(|version| version == "preview0" || version.contains('-'));
        WASI.contains(interface) && (draft || name.starts_with("wasi_ephemeral_"))
    });
    let names: Vec<&str> = unstable.map(|(name, ..)| name).collect();
    if !names.is_empty() {
        found.in_file(format!("imports {}", quoted(names)));
    }
}
