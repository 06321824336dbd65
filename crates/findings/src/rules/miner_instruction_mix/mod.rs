use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Smaller modules have any mix (a test guest of 110 instructions: 2.7 %).
const LEAST: u64 = 1_000;
/// In units of 0.01 %. Of 73 modules of packages the most is 0.37 % (an x86 emulator) but for argon2-browser (1.17 %); the
/// threat catalogue's bound, which found 94.8 % of 233 miners.
const USUAL: u64 = 75;
/// With constants: own guests built with -O1 or without unrolling have 0.50 to 0.58 %.
const NEAR: u64 = 50;
/// Constants that miners have.
const PARTS: [&str; 4] = ["keccak", "keccak-interleaved", "aes-s-box", "aes-t-table"];
/// Constants that general libraries have and miners need not.
const GENERAL: [&str; 4] = ["sha-256-k", "sha-512-k", "sha-1", "md5-t"];

pub(super) static RULE: Rule = Rule {
    id: "miner-instruction-mix",
    title: "instruction mix of a hash or cipher",
    severity: Severity::Low,
    confidence: Confidence::percent(40),
    threat: "E1",
    cwe: &[],
    attack: &["T1496"],
    sources: &["Konoth et al.: MineSweeper, CCS 2018", "Naseem et al.: MINOS, NDSS 2021"],
    description: "An unusual share of the instructions is exclusive or, as in the kernels of miners and \
        in every other hash and cipher. Constants of Keccak or AES, without those of general libraries, \
        lower the bound. What this finds beyond constants are kernels that hide them.",
    remediation: "Ask what it computes. If the answer is not a hash or cipher, do not run it before \
        somebody has looked.",
    false_positives: "Small modules of hashes and ciphers have it by nature: argon2-browser, BLAKE2, \
        emulators of old processors. Hence low. In a large program a small kernel drowns.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let mix = &module.instructions;
        if mix.total < LEAST {
            continue;
        }
        let has = |names: &[&str]| module.constants.iter().any(|set| names.contains(&set.name.as_str()));
        let bare = has(&PARTS) && !has(&GENERAL);
        let bound = if bare { NEAR } else { USUAL };
        if mix.xor.saturating_mul(10_000) >= mix.total.saturating_mul(bound) {
            let share = mix.xor as f64 * 100.0 / mix.total as f64;
            let (of, parts) = (mix.total, if bare { ", with constants of Keccak or AES" } else { "" });
            let bound = bound as f64 / 100.0;
            let message =
                format!("{share:.2} % of {of} instructions are xor{parts}; below {bound} % is usual");
            found.in_module(module, message);
        }
    }
}
