use crate::look::unreadable;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Tables of ciphers and codecs are smaller.
const LEAST: u64 = 4_096;
/// One byte in so many. Of 73 modules of packages the most is CPython, with its library in a ZIP archive: 14 %.
const SHARE: u64 = 4;

pub(super) static RULE: Rule = Rule {
    id: "packed-data",
    title: "module is mostly packed data and a decoder",
    severity: Severity::Medium,
    confidence: Confidence::percent(65),
    threat: "E2",
    cwe: &[506],
    attack: &["T1027.002", "T1140"],
    sources: &[
        "Lyda, Hamrock: Using Entropy Analysis to Find Encrypted and Packed Malware, IEEE Security and Privacy 2007",
    ],
    description: "A quarter of the module or more is data of high entropy, and a loop reads bytes, \
        combines them with something and writes them back: what the module works on appears only when \
        it runs.",
    remediation: "Unpack it in a sandbox and scan what comes out, or ask for a build that is not \
        packed.",
    false_positives: "A program around a compressed model, font or file system, with a cipher or a \
        filter for pictures beside it.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let (bytes, _) = unreadable(module);
        let Some(decoder) = module.shapes.decoder_loops.list.first() else { continue };
        if bytes >= LEAST && bytes.saturating_mul(SHARE) >= module.size {
            let all = module.size;
            let message =
                format!("{bytes} of {all} bytes look encrypted or compressed, and there is a decoder");
            let place = found.in_module(module, message).at(decoder.offset);
            place.function(decoder.index, decoder.name.as_deref());
        }
    }
}
