use crate::known_vulnerable;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "vulnerable-library",
    title: "library with a known vulnerability",
    severity: Severity::Medium,
    confidence: Confidence::percent(80),
    threat: "I3",
    cwe: &[1395],
    attack: &[],
    sources: &[
        "https://nvd.nist.gov/",
        "https://www.openssl.org/news/vulnerabilities.html",
        "https://www.sqlite.org/cves.html",
    ],
    description: "A text in the module tells a library and its version, for which vulnerabilities are \
        published. In the guest, memory corruption stays in its memory, but what the guest may do is \
        then the attacker's.",
    remediation: "Update the library to the version that is named, or later, and build again.",
    false_positives: "Distributors fix old versions without changing their number; the part that is \
        vulnerable may not be used, or no input from others may reach it. No text, no finding.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for library in &module.content.libraries {
            let Some(version) = library.version.as_deref() else { continue };
            for known in known_vulnerable::of_library(&library.name, version) {
                let message = format!("{} {version}: {}, fixed in {}", library.name, known.id, known.fixed);
                found.in_module(module, message).at(library.offset).milder(known.severity);
            }
        }
    }
}
