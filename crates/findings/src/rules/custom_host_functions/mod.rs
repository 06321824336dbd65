use crate::look::quoted;
use crate::{Found, Rule};
use wasmscope_analyze::facts::Import;
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "custom-host-functions",
    title: "calls functions of no known interface",
    severity: Severity::Low,
    confidence: Confidence::percent(75),
    threat: "F2",
    cwe: &[20, 125, 787],
    attack: &[],
    sources: &[
        "GHSA-wj3p-xhqm-pffc (WAMR: poll_oneoff checked one element of an array that the guest gives)",
    ],
    description: "The module imports functions that only its host knows. What they do cannot be told, and each \
        is written by somebody who must not trust what it gets: two integers in a row are often an address \
        and a length in guest memory, which the host has to check, together, before it follows them (low; \
        info without such pairs).",
    remediation: "Review these functions in the host: checked addition of address and length, times the size of \
        an element, against the memory's size at the time of the call. Prefer the component model, where the \
        runtime checks. Grant only those that are needed.",
    false_positives: "Every plugin system has them. Emscripten with -O2 and more shortens the names of its own \
        functions to single letters, which look custom. Two integers need not be a pointer.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let custom = |import: &&Import| import.capabilities.contains(Capability::CustomHostFunction);
        let imports: Vec<&Import> = module.imports.iter().filter(custom).collect();
        if imports.is_empty() {
            continue;
        }
        let names = quoted(imports.iter().map(|import| format!("{}.{}", import.module, import.name)));
        let pairs = imports.iter().filter(|import| has_pair(&import.ty.signature)).count();
        let message = format!(
            "{} functions of no known interface, {pairs} with pairs like address and length: {names}",
            imports.len()
        );
        let place = found.in_module(module, message);
        if pairs == 0 {
            place.milder(Severity::Info);
        }
    }
    let outermost = facts.components.iter().take(1).flat_map(|component| &component.imports);
    let custom = outermost.filter(|item| item.capabilities.contains(Capability::CustomHostFunction));
    let names: Vec<&str> = custom.map(|item| item.name.as_str()).collect();
    if !names.is_empty() {
        let message = format!("{} imports of no known interface: {}", names.len(), quoted(names));
        found.in_file(message).milder(Severity::Info);
    }
}

/// Are two integers of one type next to each other among the parameters?
fn has_pair(signature: &str) -> bool {
    let parameters = signature.split_once(')').map_or("", |(parameters, _)| parameters);
    parameters.contains("i32, i32") || parameters.contains("i64, i64")
}
