//! `scan` as a gate: findings, policies, differences, and the formats that other programs read. Needs no root.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};
use wasmscope_testkit::{guest, wasmscope};

/// With a finding of severity high or worse nowhere, and one of severity low.
const PLAIN: &str = r#"(module (memory (export "memory") 1 2 shared))"#;
/// Imports what [`PLAIN`] does not.
const READS: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1 2)
    (func (export "_start") (drop (call $random (i32.const 0) (i32.const 8)))))"#;

fn scan(args: &[&str]) -> Output {
    Command::new(wasmscope()).arg("scan").args(args).stdin(Stdio::null()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn module(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_finding_fails_a_scan_from_the_severity_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let plain = module(dir.path(), "plain.wasm", PLAIN);
    let done = scan(&[&plain]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(out(&done).contains("low       shared-memory-exported: "), "{}", out(&done));
    assert!(out(&done).contains("not shown (--severity info shows all)"), "{}", out(&done));
    assert_eq!(scan(&["--fail-on", "low", &plain]).status.code(), Some(1));
    assert_eq!(scan(&["--fail-on", "high", &plain]).status.code(), Some(0));
    // What could not be read is worse than what was found.
    let broken = dir.path().join("broken.wasm");
    fs::write(&broken, b"\0asm\x01\0\0\0\x01\xff").unwrap();
    assert_eq!(scan(&["--fail-on", "low", &plain, broken.to_str().unwrap()]).status.code(), Some(2));
    let wrong = scan(&["--fail-on", "terrible", &plain]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("info, low, medium, high and critical"), "{}", err(&wrong));
}

#[test]
fn what_was_not_read_does_not_pass() {
    let dir = tempfile::tempdir().unwrap();
    // One function, whose only instruction nobody knows.
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\xff\x0b";
    let path = dir.path().join("unknown.wasm");
    fs::write(&path, bytes).unwrap();
    let done = scan(&["--fail-on", "critical", path.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1), "{}", out(&done));
    assert!(err(&done).contains("not-read"), "{}", err(&done));
    assert_eq!(scan(&[path.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn a_module_passes_the_policy_that_was_suggested_for_it_and_another_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let guest = guest("busy-files");
    let path = guest.to_str().unwrap();
    let suggested = scan(&["--suggest-policy", path]);
    assert_eq!(suggested.status.code(), Some(0), "{}", err(&suggested));
    let policy = dir.path().join("wasmscope.policy.toml");
    fs::write(&policy, &suggested.stdout).unwrap();
    let policy = policy.to_str().unwrap();
    let passed = scan(&["--policy", policy, path]);
    assert_eq!(passed.status.code(), Some(0), "{}", out(&passed));
    assert!(out(&passed).contains(": allowed"), "{}", out(&passed));

    let other = module(dir.path(), "other.wasm", READS);
    let refused = scan(&["--policy", policy, &other]);
    assert_eq!(refused.status.code(), Some(1), "{}", out(&refused));
    assert!(out(&refused).contains("refused, 1 violation"), "no entry is for it: {}", out(&refused));

    fs::write(policy, "version = 1\n[default]\ncapabilities = [\"clock\"]\n").unwrap();
    let refused = scan(&["--json", "--policy", policy, &other]);
    assert_eq!(refused.status.code(), Some(1));
    let line: Value = serde_json::from_str(&out(&refused)).unwrap();
    assert_eq!(line["violations"][0]["kind"], "capability", "{line:#}");
    assert_eq!(line["violations"][0]["subject"], "random");
    let sarif = scan(&["--format", "sarif", "--policy", policy, &other]);
    assert_eq!(sarif.status.code(), Some(1));
    assert!(err(&sarif).contains("refused, 1 violation"), "{}", err(&sarif));

    fs::write(policy, "version = 1\n[default]\ncapabilites = []\n").unwrap();
    let wrong = scan(&["--policy", policy, &other]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("capabilites") && err(&wrong).contains("3"), "{}", err(&wrong));
    let missing = scan(&["--policy", "/nowhere/policy.toml", &other]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("/nowhere/policy.toml"), "{}", err(&missing));
}

#[test]
fn a_difference_says_what_an_update_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let old = module(dir.path(), "old.wasm", PLAIN);
    let new = module(dir.path(), "new.wasm", READS);
    let told = scan(&["--diff", &old, &new]);
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert!(out(&told).contains("it can random now"), "{}", out(&told));
    assert_eq!(scan(&["--diff", "--fail-on", "high", &old, &new]).status.code(), Some(1));
    assert_eq!(scan(&["--diff", "--fail-on", "high", &new, &old]).status.code(), Some(0), "it asks for less");
    let same = scan(&["--diff", "--fail-on", "info", &new, &new]);
    assert_eq!(same.status.code(), Some(0));
    assert!(out(&same).contains("the same file"), "{}", out(&same));
    let line: Value = serde_json::from_str(&out(&scan(&["--diff", "--json", &old, &new]))).unwrap();
    assert_eq!(line["worse"][0]["reason"], "capability-gained", "{line:#}");

    let one = scan(&["--diff", &old]);
    assert_eq!(one.status.code(), Some(2));
    assert!(err(&one).contains("two paths"), "{}", err(&one));
    let none = scan(&["--diff", &old, "/nowhere.wasm"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(err(&none).contains("/nowhere.wasm"), "{}", err(&none));
}

#[test]
fn folders_are_compared_module_by_module() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    for (folder, first) in [(&old, PLAIN), (&new, READS)] {
        fs::create_dir(folder).unwrap();
        module(folder, "a.wasm", first);
        module(folder, "b.wasm", PLAIN);
    }
    let paths = [old.to_str().unwrap(), new.to_str().unwrap()];
    let told = scan(&["--diff", paths[0], paths[1]]);
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert_eq!(out(&told).matches("the same file").count(), 1, "{}", out(&told));
    module(&new, "c.wasm", PLAIN);
    let more = scan(&["--diff", paths[0], paths[1]]);
    assert_eq!(more.status.code(), Some(2));
    assert!(err(&more).contains("c.wasm is not in the old version"), "{}", err(&more));
}

#[test]
fn documents_are_whole_whatever_happens_to_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let plain = module(dir.path(), "plain.wasm", PLAIN);
    let broken = dir.path().join("broken.wasm");
    fs::write(&broken, b"\0asm\x01\0\0\0\x01\xff").unwrap();
    for format in ["sarif", "cyclonedx"] {
        let done = scan(&["--format", format, &plain, broken.to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(2));
        let document: Value = serde_json::from_str(&out(&done)).unwrap();
        let again = scan(&["--format", format, &plain, broken.to_str().unwrap()]);
        assert_eq!(done.stdout, again.stdout, "the same bytes again");
        match format {
            "sarif" => {
                let run = &document["runs"][0];
                let results = run["results"].as_array().unwrap();
                assert!(results.iter().any(|result| result["ruleId"] == "shared-memory-exported"), "{run:#}");
                assert_eq!(run["invocations"][0]["executionSuccessful"], false);
            }
            _ => assert_eq!(document["components"].as_array().unwrap().len(), 1, "{document:#}"),
        }
    }
    let schema: Value = serde_json::from_str(&out(&scan(&["--json-schema"]))).unwrap();
    assert!(schema["properties"]["findings"].is_object());
}
