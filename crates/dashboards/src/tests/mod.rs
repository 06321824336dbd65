//! What can be said of rules and dashboards without data. With data: `crates/cli/tests/dashboards.rs`.

mod names;
mod promtool;
mod structure;

use serde::Deserialize;
use std::collections::BTreeMap;

/// A file of rules, as far as the tests read it.
#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

fn rules(file: &str) -> Vec<Rule> {
    let file: RuleFile = serde_saphyr::from_str(file).unwrap();
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}
