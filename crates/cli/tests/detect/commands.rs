//! `rules` and `replay --rules`, as anybody.

use crate::kit::{Done, Started, run, wasmscope};
use std::{fs, path::PathBuf};
use tempfile::TempDir;
use wasmscope_testkit::{require_root, wait_until, workspace_root};

const RULE: &str = "id: any-open
title: A file was opened
severity: low
maturity: experimental
tags: [threat.B1]
events: [workload.file.opened]
condition: |
  has(syscall.name)
false_positives: [always]
advice: Nothing.
";

/// A folder with one rule and its samples.
fn folder(rule: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let own = folder.path().join("experimental/any-open");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("rule.yaml"), rule).unwrap();
    fs::write(own.join("match.jsonl"), "{\"event.name\": \"workload.file.opened\"}\n").unwrap();
    fs::write(own.join("no-match.jsonl"), "{\"event.name\": \"workload.file.created\"}\n").unwrap();
    folder
}

fn rules(args: &[&str], folder: &TempDir) -> Done {
    run(wasmscope(["rules"].iter().chain(args).copied().chain([folder.path().to_str().unwrap()])))
}

#[test]
fn shipped_rules_are_listed_and_their_samples_pass() {
    let list = run(wasmscope(["rules", "list"]));
    assert!(list.status == 0 && list.stdout.contains("process-traced"), "{list:?}");
    let json: serde_json::Value =
        serde_json::from_str(&run(wasmscope(["rules", "list", "--json"])).stdout).unwrap();
    assert!(json.as_array().unwrap().iter().all(|rule| !rule["advice"].as_str().unwrap().is_empty()));
    let tested = run(wasmscope(["rules", "test"]));
    assert!(tested.status == 0 && tested.stdout.ends_with(" 0 failed\n"), "{tested:?}");
    let schema: serde_json::Value =
        serde_json::from_str(&run(wasmscope(["rules", "schema"])).stdout).unwrap();
    assert!(schema["properties"]["detection.evidence"].is_object());
}

#[test]
fn a_broken_rule_is_one_error_with_its_place() {
    let good = folder(RULE);
    assert_eq!(rules(&["check"], &good).status, 0);
    let tested = rules(&["test"], &good);
    assert_eq!((tested.status, tested.stdout.as_str()), (0, "1 rules, 2 samples, 0 failed\n"));
    let broken = folder(&RULE.replace("syscall.name", "syscall.nme"));
    let done = rules(&["check"], &broken);
    done.assert_failed(
        2,
        &["rule.yaml:8:7: there is no field \"syscall.nme\"; did you mean \"syscall.name\"?"],
    );
    let failing = folder(&RULE.replace("has(syscall.name)", "syscall.name == \"x\""));
    let done = rules(&["test"], &failing);
    assert!(done.status == 1 && done.stderr.contains("match.jsonl:1:1: no detection"), "{done:?}");
    run(wasmscope(["rules", "check", "/nowhere"])).assert_failed(2, &["/nowhere", "No such file"]);
}

fn recording() -> PathBuf {
    workspace_root().join("crates/recording/tests/fixtures/synthetic.jsonl")
}

#[test]
fn a_replay_asks_rules_of_a_folder() {
    let folder = folder(RULE);
    let (rules, recording) = (folder.path().to_str().unwrap(), recording());
    let replay = |args: &[&str]| {
        let all = ["replay"].iter().chain(args).copied().chain([recording.to_str().unwrap()]);
        run(wasmscope(all))
    };
    let done = replay(&["--no-shipped-rules", "--rules", rules]);
    assert!(done.status == 0 && done.stdout.contains("DETECTED   LOW any-open"), "{done:?}");
    assert!(!replay(&["--no-shipped-rules"]).stdout.contains("DETECTED"));
}

#[test]
fn rules_are_read_again_while_watching_and_bad_ones_change_nothing() {
    require_root!();
    let folder = folder(RULE);
    let rule = folder.path().join("experimental/any-open/rule.yaml");
    let rules = folder.path().to_str().unwrap();
    let watch = Started::spawn(wasmscope(["watch", "--json", "--rules", rules, "--", "sleep", "20"]));
    watch.wait_ready();
    fs::write(&rule, RULE.replace("syscall.name", "syscall.nme")).unwrap();
    let said = |text: &str| wait_until(|| watch.stderr().contains(text), crate::kit::PATIENCE);
    assert!(said("the rules stay as they were"), "{}", watch.stderr());
    assert!(watch.stderr().contains("rule.yaml:8:7: there is no field"), "{}", watch.stderr());
    fs::write(&rule, RULE.replace("severity: low", "severity: high")).unwrap();
    assert!(said("the rules have changed"), "{}", watch.stderr());
    watch.stop();
}
