//! Every metric and label in a query against the one list in the code.

use super::rules;
use crate::{ALERTS, RECORDING, queries};
use std::collections::{BTreeMap, BTreeSet};

/// Labels that Prometheus adds to what it scrapes.
const SCRAPED: [&str; 2] = ["job", "instance"];
/// Series that Prometheus itself makes.
const OWN: [&str; 4] = ["up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"];

/// Names of series in a query, each with the labels that its selector asks for.
///
/// Words within quotes and braces are none; what is before a bracket is a function, and what has no underscore and no
/// colon is none of our metrics.
fn selectors(promql: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let mut found = Vec::new();
    let mut rest = promql;
    while let Some(at) = rest.find(is_word) {
        let (name, after) = rest[at..].split_at(rest[at..].find(|c| !is_word(c)).unwrap_or(rest.len() - at));
        rest = after;
        let mut labels = BTreeSet::new();
        if let Some(inside) = rest.strip_prefix('{') {
            let end = inside.find('}').expect("a selector ends");
            // No value of ours has a comma or a brace.
            for matcher in inside[..end].split(',') {
                let label = matcher.split(['=', '!']).next().unwrap().trim();
                labels.insert(label.to_owned());
            }
            rest = &inside[end + 1..];
        }
        let known = name.starts_with("wasmscope_") || name.contains(':') || OWN.contains(&name);
        if known || !labels.is_empty() {
            found.push((name.to_owned(), labels));
        }
    }
    found
}

fn recorded() -> BTreeSet<String> {
    rules(RECORDING).into_iter().map(|rule| rule.record.expect("only recording rules")).collect()
}

/// Every query there is, with its place.
fn all() -> Vec<(String, String)> {
    let ruled = rules(RECORDING).into_iter().chain(rules(ALERTS));
    let ruled = ruled.map(|rule| (rule.record.or(rule.alert).unwrap(), rule.expr));
    queries().map(|asked| (asked.place, asked.promql)).chain(ruled).collect()
}

#[test]
fn selectors_are_found() {
    let found = selectors(r#"sum by (job) (rate(wasmscope_x_total{a="1", b=~"2|3"}[5m]) / up) > level:m:op"#);
    let names: Vec<_> = found.iter().map(|(name, labels)| (name.as_str(), labels.len())).collect();
    assert_eq!(names, [("wasmscope_x_total", 2), ("up", 0), ("level:m:op", 0)]);
}

#[test]
fn every_metric_and_label_that_is_asked_for_exists() {
    let metrics: BTreeMap<_, _> =
        wasmscope_export::metrics().map(|metric| (metric.name, metric.labels)).collect();
    let recorded = recorded();
    let mut wrong = Vec::new();
    for (place, promql) in all() {
        for (name, labels) in selectors(&promql) {
            if recorded.contains(&name) || OWN.contains(&name.as_str()) {
                continue;
            }
            let Some(known) = metrics.get(name.as_str()) else {
                wrong.push(format!("{place}: there is no {name}"));
                continue;
            };
            let unknown =
                labels.iter().filter(|l| !known.contains(&l.as_str()) && !SCRAPED.contains(&l.as_str()));
            wrong.extend(unknown.map(|label| format!("{place}: {name} has no label {label}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_metric_is_on_a_dashboard() {
    let asked: BTreeSet<_> =
        queries().flat_map(|asked| selectors(&asked.promql)).map(|(name, _)| name).collect();
    let nowhere: Vec<_> =
        wasmscope_export::metrics().map(|metric| metric.name).filter(|name| !asked.contains(*name)).collect();
    assert!(nowhere.is_empty(), "{nowhere:?}");
}

#[test]
fn dashboards_need_no_recording_rules() {
    for asked in queries() {
        assert!(selectors(&asked.promql).iter().all(|(name, _)| !name.contains(':')), "{asked:?}");
    }
}
