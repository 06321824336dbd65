use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

const NETWORK: [Capability; 4] =
    [Capability::Connect, Capability::Listen, Capability::ResolveNames, Capability::ConfigureNetwork];

pub(super) static RULE: Rule = Rule {
    id: "network-imports",
    title: "can use the network",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "F1",
    cwe: &[1125],
    attack: &["T1071"],
    sources: &["https://github.com/WebAssembly/WASI", "https://wasix.org/docs/api-reference"],
    description: "The module asks its host for connections, listeners or names, or to change the network itself \
        (medium: WASIX port_*). Each is a way out for data, and a way in. Only info where no export reaches \
        it, or where the host has to hand over the open socket (preview 1).",
    remediation: "Grant only what is needed: wasmtime run grants nothing without -S inherit-network; -S tcp=n, \
        -S udp=n and -S allow-ip-name-lookup=n narrow it; where Wasmtime is embedded, \
        WasiCtxBuilder::socket_addr_check allows single addresses. wasmer run: no --net. In Kubernetes, a \
        NetworkPolicy.",
    false_positives: "It is what servers and clients are for. What the host grants is not in the module.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let asked = NETWORK.iter().map(|&capability| (capability, reach(facts, capability)));
    let asked: Vec<_> = asked.filter(|(_, reach)| !matches!(reach, Reach::Absent)).collect();
    let Some((_, first)) = asked.iter().find(|(_, reach)| reach.is_possible()).or(asked.first()) else {
        return;
    };
    let list: Vec<String> = asked.iter().map(|(what, reach)| format!("{what} ({})", reach.how())).collect();
    let place = first.found(found, list.join(", "));
    let possible = |wanted| asked.iter().any(|(what, reach)| *what == wanted && reach.is_possible());
    if possible(Capability::ConfigureNetwork) {
        return;
    }
    let own = possible(Capability::Connect) || possible(Capability::ResolveNames);
    let listens = possible(Capability::Listen) && !only_accepts(facts);
    place.milder(if own || listens { Severity::Low } else { Severity::Info });
}

/// Preview 1 can only accept from a socket that the host opened.
fn only_accepts(facts: &Facts) -> bool {
    let listed = facts.modules.iter().all(|module| module.imports.len() == module.import_count as usize);
    let imports = facts.modules.iter().flat_map(|module| &module.imports);
    let mut listening = imports.filter(|import| import.capabilities.contains(Capability::Listen));
    listed
        && facts.components.is_empty()
        && listening.all(|i| i.module == "wasi_snapshot_preview1" && i.name == "sock_accept")
}
