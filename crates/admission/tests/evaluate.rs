//! Each key of a policy: what it refuses, and what it lets pass.

mod common;

use common::{TODAY, judge, read, subjects};
use wasmscope_admission::ViolationKind as Kind;
use wasmscope_admission::{Date, MOST_PER_KIND, Policy, evaluate};
use wasmscope_analyze::Capability;
use wasmscope_findings::{Findings, rule};
use wasmscope_model::{Finding, FindingFunction};

const WASI: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
    (import "env" "log" (func $log))
    (memory (export "memory") 1 2)
    (func $main (call $log) (drop (call $random (i32.const 0) (i32.const 8))))
    (func (export "_start") (call $main)))"#;

#[test]
fn capabilities_are_judged_by_imports_or_by_what_can_be_reached() {
    let all = judge("capabilities = []", WASI);
    let expected = ["listen", "random", "custom-host-function"].map(|c| (Kind::Capability, c));
    assert_eq!(subjects(&all), expected);
    assert_eq!(all[0].path, None);
    assert!(all[0].remedy.starts_with("nothing leads to it"));
    let steps: Vec<_> =
        all[1].path.as_ref().unwrap().steps.iter().filter_map(|s| s.name.as_deref()).collect();
    assert_eq!(steps, ["_start", "main", "wasi_snapshot_preview1.random_get"]);
    assert_eq!((all[1].doubt.as_ref(), all[1].module.as_deref()), (None, Some("module")));
    assert_eq!(all[1].message, "it has random through wasi_snapshot_preview1#random_get");

    assert_eq!(judge(r#"capabilities = ["random", "custom-host-function", "listen"]"#, WASI), []);
    let reachable = judge("judge = \"reachable\"\ncapabilities = [\"random\"]", WASI);
    assert_eq!(subjects(&reachable), [(Kind::Capability, "custom-host-function")]);
}

#[test]
fn what_cannot_be_told_counts_as_reachable_and_says_so() {
    let indirect = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (table 1 funcref) (elem (i32.const 0) $exit) (type $t (func (param i32)))
        (func (export "run") (call_indirect (type $t) (i32.const 1) (i32.const 0))))"#;
    let violations = judge("judge = \"reachable\"\ncapabilities = []", indirect);
    assert!(
        !violations.is_empty()
            && violations.iter().all(|v| v.doubt.as_deref().unwrap().contains("not certain"))
    );

    let component = r#"(component (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64))))))"#;
    // Nothing in the component calls it; without links between modules nobody knows.
    assert_eq!(judge("judge = \"reachable\"\ncapabilities = []", component), []);
    let (mut facts, findings) = read(component);
    facts.linked = None;
    let policy = Policy::parse("version = 1\n[default]\njudge = \"reachable\"\ncapabilities = []\n").unwrap();
    let violations = evaluate(&policy, "a", &facts, &findings, TODAY);
    assert_eq!(subjects(&violations), [(Kind::Capability, "random")]);
    assert!(violations[0].doubt.is_some() && violations[0].message.contains("wasi:random/random@0.2.0"));
}

#[test]
fn a_file_that_is_not_valid_is_refused_unless_the_policy_accepts_it() {
    let invalid = r#"(module (func (result i32)))"#;
    let violations = judge("", invalid);
    assert_eq!(violations[0].kind, Kind::Invalid);
    assert!(violations[0].offset.is_some());
    assert_eq!(judge("invalid = \"accept\"", invalid), []);
    assert_eq!(judge("invalid = \"deny\"", invalid)[0].policy.line, 3);

    let mut facts = read("(module)").0;
    facts.validation.valid = false;
    let policy = Policy::parse("version = 1\n[default]").unwrap();
    let violations = evaluate(&policy, "a", &facts, &Findings::default(), TODAY);
    assert_eq!(violations[0].kind, Kind::Invalid);
}

#[test]
fn the_bytes_of_an_invalid_file_prove_nothing_unreachable() {
    let dead =
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (func (result i32)))"#;
    let violations = judge("invalid = \"accept\"\njudge = \"reachable\"\ncapabilities = []", dead);
    assert!(!violations.is_empty());
}

