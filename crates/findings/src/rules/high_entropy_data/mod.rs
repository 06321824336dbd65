use crate::look::{ENTROPY, unreadable};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// 64 KiB.
const MUCH: u64 = 65_536;
/// One byte in so many: Pyodide has 233 kB, which is 2.4 %; only CPython with its library in a ZIP archive has more, 14 %.
const SHARE: u64 = 20;

pub(super) static RULE: Rule = Rule {
    id: "high-entropy-data",
    title: "much data looks encrypted or compressed",
    severity: Severity::Low,
    confidence: Confidence::percent(60),
    threat: "E2",
    cwe: &[506],
    attack: &["T1027.002"],
    sources: &[
        "Lyda, Hamrock: Using Entropy Analysis to Find Encrypted and Packed Malware, IEEE Security and Privacy 2007",
    ],
    description: "Data segments of high entropy hold encrypted or compressed contents, which no scanner \
        can read.",
    remediation: "Ask for the contents in the open, or for the step of the build that packs them, and \
        scan them.",
    false_positives: "Compressed fonts, models, dictionaries and file systems; pictures and sound.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let (bytes, first) = unreadable(module);
        if bytes >= MUCH && bytes.saturating_mul(SHARE) >= module.size {
            let message = format!("{bytes} bytes of data have an entropy of {ENTROPY} bits per byte or more");
            let place = found.in_module(module, message);
            if let Some(offset) = first {
                place.at(offset);
            }
        }
    }
}
