use crate::look::{Reach, reach};
use crate::{Found, Rule};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "dynamic-loading",
    title: "can load code at run time",
    severity: Severity::Medium,
    confidence: Confidence::percent(85),
    threat: "F1",
    cwe: &[829],
    attack: &["T1620"],
    sources: &[
        "https://wasix.org/docs/api-reference",
        "https://emscripten.org/docs/compiling/Dynamic-Linking.html",
    ],
    description: "The module has its host load other modules (dlopen) or evaluate a script. That code is not in \
        this file: nothing that was found here holds for it. Info where no export reaches it.",
    remediation: "Link statically, and scan what is loaded like the module itself. Give the module no directory \
        from which it could load what it wrote.",
    false_positives: "Programs with plugins or extension modules (Pyodide) are built so.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let reach = reach(facts, Capability::DynamicCode);
    if matches!(reach, Reach::Absent) {
        return;
    }
    let place = reach.found(found, format!("code loaded at run time: {}", reach.how()));
    if !reach.is_possible() {
        place.milder(Severity::Info);
    }
}
