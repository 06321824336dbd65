//! CycloneDX 1.6.

use crate::{
    samples::{self, CRATES, Sample, parse, report},
    schemas::{accept, cyclonedx, refuse},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wasmscope_formats::{CycloneDxWriter, Report};

fn written(files: &[Sample]) -> Vec<u8> {
    let mut out = Vec::new();
    report(CycloneDxWriter::new(&mut out).unwrap(), files);
    out
}

/// The components of a document at every depth.
fn components(document: &Value) -> Vec<&Value> {
    let mut all = Vec::new();
    let mut next: Vec<_> = document["components"].as_array().unwrap().iter().collect();
    while let Some(component) = next.pop() {
        all.push(component);
        next.extend(component["components"].as_array().into_iter().flatten());
    }
    all
}

/// The values of a property, in their order.
fn properties<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let all = component["properties"].as_array().into_iter().flatten();
    all.filter(|property| property["name"] == name)
        .map(|property| property["value"].as_str().unwrap())
        .collect()
}

#[test]
fn every_sample_follows_the_schema_and_is_written_the_same_again() {
    let files = samples::all();
    let out = written(&files);
    assert_eq!(out, written(&files));
    let document = parse(&out);
    accept(&cyclonedx(), &document, "all samples");
    assert_eq!(document["components"].as_array().unwrap().len(), files.len());
    let mut references = BTreeSet::new();
    for component in components(&document) {
        assert!(references.insert(component["bom-ref"].as_str().unwrap()), "{} twice", component["bom-ref"]);
    }
    for edge in document["dependencies"].as_array().unwrap() {
        assert!(references.contains(edge["ref"].as_str().unwrap()));
        for on in edge["dependsOn"].as_array().unwrap() {
            assert!(references.contains(on.as_str().unwrap()), "{on}");
        }
    }
}

#[test]
fn the_schema_refuses_broken_documents() {
    let document = parse(&written(&[samples::with_crates(CRATES)]));
    let schema = cyclonedx();
    accept(&schema, &document, "as it is");
    for (pointer, value) in [
        ("/bomFormat", json!("SPDX")),
        ("/serialNumber", json!("urn:uuid:1")),
        ("/metadata/lifecycles/0/phase", json!("after")),
        ("/metadata/tools/components/0", json!({ "name": "wasmscope" })),
        ("/components/0/type", json!("module")),
        ("/components/0/hashes/0/content", json!("12")),
        ("/components/0/components/0/scope", json!("build")),
        ("/components/0/evidence/occurrences/0", json!({})),
        ("/components/0/properties/0", json!({ "value": "x" })),
        ("/dependencies/0/dependsOn/0", json!("")),
        ("/dependencies/0/ref", json!(null)),
    ] {
        refuse(&schema, &document, pointer, value);
    }
}

#[test]
fn crates_of_a_module_are_its_libraries() {
    let document = parse(&written(&[samples::with_crates(CRATES)]));
    let file = &document["components"][0];
    assert_eq!((&file["type"], &file["name"]), (&json!("application"), &json!("with-crates.wasm")));
    assert!(properties(file, "wasmscope:producer").contains(&"language Rust 2024"));
    let told: Vec<_> = file["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["scope"].as_str().unwrap(), one["purl"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("cc", "excluded", Some("pkg:cargo/cc@1.2.0")),
            ("guest", "required", None),
            ("serde", "required", Some("pkg:cargo/serde@1.0.1")),
            ("a b/@?#%", "required", None),
        ]
    );
    let file = file["bom-ref"].as_str().unwrap();
    let name = |at: u32| format!("{file}/crate[{at}]");
    let graph = &document["dependencies"];
    assert_eq!(graph[0], json!({ "ref": file, "dependsOn": [name(1)] }));
    assert_eq!(graph[2], json!({ "ref": name(1), "dependsOn": [name(0), name(2), name(3)] }));
    assert_eq!(graph[3], json!({ "ref": name(2), "dependsOn": [] }));
}

#[test]
fn modules_in_a_component_are_parts_of_it() {
    let sample = samples::every_finding();
    let document = parse(&written(&[sample]));
    let file = &document["components"][0];
    assert_eq!(file["type"], "library", "it exports no command");
    assert_eq!(properties(file, "wasmscope:capability"), ["random"]);
    assert_eq!(properties(file, "wasmscope:import"), ["wasi:random/random@0.2.3"]);
    assert_eq!(properties(file, "wasmscope:finding").len(), 25);
    assert_eq!(properties(file, "wasmscope:findings-left-out").len(), 1);
    let parts: Vec<_> =
        file["components"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(parts, ["component/module[0]", "component/component[0]/module[0]"]);
    let first = &file["components"][0];
    assert_eq!(first["components"].as_array().unwrap().len(), 4, "its crates");
    assert!(first["evidence"]["occurrences"][0]["offset"].as_u64().unwrap() > 0);
    assert_ne!(first["hashes"], file["hashes"]);
}

#[test]
fn the_serial_number_is_that_of_the_content() {
    let serial = |files: &[Sample]| parse(&written(files))["serialNumber"].clone();
    let module = |path: &str| Sample::wat(path, "(module)");
    assert_eq!(serial(&[module("a.wasm")]), serial(&[module("a.wasm")]));
    assert_ne!(serial(&[module("a.wasm")]), serial(&[module("b.wasm")]));
    assert_ne!(serial(&[]), serial(&[module("a.wasm")]));
}

#[test]
fn the_same_bytes_twice_are_two_components() {
    let module = |path: &str| Sample::wat(path, "(module)");
    let document = parse(&written(&[module("a.wasm"), module("b/a.wasm"), module("b/a.wasm")]));
    accept(&cyclonedx(), &document, "thrice the same");
    let references: BTreeSet<_> =
        components(&document).iter().map(|one| one["bom-ref"].to_string()).collect();
    assert_eq!(references.len(), 3);
}

#[test]
fn nothing_and_failures_are_documents_too() {
    let mut out = Vec::new();
    let mut writer = CycloneDxWriter::new(&mut out).unwrap();
    writer.failed("a \"b\".wasm", "at byte 8:\n\u{1b}").unwrap();
    writer.finish().unwrap();
    let document = parse(&out);
    accept(&cyclonedx(), &document, "a failure");
    assert_eq!(properties(&document, "wasmscope:not-scanned"), ["a \"b\".wasm: at byte 8:\n\u{1b}"]);
    accept(&cyclonedx(), &parse(&written(&[])), "no file");
}
