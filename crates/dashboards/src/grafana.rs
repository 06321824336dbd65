//! Grafana's JSON of a dashboard.
//!
//! Only what differs from Grafana's defaults is written; the fields are those of its dashboard model, schema version 39
//! (Grafana 10.4 and later; older ones from 9 on read it too).
//! Source: <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>

use crate::describe::{Board, Panel, Unit, Variable, View};
use serde_json::{Value, json};

const SCHEMA: u32 = 39;
/// Columns of the grid.
const COLUMNS: u32 = 24;

/// The dashboard as the text of a file.
pub(crate) fn json(board: &Board) -> String {
    let datasource = json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
    });
    let variables: Vec<_> = std::iter::once(datasource).chain(board.variables.iter().map(variable)).collect();
    let dashboard = json!({
        "uid": format!("wasmscope-{}", board.name),
        "title": format!("Wasmscope / {}", board.title),
        "description": board.about,
        "tags": ["wasmscope"],
        "schemaVersion": SCHEMA,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{
            "type": "dashboards", "tags": ["wasmscope"], "title": "wasmscope", "asDropdown": false,
            "includeVars": true, "keepTime": true, "targetBlank": false,
        }],
        "templating": {"list": variables},
        "panels": panels(board),
    });
    format!("{dashboard:#}\n")
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn variable(variable: &Variable) -> Value {
    let query = format!("label_values({}, {})", variable.of, variable.label);
    let mut json = json!({
        "name": variable.name, "label": variable.title, "type": "query", "datasource": source(),
        "definition": query, "query": {"query": query, "refId": "values"},
        // With the time range: a workload is gone soon.
        "refresh": 2, "sort": 1, "multi": variable.many, "includeAll": variable.many,
    });
    if variable.many {
        json["allValue"] = ".*".into();
        json["current"] = json!({"text": ["All"], "value": ["$__all"]});
    }
    json
}

/// Rows and panels, from left to right and from above.
fn panels(board: &Board) -> Vec<Value> {
    let mut all = Vec::new();
    // Where the current line of panels begins, and how high it is.
    let (mut y, mut line) = (0, 0);
    for row in board.rows {
        y += line;
        line = 0;
        let mut x = 0;
        all.push(json!({
            "id": all.len() + 1, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        }));
        y += 1;
        for panel in row.panels {
            let (width, height) = (u32::from(panel.width), height(panel.view));
            if x + width > COLUMNS {
                y += line;
                (x, line) = (0, 0);
            }
            let mut json = one(panel);
            json["id"] = (all.len() + 1).into();
            json["gridPos"] = json!({"x": x, "y": y, "w": width, "h": height});
            all.push(json);
            x += width;
            line = line.max(height);
        }
    }
    all
}

fn height(view: View) -> u32 {
    match view {
        View::Stat => 4,
        View::Lines | View::Stacked => 8,
        View::Table => 9,
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count | Unit::Cores => "short",
        Unit::PerSecond => "cps",
        Unit::Seconds => "s",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "binBps",
        Unit::Ratio => "percentunit",
    }
}

fn one(panel: &Panel) -> Value {
    let table = panel.view == View::Table;
    let instant = table || panel.view == View::Stat;
    let targets = panel.queries.iter().zip('A'..).map(|(query, name)| {
        json!({
            "refId": name.to_string(), "datasource": source(), "expr": query.promql,
            "legendFormat": query.legend, "instant": instant, "range": !instant,
            "format": if table { "table" } else { "time_series" },
        })
    });
    let about = match panel.needs {
        Some(needs) => format!("{} Empty without {needs}.", panel.about),
        None => panel.about.to_owned(),
    };
    let mut json = json!({
        "title": panel.title, "description": about, "datasource": source(),
        "targets": targets.collect::<Vec<_>>(),
        "fieldConfig": {"defaults": {"unit": unit(panel.unit)}, "overrides": []},
    });
    match panel.view {
        View::Stat => {
            json["type"] = "stat".into();
            json["options"] = json!({"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"});
        }
        View::Lines | View::Stacked => {
            let stacked = panel.view == View::Stacked;
            json["type"] = "timeseries".into();
            json["options"] = json!({
                "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            });
            json["fieldConfig"]["defaults"]["min"] = 0.into();
            json["fieldConfig"]["defaults"]["custom"] = json!({
                "showPoints": "never", "fillOpacity": if stacked { 40 } else { 8 },
                "stacking": {"mode": if stacked { "normal" } else { "none" }},
            });
            if panel.queries.iter().any(|query| query.legend.contains("{{workload}}")) {
                json["fieldConfig"]["defaults"]["links"] = links("${__field.labels.workload}");
            }
        }
        View::Table => {
            json["type"] = "table".into();
            json["transformations"] = json!([{
                "id": "organize", "options": {"excludeByName": {"Time": true, "__name__": true, "job": true}},
            }]);
            json["fieldConfig"]["overrides"] = json!([{
                "matcher": {"id": "byName", "options": "workload"},
                "properties": [{"id": "links", "value": links("${__value.text}")}],
            }]);
        }
    }
    json
}

/// To the dashboard of one workload.
fn links(workload: &str) -> Value {
    let url = format!(
        "/d/wasmscope-workload?var-workload={workload}&${{datasource:queryparam}}&${{__url_time_range}}"
    );
    json!([{"title": "This workload", "url": url}])
}
