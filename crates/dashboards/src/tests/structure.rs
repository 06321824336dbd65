//! The JSON as Grafana needs it: nothing twice, nothing on top of another, everything said.

use crate::{BOARDS, files};
use serde_json::Value;
use std::collections::BTreeSet;

fn written() -> Vec<(String, Value)> {
    let files = files("/srv/dashboards", "http://127.0.0.1:9090").into_iter();
    let json = files.filter(|file| file.path.ends_with(".json"));
    json.map(|file| (file.path, serde_json::from_str(&file.contents).unwrap())).collect()
}

#[test]
fn every_dashboard_is_written_under_an_id_of_its_own() {
    let written = written();
    let uids: BTreeSet<_> = written.iter().map(|(_, json)| json["uid"].as_str().unwrap()).collect();
    assert_eq!((written.len(), uids.len()), (BOARDS.len(), BOARDS.len()));
    // Grafana's own limit.
    assert!(uids.iter().all(|uid| uid.len() <= 40), "{uids:?}");
    assert!(uids.contains("wasmscope-workload"), "links lead there");
}

#[test]
fn panels_do_not_lie_on_each_other_and_say_what_they_show() {
    for (path, json) in written() {
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in json["panels"].as_array().unwrap() {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path}: {panel}");
            let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{path}: {panel}");
            for cell in
                (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
            {
                assert!(cells.insert(cell), "{path}: {panel} lies on another");
            }
            if panel["type"] != "row" {
                assert!(!panel["targets"].as_array().unwrap().is_empty(), "{path}: {panel}");
                assert!(panel["description"].as_str().unwrap().ends_with('.'), "{path}: {panel}");
            }
        }
    }
}

#[test]
fn variables_of_queries_can_be_chosen() {
    for board in BOARDS {
        for query in board.panels().flat_map(|panel| panel.queries) {
            for name in query.promql.split('$').skip(1) {
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                let name = &name[..end];
                let known = board.variables.iter().any(|variable| variable.name == name);
                assert!(known || name == "__rate_interval", "{}: ${name} in {}", board.title, query.promql);
            }
        }
    }
}

#[test]
fn a_folder_and_an_address_of_any_spelling_stay_one_value() {
    let hostile = "/srv/a \"b\"\n: {c}/'d'";
    let provisioning: Vec<_> =
        files(hostile, hostile).into_iter().filter(|file| file.path.contains("/provisioning/")).collect();
    assert_eq!(provisioning.len(), 2);
    for file in provisioning {
        let yaml: Value = serde_saphyr::from_str(&file.contents).unwrap();
        let value = match &yaml["providers"] {
            Value::Null => yaml["datasources"][0]["url"].clone(),
            providers => providers[0]["options"]["path"].clone(),
        };
        assert!(value.as_str().unwrap().starts_with(hostile), "{}", file.contents);
    }
}