#[test]
fn hashes_are_compared_with_the_whole_list() {
    let hash = read("(module)").0.sha256;
    assert_eq!(judge(&format!("sha256 = \"{hash}\""), "(module)"), []);
    let other = "0".repeat(64);
    assert_eq!(judge(&format!("sha256 = [\"{other}\", \"{hash}\"]"), "(module)"), []);
    let violations = judge(&format!("sha256 = \"{other}\""), "(module)");
    assert_eq!(subjects(&violations), [(Kind::Hash, hash.to_string().as_str())]);
}

#[test]
fn imports_and_exports_have_to_be_on_the_list() {
    assert_eq!(judge("imports = [\"env#log\", \"wasi_*\"]\nexports = [\"_start\", \"mem*\"]", WASI), []);
    let violations = judge("imports = [\"env#l\", \"wasi_snapshot_preview1#*_get\"]\nexports = []", WASI);
    let expected = [
        (Kind::Import, "wasi_snapshot_preview1#sock_accept"),
        (Kind::Import, "env#log"),
        (Kind::Export, "memory"),
        (Kind::Export, "_start"),
    ];
    assert_eq!(subjects(&violations), expected);

    let component = r#"(component
        (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
        (import "log" (func $log)) (export "run" (func $log)))"#;
    let all = "imports = [\"wasi:random/*@0.2.*#get-random-u64\", \"log\"]\nexports = [\"run\"]";
    assert_eq!(judge(all, component), []);
    let violations =
        judge("imports = [\"wasi:random/*#get-random-bytes\", \"log#x\"]\nexports = [\"go\"]", component);
    let expected = [
        (Kind::Import, "wasi:random/random@0.2.0#get-random-u64"),
        (Kind::Import, "log"),
        (Kind::Export, "run"),
    ];
    assert_eq!(subjects(&violations), expected);
}

#[test]
fn proposals_languages_and_toolchains_have_to_be_on_the_list() {
    let simd = r#"(module (memory 1 1 shared) (func (drop (v128.const i32x4 0 0 0 0))))"#;
    assert_eq!(judge("proposals = [\"simd\", \"threads\"]", simd), []);
    assert_eq!(subjects(&judge("proposals = [\"simd\"]", simd)), [(Kind::Proposal, "threads")]);
    assert_eq!(subjects(&judge("deny-proposals = [\"simd\"]", simd)), [(Kind::Proposal, "simd")]);

    let rust = r#"(module (@producers (language "Rust" "2024") (processed-by "rustc" "1.90")) (func))"#;
    assert_eq!(judge("languages = [\"Rust\"]", rust), []);
    assert_eq!(subjects(&judge("languages = [\"C\"]", rust)), [(Kind::Language, "Rust")]);
    assert_eq!(judge("toolchains = [\"rustc\"]", simd)[0].kind, Kind::Toolchain);
    assert_eq!(judge("languages = []", "(module)"), [], "nothing was compiled into it");
}

#[test]
fn every_limit_lets_its_own_value_pass_and_not_one_less() {
    let module = r#"(module (memory 2 5) (memory 1 1) (table 3 funcref) (table 4 9 funcref)
        (func (local i32 i32 i32)) (func (export "f")) (data "abcdef"))"#;
    let size = read(module).0.size;
    let limits = [
        ("file-size", size),
        ("modules", 1),
        ("memory-minimum", 3 << 16),
        ("memory-maximum", 6 << 16),
        ("table-elements", 7),
        ("functions", 2),
        ("function-size", 4),
        ("locals", 3),
        ("data", 6),
    ];
    for (key, value) in limits {
        assert_eq!(judge(&format!("limits = {{ {key} = {value} }}"), module), [], "{key}");
        let violations = judge(&format!("limits = {{ {key} = {} }}", value - 1), module);
        assert_eq!(subjects(&violations), [(Kind::Limit, key)]);
    }
    let unlimited = judge("limits = { memory-maximum = \"1TiB\" }", "(module (memory 1))");
    assert_eq!(unlimited[0].message, "a memory sets no maximum, 1 TiB are allowed");
    let large = judge("limits = { locals = 1 }", "(module (func $f (local i32 i32)))");
    assert_eq!(large[0].function, Some(FindingFunction { index: 0, name: Some("f".into()) }));
}

