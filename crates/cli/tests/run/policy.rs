//! The policy that `scan` suggests lets its module run; without one of its capabilities, that capability's calls are refused.

use crate::side_by_side::{Job, Ran, module};
use serde_json::Value;
use std::{fs, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{component, guest, wasmscope};

const NUMBERS: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1 2)
    (func (export "_start")
        (if (call $clock (i32.const 1) (i64.const 1) (i32.const 0)) (then (call $exit (i32.const 50))))
        (call $exit (call $random (i32.const 0) (i32.const 8)))))"#;

fn run(module: &std::path::Path, policy: &str, words: &[&str]) -> (Ran, Vec<Value>) {
    let dir = TempDir::new().unwrap();
    let (file, events) = (dir.path().join("policy.toml"), dir.path().join("events.jsonl"));
    fs::write(&file, policy).unwrap();
    let more = ["--policy", file.to_str().unwrap(), "--events", events.to_str().unwrap()];
    let ran = Job::new(module, words).watched(&more);
    let lines = fs::read_to_string(events).unwrap_or_default();
    (ran, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn denied(events: &[Value]) -> Vec<(&str, &str)> {
    let text = |line: &'_ Value, key: &str| line[key].as_str().map(str::to_owned);
    let denied = events.iter().filter(|line| text(line, "policy.rule").is_some());
    denied
        .map(|line| (line["wasi.call.name"].as_str().unwrap(), line["policy.rule"].as_str().unwrap()))
        .collect()
}

#[test]
fn what_scan_suggests_lets_its_module_run() {
    for path in [guest("busy-files"), component("busy-files"), guest("hello"), component("hello")] {
        let suggested =
            Command::new(wasmscope()).arg("scan").arg("--suggest-policy").arg(&path).output().unwrap();
        let policy = String::from_utf8(suggested.stdout).unwrap();
        let (ran, events) = run(&path, &policy, &["--dir", ".", "{}"]);
        assert_eq!(ran.status, Some(0), "{}: {ran:?}\n{policy}", path.display());
        assert!(denied(&events).is_empty() && events.len() > 3, "{events:?}");
    }
}

#[test]
fn calls_beyond_the_allowed_capabilities_fail_and_are_told() {
    let (_dir, path) = module(NUMBERS);
    let policy = "version = 1\n[default]\ncapabilities = [\"clock\", \"exit\"]\n";
    let (ran, events) = run(&path, policy, &["{}"]);
    // EACCES is 2.
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert_eq!(denied(&events), [("random_get", "capabilities: random")]);
    let policy = "version = 1\n[default]\ncapabilities = [\"random\", \"exit\"]\n";
    let (ran, events) = run(&path, policy, &["{}"]);
    assert_eq!((ran.status, denied(&events).len()), (Some(50), 1), "{ran:?}");
}

#[test]
fn reading_without_writing() {
    let policy = "version = 1\n[default]\ncapabilities = [\"stdio\", \"arguments\", \"exit\", \"clock\", \"poll\", \
                  \"read-files\", \"file-metadata\", \"list-directories\"]\n";
    for path in [guest("busy-files"), component("busy-files")] {
        let (ran, _) = run(&path, policy, &["--dir", ".", "{}"]);
        assert_eq!(ran.status, Some(1), "it cannot make its file: {ran:?}");
        assert!(ran.files.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_module_that_the_policy_does_not_approve_is_not_run() {
    let (_dir, path) = module(NUMBERS);
    let none = "version = 1\n[default]\nsha256 = \
                \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";
    let (ran, events) = run(&path, none, &["{}"]);
    assert_eq!((ran.status, events.len()), (Some(1), 0), "{ran:?}");
    assert!(ran.stderr.contains("which is not approved") && ran.stderr.contains("was not run"), "{ran:?}");
    let small = "version = 1\n[default.limits]\nmemory-maximum = \"64KiB\"\n";
    let (ran, _) = run(&path, small, &["{}"]);
    assert!(ran.status == Some(1) && ran.stderr.contains("limit"), "{ran:?}");
    let (ran, _) = run(&path, "version = 1\n[[module]]\nmatch = \"other.wasm\"\n", &["{}"]);
    assert!(ran.status == Some(1) && ran.stderr.contains("no entry of the policy"), "{ran:?}");
}

#[test]
fn rules_for_single_calls() {
    let policy = r#"
        version = 1
        [[default.calls]]
        name = "ten bytes"
        verdict = "limit"
        error = "again"
        function = "fd_write"
        bytes = 10
        [[default.calls]]
        name = "nothing here"
        verdict = "deny"
        error = "noent"
        class = "files"
        path = "/secret"
    "#;
    let (_dir, path) = module(FILES);
    let (ran, events) = run(&path, policy, &["--dir", ".::/", "{}"]);
    // ENOENT is 44 and EAGAIN 6.
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(44 + 6), "0123456789"), "{ran:?}");
    assert_eq!(denied(&events), [("path_open", "nothing here"), ("fd_write", "ten bytes")]);
    assert!(ran.files.is_empty());
}

/// Makes a file, writes ten bytes and then one to standard output, and exits with the sum of what failed.
const FILES: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 100) "x/../secret/file")
    (data (i32.const 200) "0123456789")
    (func $put (param i32) (result i32)
        (i32.store (i32.const 16) (i32.const 200))
        (i32.store (i32.const 20) (local.get 0))
        (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (func (export "_start")
        (call $exit (i32.add
            (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 16)
                (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0))
            (i32.add (call $put (i32.const 10)) (call $put (i32.const 1)))))))"#;
