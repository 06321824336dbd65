use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "randomx",
    title: "RandomX, the algorithm of Monero",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "E1",
    cwe: &[],
    attack: &["T1496"],
    sources: &[
        "https://github.com/tevador/RandomX/blob/master/doc/specs.md",
        "https://github.com/tevador/RandomX/blob/master/doc/configuration.md",
    ],
    description: "The module holds the salt of RandomX, by which Monero is mined since 2019.",
    remediation: "Ask what it is for. A wallet needs it seldom, a miner always: limit CPU time and \
        memory (the light mode takes 256 MiB).",
    false_positives: "Nodes and block explorers verify with the same code. A variant with another salt \
        is not found, nor a salt that is put together at run time.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for set in module.constants.iter().filter(|set| set.name == "randomx-salt") {
            let place = found.in_module(module, "the salt of RandomX is in the data");
            if let Some(offset) = set.first_offset {
                place.at(offset);
            }
        }
    }
}
