//! What differs between two versions, and what does not.

mod common;

use common::read;
use wasmscope_admission::{Change, Difference, Worse, difference};
use wasmscope_analyze::{Capabilities, Capability};
use wasmscope_findings::Findings;
use wasmscope_model::{Confidence, Finding, FindingFunction, Severity};

fn between(old: &str, new: &str) -> Difference {
    let (old, new) = (read(old), read(new));
    difference((&old.0, &old.1), (&new.0, &new.1))
}

fn change(what: &str, old: Option<&str>, new: Option<&str>) -> Change {
    Change { what: what.into(), old: old.map(Into::into), new: new.map(Into::into) }
}

const YIELD: &str =
    r#"(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))"#;
const CALL: &str = "(drop (call $random (i32.const 0) (i32.const 8)))";

#[test]
fn the_same_facts_are_no_difference_even_if_the_bytes_moved() {
    let module = format!("(module {YIELD} (func $a (export \"a\") {CALL}) (func $b))");
    assert!(between(&module, &module).is_empty());
    let padded = between("(module (func $a nop))", "(module (@custom \"x\" \"\") (func $a nop))");
    let code = &padded.modules[0].code;
    assert_eq!(code.as_slice(), [change("custom section x", None, Some("there"))]);
    assert!(padded.worse(Severity::Info).is_empty());
}

#[test]
fn imported_and_reachable_capabilities_are_told_apart() {
    let none = "(module (func (export \"a\")))".to_owned();
    let dead = format!("(module {YIELD} (func (export \"a\")))");
    let used = format!("(module {YIELD} (func $main {CALL}) (func (export \"a\") (call $main)))");
    let other = format!("(module {YIELD} (func $other {CALL}) (func (export \"a\") (call $other)))");
    let random = Capability::Random;

    let gained = between(&none, &dead);
    assert!(!gained.capabilities.gained[0].reachable && gained.capabilities.gained[0].path.is_empty());
    assert_eq!(gained.worse(Severity::Critical), [Worse::CapabilityGained { capability: random }]);

    let gained = between(&none, &used).capabilities.gained;
    assert_eq!((gained[0].capability, gained[0].reachable), (random, true));
    assert_eq!(gained[0].path, ["export a", "main", "wasi_snapshot_preview1.random_get"]);

    let reached = between(&dead, &used);
    assert_eq!((reached.capabilities.gained.len(), reached.capabilities.now_reachable.len()), (0, 1));
    assert_eq!(reached.worse(Severity::Critical), [Worse::CapabilityNowReachable { capability: random }]);

    let unreached = between(&used, &dead);
    assert_eq!(unreached.capabilities.no_longer_reachable, Capabilities::of(&[random]));
    assert_eq!(between(&used, &none).capabilities.lost, Capabilities::of(&[random]));
    assert!(unreached.worse(Severity::Info).is_empty() && !unreached.is_empty());

    let moved = between(&used, &other);
    assert_eq!(moved.capabilities.paths.len(), 1);
    assert_eq!(moved.capabilities.paths[0].path.new[1], "other");
    assert!(moved.worse(Severity::Info).is_empty());
}

#[test]
fn functions_without_names_do_not_differ_by_their_indices() {
    let at = |before: &str| format!("(module {YIELD} {before} (func (export \"a\") (call 2)) (func {CALL}))");
    let old = format!("(module {YIELD} (func (export \"a\") (call 2)) (func {CALL}))");
    let new = at("(func nop)").replace("(call 2)", "(call 3)");
    assert_eq!(between(&old, &new).capabilities.paths, []);
}

#[test]
fn imports_exports_storage_and_numbers_are_compared_by_name() {
    let difference = between(
        r#"(module (import "env" "a" (func)) (import "env" "b" (func)) (memory (export "m") 1) (func (export "f")))"#,
        r#"(module (import "env" "b" (func (param i32))) (memory (export "m") 1 4 shared) (func (export "g")) (func))"#,
    );
    let imports =
        [change("env#a", Some("() -> ()"), None), change("env#b", Some("() -> ()"), Some("(i32) -> ()"))];
    assert_eq!(difference.imports, imports);
    let exports =
        [change("f", Some("function () -> ()"), None), change("g", None, Some("function () -> ()"))];
    assert_eq!(difference.exports, exports);
    let module = &difference.modules[0];
    let (old, new) = ("65536 B to no limit, exported as m", "65536 B to 262144 B, shared, exported as m");
    assert_eq!(module.storage, [change("memory 0", Some(old), Some(new))]);
    assert!(module.code.contains(&change("functions", Some("1"), Some("2"))));
    assert!(module.code.contains(&change("proposal threads", None, Some("used"))));
}

#[test]
fn interfaces_are_compared_without_and_with_their_versions() {
    let of = |interface: &str| {
        format!(
            "(component (import \"{interface}\" (instance (export \"get-random-u64\" (func (result u64))))))"
        )
    };
    let difference = between(&of("wasi:random/random@0.2.0"), &of("wasi:random/random@0.2.3"));
    assert_eq!(difference.interfaces, [change("wasi:random/random", Some("0.2.0"), Some("0.2.3"))]);
    assert_eq!(difference.imports, []);
    assert!(difference.capabilities.is_empty() && difference.worse(Severity::Info).is_empty());
}

