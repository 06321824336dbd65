use crate::look::{GRANTED, listed};
use crate::{Found, Rule};
use wasmscope_analyze::facts::Root;
use wasmscope_analyze::{Capabilities, Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "start-function-reaches-host",
    title: "start function can call the host",
    severity: Severity::Low,
    confidence: Confidence::percent(80),
    threat: "E7",
    cwe: &[696],
    attack: &["T1204.003"],
    sources: &["https://webassembly.github.io/spec/core/syntax/modules.html#start-function"],
    description: "Code runs at instantiation, before the host has called anything, and from there calls lead to \
        the host. Whoever instantiates the module only to look at its exports has run it; limits that are \
        set between instantiation and the first call come too late.",
    remediation: "Set limits, fuel and deadlines before instantiating. Build as a WASI command or reactor \
        (_start, _initialize), which the host calls; wasm-ld makes no start function that calls imports by \
        itself.",
    false_positives: "Kotlin, AssemblyScript and wasm-bindgen initialise themselves so. Info where it is only \
        JavaScript, clocks, randomness or output; ending the program alone is not told.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let start = module.reachability.exports.iter().find(|export| export.root == Root::Start);
        let Some(start) = start else { continue };
        let given = start.capabilities.without(Capabilities::of(&[Capability::Exit]));
        if given.is_empty() {
            continue;
        }
        let message = format!("the start function can reach {}", listed(given.iter()));
        let place = found.in_module(module, message).function(start.function, None);
        let heavy = GRANTED.union(Capabilities::of(&[Capability::CustomHostFunction]));
        if given.without(heavy) == given {
            place.milder(Severity::Info);
        }
    }
}
