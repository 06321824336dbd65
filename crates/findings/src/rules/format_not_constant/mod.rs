use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "format-not-constant",
    title: "printf with a format that is not constant",
    severity: Severity::Low,
    confidence: Confidence::percent(60),
    threat: "A5",
    cwe: &[134],
    attack: &[],
    sources: &[
        "https://cwe.mitre.org/data/definitions/134.html",
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
    ],
    description: "A function of the printf family gets a format that the program computes. If input \
        reaches it, %x reads the stack and %n writes to memory.",
    remediation: "Compile with -Wformat-security -Werror, and write printf(\"%s\", text).",
    false_positives: "Formats that are chosen among constants (translations, tables of messages) look \
        the same. Only functions whose names are kept are known.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(calls) = &module.format_calls else { continue };
        for call in &calls.variable.list {
            let constant = calls.constant;
            let message =
                format!("{} gets a format that is computed; {constant} calls get constant ones", call.callee);
            found.in_module(module, message).at(call.offset).function(call.caller, call.name.as_deref());
        }
    }
}
