use crate::look::{is_payload, place};
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::FileFormat::{self, *};
use wasmscope_model::{Confidence, Severity};

const FORMATS: [FileFormat; 6] = [Zip, Gzip, Xz, Zstd, Bzip2, SevenZip];

pub(super) static RULE: Rule = Rule {
    id: "embedded-archive",
    title: "archive or compressed file inside",
    severity: Severity::Info,
    confidence: Confidence::percent(80),
    threat: "E3",
    cwe: &[],
    attack: &["T1027"],
    sources: &["https://attack.mitre.org/techniques/T1027/009/"],
    description: "Data holds an archive or a compressed file, which this scan does not open.",
    remediation: "Unpack it and scan what is in it.",
    false_positives: "Interpreters carry their libraries so: CPython a ZIP archive, Ruby gems.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for file in module.content.payloads.list.iter().filter(|file| is_payload(file, &FORMATS)) {
            found.in_module(module, format!("{:?} begins in {}", file.format, place(file))).at(file.offset);
        }
    }
}