#[test]
fn modules_of_a_component_are_matched_by_hash_then_name_then_path() {
    let old = r#"(component (core module (;0;) (func $same)) (core module $m (@name "main") (func)) (core module (memory 1)))"#;
    let new = r#"(component (core module $m (@name "main") (func) (func)) (core module (;0;) (func $same)) (core module (memory 2)))"#;
    let modules = between(old, new).modules;
    let paths: Vec<_> =
        modules.iter().map(|m| (m.old.as_deref().unwrap(), m.new.as_deref().unwrap())).collect();
    let path = ["component/module[0]", "component/module[1]", "component/module[2]"];
    assert_eq!(paths, [(path[1], path[0]), (path[2], path[2])]);
    assert_eq!(modules[0].name.as_deref(), Some("main"));

    let grown = between(
        "(component (core module (func)))",
        "(component (core module (func)) (core module (memory 1)))",
    );
    assert_eq!((grown.modules[0].old.as_deref(), grown.modules[0].new.as_deref()), (None, Some(path[1])));
    assert_eq!(grown.file.iter().filter(|change| change.what == "core modules").count(), 1);
}

fn finding(rule: &str, severity: Severity, function: (u32, Option<&str>)) -> Finding {
    Finding {
        rule: rule.into(),
        severity,
        confidence: Confidence::percent(50),
        message: String::new(),
        module: Some("module".into()),
        offset: Some(u64::from(function.0) * 10),
        function: Some(FindingFunction { index: function.0, name: function.1.map(Into::into) }),
    }
}

#[test]
fn findings_are_matched_by_rule_severity_module_and_function_name() {
    let facts = read("(module (func))").0;
    let compare = |old: Vec<Finding>, new: Vec<Finding>| {
        let findings = |list| Findings { list, omitted: vec![] };
        difference((&facts, &findings(old)), (&facts, &findings(new)))
    };
    let (low, high) = (Severity::Low, Severity::High);
    let moved = compare(vec![finding("a", low, (1, Some("f")))], vec![finding("a", low, (9, Some("f")))]);
    assert!(moved.is_empty());
    // Rust's names end with a hash that every build changes.
    let rebuilt = |hash: char| {
        let name = format!("_ZN3app4read17h{}E", hash.to_string().repeat(16));
        vec![finding("a", low, (1, Some(&name)))]
    };
    assert!(compare(rebuilt('a'), rebuilt('b')).is_empty());
    let unnamed = compare(
        vec![finding("a", low, (1, None))],
        vec![finding("a", low, (9, None)), finding("a", low, (10, None))],
    );
    assert_eq!((unnamed.findings.gained.len(), unnamed.findings.lost.len()), (1, 0));
    let worse = compare(vec![finding("a", low, (1, Some("f")))], vec![finding("a", high, (1, Some("f")))]);
    assert_eq!(worse.worse(high), [Worse::FindingGained { rule: "a".into(), severity: high }]);
    assert_eq!(worse.worse(Severity::Critical), []);
    let gone = compare(vec![finding("a", high, (1, Some("f")))], vec![]);
    assert_eq!((gone.findings.lost.len(), gone.worse(Severity::Info).len()), (1, 0));
}

#[test]
fn more_findings_than_are_listed_are_not_lost() {
    let facts = read("(module)").0;
    let findings = |count| Findings { list: vec![], omitted: vec![("stack-protector-missing", count)] };
    let difference = difference((&facts, &findings(3)), (&facts, &findings(5)));
    assert_eq!(difference.findings.more_omitted.get("stack-protector-missing"), Some(&2));
    assert_eq!(difference.worse(Severity::Low).len(), 1);
    assert_eq!(difference.worse(Severity::Medium).len(), 0);
}

#[test]
fn a_lost_signature_lost_validity_and_gaps_are_worse() {
    let (mut old, findings) = read(r#"(module (func) (@custom "signature" "x"))"#);
    let (mut new, _) = read(r#"(module (func nop))"#);
    old.modules[0].signature = Some(wasmscope_analyze::facts::SignatureSection {
        version: 1,
        first: true,
        signatures: vec![wasmscope_analyze::facts::Signature {
            key_id: "ab".into(),
            algorithm: 1,
            hashes: 1,
        }],
    });
    new.validation.valid = false;
    new.modules[0].functions.undecoded = 2;
    let worse = difference((&old, &findings), (&new, &findings)).worse(Severity::Critical);
    let what = "the new file: 2 functions could not be decoded".to_owned();
    let signature = Worse::SignatureChanged { module: "module".into() };
    assert_eq!(worse, [signature, Worse::NoLongerValid, Worse::Incomplete { what }]);
    assert_eq!(serde_json::to_value(&worse[1]).unwrap()["reason"], "no-longer-valid");
}

#[test]
fn dependencies_and_producers_are_compared_with_their_versions() {
    let producers =
        |version: &str| format!("(module (@producers (processed-by \"rustc\" \"{version}\")) (func))");
    let (mut old, findings) = read(producers("1.90"));
    let (mut new, _) = read(producers("1.91"));
    let dependency = |name: &str, version: &str| wasmscope_analyze::facts::Dependency {
        name: name.into(),
        version: version.into(),
        source: "crates.io".into(),
        kind: wasmscope_analyze::facts::DependencyKind::Runtime,
        root: false,
        dependencies: vec![],
    };
    old.modules[0].dependencies = Some(vec![dependency("a", "1.0.0"), dependency("b", "2.0.0")]);
    new.modules[0].dependencies = Some(vec![dependency("b", "2.1.0"), dependency("c", "0.1.0")]);
    let module = &difference((&old, &findings), (&new, &findings)).modules[0];
    let expected = [
        change("a", Some("1.0.0 (crates.io)"), None),
        change("b", Some("2.0.0 (crates.io)"), Some("2.1.0 (crates.io)")),
        change("c", None, Some("0.1.0 (crates.io)")),
    ];
    assert_eq!(module.dependencies, expected);
    assert!(module.origin.contains(&change(
        "processed-by rustc",
        Some("version 1.90"),
        Some("version 1.91")
    )));
}
