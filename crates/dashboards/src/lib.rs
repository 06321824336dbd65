//! Dashboards for Grafana and rules for Prometheus, as files to be written somewhere.
//!
//! A dashboard is a static in `boards/`, one file each; [`grafana`] makes Grafana's JSON of it. Rules are YAML, in
//! `dashboards/prometheus/` of the repository. Tests check every name of a metric against the list in
//! `wasmscope-export`, and ask every query of a real Prometheus.
//!
//! ```
//! let files = wasmscope_dashboards::files("/srv/wasmscope", "http://127.0.0.1:9090");
//! assert!(files.iter().any(|file| file.path == "grafana/dashboards/fleet.json"));
//! ```

mod boards;
mod describe;
mod grafana;
#[cfg(test)]
mod tests;

use boards::BOARDS;

/// Recording rules, a file for Prometheus.
pub const RECORDING: &str = include_str!("../../../dashboards/prometheus/recording.yml");
/// Alerts, a file for Prometheus.
pub const ALERTS: &str = include_str!("../../../dashboards/prometheus/alerts.yml");
const SCRAPE: &str = include_str!("../../../dashboards/prometheus/scrape.yml");
const PROVIDER: &str = include_str!("../../../dashboards/grafana/dashboards.yaml");
const DATASOURCE: &str = include_str!("../../../dashboards/grafana/datasource.yaml");

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the folder that everything goes to.
    pub path: String,
    /// What is in it; ends with a line feed.
    pub contents: String,
}

/// All files, for a folder whose absolute path is `folder` and a Grafana that reaches Prometheus at `prometheus`.
///
/// Both may be any text: they are quoted where they are written.
pub fn files(folder: &str, prometheus: &str) -> Vec<File> {
    let file = |path: &str, contents: String| File { path: path.to_owned(), contents };
    // A JSON string is a YAML one.
    let quoted = |text: String| serde_json::Value::String(text).to_string();
    let dashboards = quoted(format!("{folder}/grafana/dashboards"));
    let mut files: Vec<_> = BOARDS
        .iter()
        .map(|board| file(&format!("grafana/dashboards/{}.json", board.name), grafana::json(board)))
        .collect();
    files.extend([
        file("grafana/provisioning/dashboards/wasmscope.yaml", PROVIDER.replace("@DASHBOARDS@", &dashboards)),
        file(
            "grafana/provisioning/datasources/wasmscope.yaml",
            DATASOURCE.replace("@PROMETHEUS@", &quoted(prometheus.to_owned())),
        ),
        file("prometheus/recording.yml", RECORDING.to_owned()),
        file("prometheus/alerts.yml", ALERTS.to_owned()),
        file("prometheus/scrape.yml", SCRAPE.to_owned()),
    ]);
    files
}

/// A query of a panel or variable, to be asked in tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where it stands: dashboard and panel.
    pub place: String,
    /// PromQL with Grafana's variables in it.
    pub promql: String,
    /// What must be there for it to have an answer, beyond a host with workloads; `None` for nothing.
    pub needs: Option<&'static str>,
}

/// Every query of every panel, and of every variable the PromQL that finds the same values.
pub fn queries() -> impl Iterator<Item = Asked> {
    BOARDS.iter().flat_map(|board| {
        let panels = board.panels().flat_map(|panel| {
            panel.queries.iter().map(|query| Asked {
                place: format!("{}: {}", board.title, panel.title),
                promql: query.promql.to_owned(),
                needs: panel.needs,
            })
        });
        let variables = board.variables.iter().map(|variable| Asked {
            place: format!("{}: ${}", board.title, variable.name),
            promql: format!("count by ({}) ({})", variable.label, variable.of),
            needs: None,
        });
        variables.chain(panels)
    })
}
