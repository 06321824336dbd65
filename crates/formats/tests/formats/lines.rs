//! JSON Lines and their schema.

use crate::samples::{self, Sample, parse, report};
use crate::schemas::{accept, refuse};
use jsonschema::Validator;
use serde_json::{Value, json};
use wasmscope_analyze::Facts;
use wasmscope_formats::{JsonLines, json_schema};

fn written(files: &[Sample]) -> Vec<Value> {
    let mut out = Vec::new();
    report(JsonLines::new(&mut out), files);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), files.len(), "one line each, whatever their names are");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn published() -> Value {
    parse(json_schema().as_bytes())
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().build(schema).unwrap()
}

/// The published schema with every object closed: a field that it does not name is refused.
fn closed() -> Value {
    fn close(schema: &mut Value) {
        let object = schema.as_object_mut().expect("a schema of an object");
        if object.get("type") == Some(&json!("object")) && !object.contains_key("additionalProperties") {
            object.insert("unevaluatedProperties".into(), json!(false));
        }
    }
    let mut schema = published();
    close(&mut schema);
    let definitions = schema["$defs"].as_object_mut().unwrap();
    definitions.values_mut().for_each(close);
    schema
}

#[test]
fn every_line_follows_the_schema_and_has_no_field_beside_it() {
    let (open, closed) = (validator(&published()), validator(&closed()));
    let files = samples::all();
    for (file, line) in files.iter().zip(written(&files)) {
        accept(&open, &line, &file.path);
        accept(&closed, &line, &file.path);
        assert_eq!(line["path"], file.path);
        let back: Facts = serde_json::from_value(line).unwrap();
        assert_eq!(back, file.facts);
    }
}

#[test]
fn a_changed_line_is_refused() {
    let (open, closed) = (validator(&published()), validator(&closed()));
    let line = written(&[samples::every_finding()]).remove(0);
    for (pointer, value) in [
        ("/sha256", json!("12")),
        ("/size", json!(-1)),
        ("/kind", json!("library")),
        ("/capabilities", json!(["fly"])),
        ("/modules/0/memories/0", json!({})),
        ("/modules/0/origin/languages", json!(null)),
        ("/findings/0/severity", json!("HIGH")),
        ("/findings/0/confidence", json!(101)),
        ("/findings_omitted", json!([["rule", 7]])),
    ] {
        refuse(&open, &line, pointer, value);
    }
    for key in ["path", "kind", "sha256", "modules", "findings"] {
        let mut renamed = line.clone();
        let value = renamed.as_object_mut().unwrap().remove(key).unwrap();
        renamed[format!("{key}_")] = value;
        assert!(!open.is_valid(&renamed), "{key}");
    }
    let mut more = line.clone();
    more["modules"][0]["debug"]["new"] = json!(1);
    assert!(open.is_valid(&more), "a later version may say more");
    assert!(!closed.is_valid(&more));
}

#[test]
fn the_schema_is_the_same_each_time_and_explains_every_field() {
    assert_eq!(json_schema(), json_schema());
    let schema = published();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (field, told) in definition["properties"].as_object().into_iter().flatten() {
            assert!(told.get("description").is_some() || told.get("const").is_some(), "{name}.{field}");
        }
    }
}
