use crate::look::{is_payload, place};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::FileFormat::{self, *};
use wasmscope_model::{Confidence, Severity};

const FORMATS: [FileFormat; 2] = [WasmModule, WasmComponent];

pub(super) static RULE: Rule = Rule {
    id: "embedded-module",
    title: "another module inside",
    severity: Severity::Low,
    confidence: Confidence::percent(85),
    threat: "E3",
    cwe: &[506],
    attack: &["T1027.009"],
    sources: &["https://attack.mitre.org/techniques/T1027/009/"],
    description: "Data holds another WebAssembly module or component. A host function or an interpreter \
        may run it; this scan has not looked into it.",
    remediation: "Take it out and scan it by itself.",
    false_positives: "Compilers, test suites and programs around a runtime (wasmi) carry modules; \
        Ruby's WebAssembly build does.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for file in module.content.payloads.list.iter().filter(|file| is_payload(file, &FORMATS)) {
            found.in_module(module, format!("{:?} begins in {}", file.format, place(file))).at(file.offset);
        }
    }
}
