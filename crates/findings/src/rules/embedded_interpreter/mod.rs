use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "embedded-interpreter",
    title: "interprets programs",
    severity: Severity::Info,
    confidence: Confidence::percent(85),
    threat: "E5",
    cwe: &[],
    attack: &["T1059"],
    sources: &["https://attack.mitre.org/techniques/T1059/"],
    description: "The module is or holds an interpreter: what it does is decided by scripts in its \
        data, its files or its input, which this scan does not read.",
    remediation: "Approve the scripts as well as the module, and grant what they need, not what the \
        interpreter could use.",
    false_positives: "That is what interpreters are for.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for library in module.content.libraries.iter().filter(|library| library.interpreter) {
            let version = library.version.as_deref().unwrap_or("of an unknown version");
            found.in_module(module, format!("{} {version}", library.name)).at(library.offset);
        }
    }
}
