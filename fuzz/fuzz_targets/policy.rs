//! Policy files, held against a module that has something of everything.
#![no_main]

use std::sync::LazyLock;
use wasmscope_admission::{Date, Policy, evaluate, suggest};
use wasmscope_fuzz::{modules, sow};
use wasmscope_testkit::workspace_root;
use wasmscope_trial::{NAME, Scan, scan};

static SCANS: LazyLock<Vec<Scan>> =
    LazyLock::new(|| modules().iter().step_by(9).filter_map(|bytes| scan(bytes).ok()).collect());

/// What is suggested for modules, and the examples of the documentation.
fn seeds() -> Vec<Vec<u8>> {
    let suggested = SCANS.iter().map(|scan| suggest(NAME, &scan.facts, &scan.findings).into_bytes());
    let docs = std::fs::read_to_string(workspace_root().join("docs/policy.md")).expect("the documentation");
    let examples = docs.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    suggested.chain(examples.map(|(example, _)| example.as_bytes().to_vec())).collect()
}

libfuzzer_sys::fuzz_target!(init: sow(seeds), |data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Policy::parse(text) {
        Ok(policy) => {
            for (scan, name) in SCANS.iter().zip([NAME, "dir/a.wasm", "", "image.tar!a", "ü"].iter().cycle()) {
                let violations = evaluate(&policy, name, &scan.facts, &scan.findings, Date::constant(2026, 11, 22));
                let page = wasmscope_view::violations::page(name, &violations);
                assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "{page:?}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
