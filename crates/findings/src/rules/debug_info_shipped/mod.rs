use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::text::bytes;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "debug-info-shipped",
    title: "ships debug information",
    severity: Severity::Info,
    confidence: Confidence::percent(99),
    threat: "I2",
    cwe: &[215],
    attack: &[],
    sources: &["https://yurydelendik.github.io/webassembly-dwarf/"],
    description: "The module carries DWARF, or says where its DWARF or source map is: names of source files, \
        often with the builder's paths, and all that helps to understand the program. It also makes the file \
        larger.",
    remediation: "Strip it for release: wasm-ld --strip-debug, rustc -C strip=debuginfo, wasm-tools strip \
        --delete debug_. Keep the stripped part for yourself.",
    false_positives: "Wanted where stack traces are to name source lines, and harmless for open source.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let debug = &module.debug;
        let mut told = Vec::new();
        if debug.dwarf_bytes > 0 {
            let share = debug.dwarf_bytes.saturating_mul(100) / module.size.max(1);
            told.push(format!("{} of DWARF ({share} % of the module)", bytes(debug.dwarf_bytes)));
        }
        told.extend(debug.external_debug_info.as_ref().map(|place| format!("DWARF at {place:?}")));
        told.extend(debug.source_map.as_ref().map(|place| format!("a source map at {place:?}")));
        if !told.is_empty() {
            found.in_module(module, told.join(", "));
        }
    }
}
