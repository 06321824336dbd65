//! Rules by Prometheus's own tool, with the tests in `dashboards/prometheus/tests/`.

use super::rules;
use crate::{ALERTS, files};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};
use wasmscope_testkit::{
    may_skip,
    prometheus::{missing, promtool},
    workspace_root,
};

fn tests() -> Vec<PathBuf> {
    let folder = workspace_root().join("dashboards/prometheus/tests");
    let mut tests: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tests.sort();
    tests
}

#[test]
fn rules_pass_their_tests() {
    if let Some(reason) = missing() {
        return may_skip(module_path!(), reason, true);
    }
    let tests = tests();
    assert!(!tests.is_empty());
    let files: Vec<_> = tests.iter().map(|path| path.to_str().unwrap()).collect();
    promtool(&[&["test", "rules"], files.as_slice()].concat()).unwrap();
}

#[test]
fn prometheus_accepts_the_configuration_that_is_written() {
    if let Some(reason) = missing() {
        return may_skip(module_path!(), reason, true);
    }
    let folder = tempfile::tempdir().unwrap();
    for file in files(folder.path().to_str().unwrap(), "http://127.0.0.1:9090") {
        let path = folder.path().join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.contents).unwrap();
    }
    // It checks the rules that the configuration names as well.
    let config = folder.path().join("prometheus/scrape.yml");
    let said = promtool(&["check", "config", config.to_str().unwrap()]).unwrap();
    assert_eq!(said.matches("rules found").count(), 2, "{said}");
}

/// A test that only says that nothing fires would pass with any rule.
#[test]
fn every_alert_is_tested_firing_and_silent_and_says_what_to_do() {
    let mut fires: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for path in tests() {
        let file: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for test in file["tests"].as_array().unwrap() {
            for case in test["alert_rule_test"].as_array().into_iter().flatten() {
                let expected = case["exp_alerts"].as_array().unwrap();
                let name = case["alertname"].as_str().unwrap().to_owned();
                fires.entry(name).or_default().insert(!expected.is_empty());
            }
        }
    }
    for rule in rules(ALERTS) {
        let name = rule.alert.expect("only alerts");
        assert!(fires.get(&name).is_some_and(|cases| cases.len() == 2), "{name}: {:?}", fires.get(&name));
        let severity = rule.labels["severity"].as_str();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        assert!(["summary", "description"].iter().all(|key| rule.annotations.contains_key(*key)), "{name}");
    }
}
