use crate::look::{reach, texts};
use crate::{Found, Rule};
use wasmscope_analyze::facts::TextClass;
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "shell-commands",
    title: "commands for a shell inside",
    severity: Severity::Medium,
    confidence: Confidence::percent(75),
    threat: "E4",
    cwe: &[78],
    attack: &["T1059.004"],
    sources: &[
        "https://attack.mitre.org/techniques/T1059/004/",
        "https://wasix.org/docs/api-reference/wasix/proc_exec",
    ],
    description: "The module carries command lines as attackers use them (downloads piped to a shell, \
        reverse shells), and can start programs: medium. Without that, they can only be written or \
        sent, and are low.",
    remediation: "Do not grant processes; read the commands.",
    false_positives: "Installers, documentation and build tools.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let runs = reach(facts, Capability::Processes).is_possible();
    let severity = if runs { Severity::Medium } else { Severity::Low };
    for module in &facts.modules {
        for text in texts(module, TextClass::Shell) {
            let message = format!("carries {:?}", text.value);
            found.in_module(module, message).at(text.offset).milder(severity);
        }
    }
}
