//! What all tests here need.
#![allow(dead_code, reason = "each test uses a part")]

use wasmscope_admission::{Date, Policy, Violation, ViolationKind, evaluate};
use wasmscope_analyze::{Facts, Options, analyze};
use wasmscope_findings::{Findings, find};

/// The day on which tests are made.
pub(crate) const TODAY: Date = Date::constant(2026, 11, 22);

/// Facts and findings of bytes or text.
pub(crate) fn read(module: impl AsRef<[u8]>) -> (Facts, Findings) {
    let bytes = wat::parse_bytes(module.as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let facts = analyze(&bytes, &Options::default()).unwrap();
    let findings = find(&facts);
    (facts, findings)
}

/// What a default of these lines says of a module.
pub(crate) fn judge(keys: &str, module: impl AsRef<[u8]>) -> Vec<Violation> {
    let policy = Policy::parse(&format!("version = 1\n[default]\n{keys}")).unwrap_or_else(|e| panic!("{e}"));
    let (facts, findings) = read(module);
    evaluate(&policy, "a.wasm", &facts, &findings, TODAY)
}

/// Kinds and subjects.
pub(crate) fn subjects(violations: &[Violation]) -> Vec<(ViolationKind, &str)> {
    violations.iter().map(|v| (v.kind, v.subject.as_deref().unwrap_or_default())).collect()
}
