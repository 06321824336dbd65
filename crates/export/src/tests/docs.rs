//! `docs/metrics.md`, generated from the list. `BLESS=1 cargo test -p wasmscope-export docs` rewrites it.

use crate::{metric::Kind, metrics::METRICS};
use std::{fmt::Write, fs};
use wasmscope_testkit::workspace_root;

const HEAD: &str = include_str!("docs_head.md");

fn generated() -> String {
    let mut page = HEAD.to_owned();
    let groups = [("Workloads", "wasmscope_workload"), ("The agent itself", "wasmscope_agent")];
    for (title, prefix) in groups {
        let _ =
            write!(page, "\n## {title}\n\n| metric | kind | unit | labels | in OpenTelemetry | meaning |\n");
        page.push_str("| --- | --- | --- | --- | --- | --- |\n");
        for metric in METRICS.iter().filter(|metric| metric.name.starts_with(prefix)) {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Info => "info",
            };
            let unit = metric.unit.as_ref().map_or("", |unit| unit.as_str());
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, labels, help) = (metric.name, labels.join(", "), metric.help);
            let otel = match (metric.about().otel_name(), metric.ucum) {
                (name, "") => format!("`{name}`"),
                (name, unit) => format!("`{name}`, `{unit}`"),
            };
            let _ = writeln!(page, "| `{name}` | {kind} | {unit} | {labels} | {otel} | {help} |");
        }
    }
    page
}

#[test]
fn the_documentation_is_that_of_the_list() {
    let path = workspace_root().join("docs/metrics.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, generated()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == generated(),
        "docs/metrics.md is not current: BLESS=1 cargo test -p wasmscope-export docs"
    );
}
