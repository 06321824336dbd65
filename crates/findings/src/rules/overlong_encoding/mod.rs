use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "overlong-encoding",
    title: "lengths are written longer than any compiler does",
    severity: Severity::Low,
    confidence: Confidence::percent(90),
    threat: "E7",
    cwe: &[436],
    attack: &["T1027"],
    sources: &[
        "https://webassembly.github.io/spec/core/binary/values.html#integers",
        "Cabrera-Arteaga et al.: WebAssembly Diversification for Malware Evasion, Computers and Security 2023",
    ],
    description: "Sizes or counts take two to four bytes where fewer would do. Linkers reserve five \
        bytes and known compilers write as few as they can: somebody edited the file, or tried whether \
        two parsers read it alike.",
    remediation: "Normalise it before use: wasm-tools parse and print, or wasm-opt; ask who made it.",
    false_positives: "Assemblers written by hand.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let encoding = &module.encoding;
        if encoding.overlong_lengths > 0 {
            let message = format!("{} lengths take more bytes than they need", encoding.overlong_lengths);
            let place = found.in_module(module, message);
            if let Some(first) = encoding.first_overlong {
                place.at(first);
            }
        }
    }
}