#[test]
fn the_memory_of_a_component_counts_once_although_its_modules_share_it() {
    let component = r#"(component
        (core module $a (memory (export "m") 2 4))
        (core module $b (import "a" "m" (memory 1)) (func))
        (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))"#;
    assert_eq!(
        judge(
            "require = [\"memory-maximum\"]\nlimits = { memory-minimum = 131072, memory-maximum = 262144 }",
            component
        ),
        []
    );
    assert_eq!(judge("limits = { memory-minimum = 131071 }", component).len(), 1);
}

#[test]
fn what_is_required_has_to_be_there_and_what_is_forbidden_must_not() {
    let bare = "(module binary \"\\00asm\\01\\00\\00\\00\\05\\05\\01\\04\\01\\00\\00\" \"\")";
    // A memory with 64-bit addresses and without a maximum: flags 4, minimum 0.
    let bare = bare.replace("\\05\\05\\01\\04\\01\\00\\00", "\\05\\03\\01\\04\\00");
    for word in ["memory-maximum", "signature", "producers", "dependencies"] {
        let violations = judge(&format!("require = [\"{word}\"]"), &bare);
        assert_eq!(subjects(&violations), [(Kind::Required, word)]);
    }
    let rich = r#"(module (@producers (language "C" "")) (@custom "sourceMappingURL" "\01x") (memory 0 1 shared) (func $f) (start $f))"#;
    assert_eq!(judge("require = [\"memory-maximum\", \"producers\", \"names\"]", rich), []);
    for word in ["shared-memory", "start-function", "debug-info", "names"] {
        assert_eq!(subjects(&judge(&format!("forbid = [\"{word}\"]"), rich)), [(Kind::Forbidden, word)]);
        assert_eq!(judge(&format!("forbid = [\"{word}\"]"), &bare), []);
    }
    assert_eq!(subjects(&judge("forbid = [\"memory64\"]", &bare)), [(Kind::Forbidden, "memory64")]);
    assert_eq!(judge("require = [\"names\"]", "(module (func (export \"f\")))").len(), 1);
}

/// One finding of `stack-protector-missing`, as if it were found.
fn finding() -> Finding {
    let rule = rule("stack-protector-missing").unwrap();
    Finding {
        rule: rule.id.into(),
        severity: rule.severity,
        confidence: rule.confidence,
        message: "a stack".into(),
        module: Some("module".into()),
        offset: Some(12),
        function: None,
    }
}

fn with_findings(keys: &str, findings: Findings, today: Date) -> Vec<String> {
    let policy = Policy::parse(&format!("version = 1\n[default.findings]\n{keys}")).unwrap();
    let violations = evaluate(&policy, "a", &read("(module)").0, &findings, today);
    assert!(violations.iter().all(|v| v.kind == Kind::Finding && v.policy.line == 3));
    violations.into_iter().map(|violation| violation.remedy).collect()
}

