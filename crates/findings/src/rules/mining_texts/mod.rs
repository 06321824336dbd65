use crate::look::quoted;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::{Text, TextClass};
use wasmscope_model::{Confidence, Severity};

/// What only who talks to a pool needs.
const PROTOCOLS: [&str; 3] = ["stratum", "mining.", "eth_submitWork"];

pub(super) static RULE: Rule = Rule {
    id: "mining-texts",
    title: "texts of mining pools",
    severity: Severity::High,
    confidence: Confidence::percent(85),
    threat: "E1",
    cwe: &[],
    attack: &["T1496"],
    sources: &["https://en.bitcoin.it/wiki/Stratum_mining_protocol", "https://github.com/xmrig/xmrig"],
    description: "Texts of the module name a protocol by which miners talk to their pool (stratum, \
        mining.subscribe), together with an algorithm or a pool: high. Two different ones of the same \
        sort are medium. A single one says nothing.",
    remediation: "Do not run it before somebody has said what it is for; block connections to pools.",
    false_positives: "Pools, wallets and scanners for miners name the same words; so may a list of \
        blocked hosts.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(texts) = module.content.texts.get(&TextClass::Mining) else { continue };
        let (protocols, others): (Vec<&Text>, Vec<&Text>) =
            texts.list.iter().partition(|text| PROTOCOLS.iter().any(|word| text.value.contains(word)));
        let severity = match (protocols.len(), others.len()) {
            (1.., 1..) => Severity::High,
            (2.., 0) | (0, 2..) => Severity::Medium,
            _ => continue,
        };
        let all = protocols.iter().chain(&others);
        let message = format!("texts of miners: {}", quoted(all.clone().map(|text| &text.value)));
        let first = all.map(|text| text.offset).min().unwrap_or_default();
        found.in_module(module, message).at(first).milder(severity);
    }
}
