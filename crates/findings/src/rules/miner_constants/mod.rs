use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

/// Fewer of Keccak's round constants are an accident or an extract (FFmpeg: 3).
const KECCAK: u32 = 6;
/// What general libraries of hashes hold beside Keccak and AES, and CryptoNight does not.
const GENERAL: [&str; 4] = ["sha-256-k", "sha-512-k", "sha-1", "md5-t"];
/// What CryptoNight ends with, and few others hold.
const RARE: [&str; 3] = ["skein-c240", "groestl-table", "jh-round-constant"];
/// AES, for whole rounds or by its S-box.
const AES: [&str; 2] = ["aes-s-box", "aes-t-table"];

pub(super) static RULE: Rule = Rule {
    id: "miner-constants",
    title: "constants of the CryptoNight miners",
    severity: Severity::High,
    confidence: Confidence::percent(90),
    threat: "E1",
    cwe: &[],
    attack: &["T1496"],
    sources: &[
        "https://web.getmonero.org/resources/moneropedia/cryptonight.html",
        "Naseem et al.: MINOS, NDSS 2021",
        "https://keccak.team/keccak_specs_summary.html",
    ],
    description: "CryptoNight is made of Keccak, AES and four hashes of the SHA-3 competition. Keccak \
        or AES together with two of Skein, Groestl and JH is high: nothing else is known that needs \
        them together. Keccak and AES alone are medium, unless the module also holds SHA-1, SHA-2 or \
        MD5, as general libraries do; then info. docs/miner.md has the measurement.",
    remediation: "Do not run it before somebody has said what it is for. Limit CPU time (wasmtime run \
        -W timeout=…, fuel), and look at connections that live long.",
    false_positives: "Wallets and nodes of Monero and its kin verify such hashes, and libraries of all \
        SHA-3 candidates (sphlib) hold the same constants. Not found: miners that compute or encrypt \
        their constants, and RandomX, which has a rule of its own.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let count =
            |name: &str| module.constants.iter().find(|set| set.name == name).map_or(0, |set| set.found);
        let keccak = count("keccak").max(count("keccak-interleaved"));
        let aes = AES.iter().any(|name| count(name) > 0);
        let rare: Vec<&str> = RARE.into_iter().filter(|name| count(name) > 0).collect();
        let general: Vec<&str> = GENERAL.into_iter().filter(|name| count(name) > 0).collect();
        let core = keccak >= KECCAK && aes;
        let severity = if rare.len() >= 2 && (keccak >= KECCAK || aes) {
            Severity::High
        } else if core && (general.is_empty() || !rare.is_empty()) {
            Severity::Medium
        } else if core {
            Severity::Info
        } else {
            continue;
        };
        let aes = if aes { ", AES" } else { "" };
        let rare: String = rare.iter().map(|name| format!(", {name}")).collect();
        let beside =
            if general.is_empty() { String::new() } else { format!("; beside {}", general.join(", ")) };
        let message = format!("{keccak} of Keccak's round constants{aes}{rare}{beside}");
        let place = found.in_module(module, message).milder(severity);
        let place = if severity == Severity::High { place } else { place.less_sure(Confidence::percent(70)) };
        let parts = ["keccak", "keccak-interleaved"].iter().chain(&AES).chain(&RARE);
        let function = parts.filter_map(|name| module.constants.iter().find(|set| set.name == *name));
        if let Some(function) = function.filter_map(|set| set.first_function).next() {
            place.function(function, None);
        }
    }
}
