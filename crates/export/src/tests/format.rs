//! Pages against the list of metrics and against what the formats ask for.

use super::fixture::{full, workload};
use crate::{
    Encoder, Snapshot, WorkloadUsage,
    metric::{Kind, Metric},
    metrics::METRICS,
    prometheus_text,
};
use std::{borrow::Cow, collections::BTreeSet};

fn both(snapshot: Snapshot) -> [String; 2] {
    let openmetrics = Encoder::default().openmetrics(snapshot);
    [prometheus_text(&openmetrics), openmetrics]
}

/// Name and names of the labels of every series.
fn series(page: &str) -> BTreeSet<(&str, Vec<&str>)> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
            (name, labels.map(|label| label.split_once('=').unwrap().0).collect())
        })
        .collect()
}

#[test]
fn every_listed_metric_is_on_a_full_page_and_no_other() {
    let listed: BTreeSet<_> = METRICS.iter().map(|m| (m.name, m.labels.to_vec())).collect();
    assert_eq!(listed.len(), METRICS.len(), "a name is listed twice");
    for page in both(Snapshot { workloads: vec![workload(1)], ..full() }) {
        assert_eq!(series(&page), listed);
    }
}

#[test]
fn names_follow_the_conventions() {
    for metric in METRICS {
        let Metric { name, help, .. } = metric;
        let own = ["wasmscope_workload_", "wasmscope_workloads", "wasmscope_agent_"];
        assert!(own.iter().any(|prefix| name.starts_with(prefix)), "{name}");
        assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert_eq!(metric.kind == Kind::Info, name.ends_with("_info"), "{name}");
        for unit in ["seconds", "bytes"] {
            let is = metric.unit.as_ref().is_some_and(|has| has.as_str() == unit);
            assert_eq!(is, metric.family().ends_with(unit), "{name}");
        }
        let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '|');
        assert!(help.chars().all(plain) && help.ends_with('.'), "{name}: {help}");
        // Everything else about a workload is on wasmscope_workload_info.
        if name.starts_with("wasmscope_workload_") && metric.kind != Kind::Info {
            assert_eq!(metric.labels[0], "workload", "{name}");
            let own = ["call", "errno", "kind", "direction", "module", "mode", "rule", "result"];
            assert!(metric.labels[1..].iter().all(|label| own.contains(label)), "{name}");
        }
    }
}

#[test]
fn both_formats() {
    let [text, openmetrics] = both(full());
    insta::assert_snapshot!("prometheus", text);
    insta::assert_snapshot!("openmetrics", openmetrics);
}

#[test]
fn what_is_not_known_has_no_series() {
    let [text, _] = both(Snapshot::default());
    insta::assert_snapshot!("nothing_known", text);
}

#[test]
fn hostile_texts_stay_inside_their_label() {
    let hostile = [
        "\"} 1\nwasmscope_workloads 9\n# EOF\n",
        "\x1b[2J\x1b]0;owned\x07",
        "\\\",\u{202e}\u{0}",
        &"<script>".repeat(512),
        "",
        "_",
    ];
    for text in hostile {
        let owned = Some(text.to_owned());
        let name: Cow<'static, str> = text.to_owned().into();
        let usage = WorkloadUsage {
            runtime: owned.clone(),
            version: owned.clone(),
            module: owned.clone(),
            container: owned.clone(),
            pod: owned.clone(),
            // The second name becomes the same label as the first in some of the cases.
            syscalls: vec![(name.clone(), 1), ("_".into(), 2), (name.clone(), 4)],
            syscall_errors: vec![(name.clone(), 1)],
            traps: vec![(name.clone(), 1)],
            detections: vec![(name.clone(), 1)],
            guest_cpu: vec![(name.clone(), std::time::Duration::ZERO)],
            ..workload(1)
        };
        let started = vec![(name, 1)];
        for page in both(Snapshot { workloads: vec![usage.clone(), usage], started, ..full() }) {
            assert!(page.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{page}");
            assert!(!page.contains('\\') && !page.contains('<'), "{page}");
            let samples: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(samples.iter().all(|line| line.len() < 600), "{page}");
            let unique: BTreeSet<_> = samples.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
            assert_eq!(unique.len(), samples.len(), "a series is there twice: {page}");
            assert!(page.contains("\nwasmscope_workloads 3\n"), "{page}");
        }
    }
}
