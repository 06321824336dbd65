//! SARIF 2.1.0.

use crate::{
    samples::{self, NAMES, Sample, parse, report},
    schemas::{accept, refuse, sarif},
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wasmscope_admission::ViolationKind;
use wasmscope_findings::RULES;
use wasmscope_formats::{Report, SarifWriter};

fn written(files: &[Sample]) -> Vec<u8> {
    let mut out = Vec::new();
    report(SarifWriter::new(&mut out, None).unwrap(), files);
    out
}

fn run(document: &Value) -> &Value {
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    &document["runs"][0]
}

#[test]
fn every_sample_follows_the_schema_and_is_written_the_same_again() {
    let files = samples::all();
    let out = written(&files);
    assert_eq!(out, written(&files));
    let document = parse(&out);
    accept(&sarif(), &document, "all samples");
    let run = run(&document);
    let violations = |file: &Sample| file.violations.as_ref().map_or(0, Vec::len);
    let found: usize = files.iter().map(|file| file.findings.list.len() + violations(file)).sum();
    assert_eq!(run["results"].as_array().unwrap().len(), found);
    assert_eq!(run["artifacts"].as_array().unwrap().len(), files.len());
    for result in run["results"].as_array().unwrap() {
        consistent(run, result);
    }
}

#[test]
fn a_violation_of_a_policy_is_an_error_with_its_clause_and_its_place() {
    let module = "(module (import \"wasi_snapshot_preview1\" \"path_open\"
          (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (func (export \"<go>\") (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))))";
    let policy = "version = 1\n[default]\ncapabilities = []\nexports = [\"memory\"]\n";
    let sample = Sample::wat("app.wasm", module).judged(policy);
    let violations = sample.violations.clone().unwrap();
    let found = sample.findings.list.len();
    let document = parse(&written(&[sample]));
    accept(&sarif(), &document, "violations");
    let run = run(&document);
    let results = &run["results"].as_array().unwrap()[found..];
    let ids: Vec<_> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), violations.len());
    assert!(ids.contains(&"policy-capability") && ids.contains(&"policy-export"), "{ids:?}");
    for (result, violation) in results.iter().zip(&violations) {
        consistent(run, result);
        assert_eq!(result["level"], "error");
        let text = result["message"]["text"].as_str().unwrap();
        assert!(text.contains(&format!("(entry default, line {})", violation.policy.line)), "{text}");
        assert!(result.get("ruleIndex").is_some(), "{result}");
    }
}

/// What the schema does not say: references lead somewhere, and code scanning gets what it asks for.
fn consistent(run: &Value, result: &Value) {
    let place = &result["locations"][0]["physicalLocation"];
    let index = place["artifactLocation"]["index"].as_u64().unwrap() as usize;
    let artifact = &run["artifacts"][index];
    assert_eq!(artifact["location"], place["artifactLocation"]);
    assert!(place["region"]["byteOffset"].is_u64(), "{result}");
    assert!(place["region"].get("startLine").is_none(), "a binary file has no lines (3.30.1)");
    assert_eq!(artifact["hashes"]["sha-256"].as_str().unwrap().len(), 64);
    match result.get("ruleIndex") {
        Some(at) => {
            let rule = &run["tool"]["driver"]["rules"][at.as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        None => assert!(RULES.iter().all(|rule| rule.id != result["ruleId"])),
    }
    let prints = &result["partialFingerprints"];
    assert_eq!(prints["primaryLocationLineHash"], prints["wasmscopeFinding/v1"]);
}

#[test]
fn the_schema_refuses_broken_documents() {
    let document = parse(&written(&[samples::every_finding()]));
    let schema = sarif();
    accept(&schema, &document, "as it is");
    for (pointer, value) in [
        ("/version", json!("2.2.0")),
        ("/runs/0/tool/driver/name", json!(null)),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/rank", json!(101)),
        ("/runs/0/results/0/locations/0/physicalLocation/region/byteOffset", json!("0")),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/artifacts/0/roles/0", json!("victim")),
        ("/runs/0/invocations/0/executionSuccessful", json!("yes")),
        ("/runs/0/tool/driver/rules/0/relationships/0/target", json!({ "unknown": 1 })),
    ] {
        refuse(&schema, &document, pointer, value);
    }
}

#[test]
fn rules_say_what_code_scanning_reads() {
    let document = parse(&written(&[]));
    accept(&sarif(), &document, "no file");
    let run = run(&document);
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let (rules, policy) = rules.split_at(RULES.len());
    let ids: Vec<_> = policy.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ViolationKind::ALL.map(|kind| format!("policy-{}", kind.as_str())));
    for (rule, told) in RULES.iter().zip(rules) {
        assert_eq!(told["id"], rule.id);
        let tags: BTreeSet<_> =
            told["properties"]["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        assert!(tags.contains("security"));
        let help = told["help"]["markdown"].as_str().unwrap();
        assert!(help.contains("## What to do") && help.contains("## When it is wrong"));
        let relations = told["relationships"].as_array().unwrap();
        assert_eq!(relations.len(), rule.cwe.len() + rule.attack.len(), "{}", rule.id);
        for relation in relations {
            let target = &relation["target"];
            let catalogue = &run["taxonomies"][target["toolComponent"]["index"].as_u64().unwrap() as usize];
            assert_eq!(catalogue["name"], target["toolComponent"]["name"]);
            assert_eq!(catalogue["taxa"][target["index"].as_u64().unwrap() as usize]["id"], target["id"]);
            assert!(tags.contains(target["id"].as_str().unwrap()), "{}", rule.id);
        }
        if let Some(score) = told["properties"].get("security-severity") {
            let score: f64 = score.as_str().unwrap().parse().unwrap();
            assert!((0.1..=10.0).contains(&score));
        }
    }
}

#[test]
fn paths_are_encoded_and_come_back() {
    let files = samples::hostile();
    let document = parse(&written(&files));
    for (file, artifact) in files.iter().zip(run(&document)["artifacts"].as_array().unwrap()) {
        let uri = artifact["location"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', '\\', '#', '?']), "{uri}");
        let relative = !file.path.starts_with('/');
        assert_eq!(artifact["location"].get("uriBaseId").is_some(), relative);
        let back = percent_decode_str(uri.strip_prefix("file://").unwrap_or(uri)).decode_utf8().unwrap();
        let same = file.path.replace("//", "/");
        assert_eq!(back, same.strip_prefix("./").unwrap_or(&same));
    }
}

#[test]
fn names_cannot_become_links_or_placeholders() {
    let document = parse(&written(&[samples::every_finding()]));
    let results = run(&document)["results"].as_array().unwrap();
    let text = results[0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("\\[click\\](https://example.org/) {{0}}"), "{text}");
    assert_eq!(results[1]["locations"][0]["logicalLocations"][0]["name"], NAMES[1]);
}

#[test]
fn files_that_fail_and_what_is_left_out_are_told() {
    let (mut out, cut) = (Vec::new(), samples::every_finding());
    let mut writer = SarifWriter::new(&mut out, Some("/srv")).unwrap();
    writer.failed("/srv/broken.wasm", "at byte 8: {0} [x](y)\n").unwrap();
    writer.scanned(&cut.scanned()).unwrap();
    writer.failed("gone.wasm", "No such file or directory").unwrap();
    writer.finish().unwrap();
    let document = parse(&out);
    accept(&sarif(), &document, "errors");
    let run = run(&document);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told: Vec<_> = invocation["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| {
            let at = told["descriptor"]["index"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["notifications"][at]["id"], told["descriptor"]["id"]);
            let place = &told["locations"][0]["physicalLocation"]["artifactLocation"];
            (told["level"].as_str().unwrap(), place["uri"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("error", "broken.wasm"), ("warning", "every-finding.wasm"), ("error", "gone.wasm")]);
    let result = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!((&result["index"], &result["uri"]), (&json!(1), &json!("every-finding.wasm")));
}

/// A module that grows at its front moves every offset.
#[test]
fn fingerprints_survive_a_rebuild_that_moves_things() {
    let module = |pad: usize| {
        Sample::wat(
            "app.wasm",
            &format!(
                r#"(module (@custom "pad" (before first) "{}") (memory (export "m") 1 2 shared))"#,
                "x".repeat(pad)
            ),
        )
    };
    let results = |file: Sample| {
        let document = parse(&written(&[file]));
        let results = run(&document)["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| (result["ruleId"].clone(), result["partialFingerprints"].clone()))
            .collect::<Vec<_>>()
    };
    let (before, after) = (results(module(1)), results(module(300)));
    assert!(before.iter().any(|(rule, _)| rule == "shared-memory-exported"));
    assert_eq!(before, after);
    let distinct: BTreeSet<_> = before.iter().map(|(_, print)| print.to_string()).collect();
    assert_eq!(distinct.len(), before.len());
}
