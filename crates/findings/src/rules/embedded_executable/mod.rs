use crate::look::{is_payload, place};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::FileFormat::{self, *};
use wasmscope_model::{Confidence, Severity};

const FORMATS: [FileFormat; 5] = [Elf, Pe, MachO, JavaClass, Dex];

pub(super) static RULE: Rule = Rule {
    id: "embedded-executable",
    title: "native program inside",
    severity: Severity::Medium,
    confidence: Confidence::percent(90),
    threat: "E3",
    cwe: &[506],
    attack: &["T1027.009"],
    sources: &["https://attack.mitre.org/techniques/T1027/009/"],
    description: "The module carries a program for Linux, Windows, macOS, Java or Android. The guest \
        cannot run it; it can write it where something else does.",
    remediation: "Ask what it is for. Grant no directory from which the host runs programs.",
    false_positives: "Installers, package tools, linkers and their tests carry such files.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for file in module.content.payloads.list.iter().filter(|file| is_payload(file, &FORMATS)) {
            found.in_module(module, format!("{:?} begins in {}", file.format, place(file))).at(file.offset);
        }
    }
}