#[test]
fn findings_fail_from_their_severity_and_confidence_on_unless_excepted() {
    let one = || Findings { list: vec![finding()], omitted: vec![] };
    let fails = |keys: &str| !with_findings(keys, one(), TODAY).is_empty();
    assert!(fails("fail-on = \"low\"") && fails("fail-on = \"info\"") && !fails("fail-on = \"medium\""));
    assert!(
        fails("fail-on = \"low\"\nminimum-confidence = 70")
            && !fails("fail-on = \"low\"\nminimum-confidence = 71")
    );
    let allow = |rule: &str| format!("fail-on = \"low\"\nallow = [{{ rule = \"{rule}\", reason = \"r\" }}]");
    assert!(!fails(&allow("stack-protector-missing")) && fails(&allow("shared-memory-exported")));
    let until = "fail-on = \"low\"\nallow = [{ rule = \"stack-protector-missing\", reason = \"r\", until = \"2026-12-31\" }]";
    assert!(with_findings(until, one(), Date::constant(2026, 12, 31)).is_empty());
    let ended = with_findings(until, one(), Date::constant(2027, 1, 1));
    assert!(ended[0].starts_with("the exception for it ended with 2026-12-31"), "{ended:?}");
}

#[test]
fn findings_that_are_not_listed_count_as_bad_as_their_rule() {
    let hidden = || Findings { list: vec![], omitted: vec![("stack-protector-missing", 3)] };
    assert_eq!(with_findings("fail-on = \"low\"", hidden(), TODAY).len(), 1);
    assert_eq!(with_findings("fail-on = \"medium\"", hidden(), TODAY).len(), 0);
}

#[test]
fn nothing_passes_because_it_could_not_be_read() {
    let (mut facts, findings) = read(r#"(module (import "env" "a" (func)) (memory 1 1))"#);
    let judge = |facts: &_, keys: &str| {
        let policy = Policy::parse(&format!("version = 1\n[default]\n{keys}")).unwrap();
        evaluate(&policy, "a", facts, &findings, TODAY)
    };
    facts.modules[0].import_count = 5;
    assert_eq!(subjects(&judge(&facts, "imports = [\"*\"]")), [(Kind::NotRead, "imports")]);
    facts.modules[0].export_count = 5;
    assert_eq!(subjects(&judge(&facts, "exports = [\"*\"]")), [(Kind::NotRead, "exports")]);
    facts.modules[0].functions.undecoded = 1;
    assert_eq!(subjects(&judge(&facts, "deny-proposals = [\"simd\"]")), [(Kind::NotRead, "deny-proposals")]);
    assert_eq!(
        subjects(&judge(&facts, "findings = { fail-on = \"critical\" }")),
        [(Kind::NotRead, "fail-on")]
    );
    facts.module_count = 2;
    for (key, value) in
        [("forbid", "[\"memory64\"]"), ("require", "[]"), ("languages", "[]"), ("proposals", "[]")]
    {
        assert_eq!(subjects(&judge(&facts, &format!("{key} = {value}"))), [(Kind::NotRead, key)]);
    }
    assert_eq!(subjects(&judge(&facts, "limits = { data = 9 }")), [(Kind::NotRead, "data")]);
    facts.modules[0].reachability.analysed = false;
    let doubt = judge(&facts, "judge = \"reachable\"\ncapabilities = []");
    assert!(doubt[0].doubt.as_deref().unwrap().contains("no call graph"), "{doubt:?}");
}

#[test]
fn of_many_violations_of_a_kind_the_last_says_how_many_there_are() {
    let imports: String = (0..500).map(|n| format!(r#"(import "env" "f{n}" (func))"#)).collect();
    let violations =
        judge("imports = []\nexports = []", format!("(module {imports} (memory (export \"m\") 1))"));
    assert_eq!(violations.len(), MOST_PER_KIND + 2);
    assert_eq!(violations[MOST_PER_KIND].message, format!("{} more of this kind", 500 - MOST_PER_KIND));
    let json = serde_json::to_value(&violations[0]).unwrap();
    assert_eq!(json["kind"], "import");
    assert_eq!(json["policy"]["line"], 3);
}

#[test]
fn every_capability_can_be_named_in_a_policy() {
    let all: Vec<_> = Capability::ALL.iter().map(|c| format!("{:?}", c.as_str())).collect();
    assert_eq!(judge(&format!("capabilities = [{}]", all.join(", ")), WASI), []);
}
