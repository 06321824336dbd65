//! The policy file: what is read, and what is wrong with what is not.

mod common;

use common::{TODAY, read};
use wasmscope_admission::{Policy, PolicyError, ViolationKind, evaluate};

fn error(text: &str) -> PolicyError {
    Policy::parse(text).expect_err(text)
}

#[test]
fn errors_say_where_what_and_what_would_be_right() {
    let cases = [
        ("", 1, 1, "the version is missing: begin with `version = 1`"),
        ("# x\nversion = 2\nnew = 1", 2, 11, "version 2 is not known: this program reads version 1"),
        ("version = 1\n[default]\ncapabilites = []", 3, 1, "did you mean `capabilities`?"),
        (
            "version = 1\n[default]\ncapabilities = [\"stdio\", \"conect\"]",
            3,
            26,
            "did you mean \"connect\"? Known are read-files",
        ),
        ("version = 1\n[default.limits]\nmemory-maximum = \"64MB\"", 3, 18, "B, KiB, MiB, GiB or TiB"),
        ("version = 1\n[default.limits]\nfunctions = -1", 3, 13, "-1"),
        ("version = 1\n[default.findings]\nfail-on = \"hihg\"", 3, 11, "did you mean \"high\"?"),
        ("version = 1\n[default]\ndeny-proposals = [\"thread\"]", 3, 19, "did you mean \"threads\"?"),
        ("version = 1\n[default]\nsha256 = \"abc\"", 3, 10, "64 hexadecimal digits"),
        ("version = 1\n[default]\nimports = [\"a[\"]", 3, 12, "is no pattern"),
        ("version = 1\n[default]\nmatch = \"a\"", 3, 9, "the default has no `match`"),
        ("version = 1\n\n[[module]]\ncapabilities = []", 3, 1, "needs a `match`"),
        (
            "version = 1\n[default]\ncalls = [{ name = \"a\", verdict = \"dney\" }]",
            3,
            34,
            "did you mean \"deny\"?",
        ),
        ("version = 1\n[[default.calls]]\nname = \"a\"\nverdict = \"limit\"", 2, 1, "a limit needs a bound"),
        (
            "version = 1\n[default]\ncalls = [{ name = \"a\", verdict = \"deny\", calls = 1 }]",
            3,
            50,
            "only `verdict",
        ),
        (
            "version = 1\n[default]\ncalls = [{ name = \"a\", verdict = \"deny\", class = \"file\" }]",
            3,
            50,
            "did you mean \"files\"?",
        ),
        (
            "version = 1\n[default]\ncalls = [{ name = \"a\", verdict = \"deny\", network = \"10.0.0.0/33\" }]",
            3,
            52,
            "is no network",
        ),
        ("version = 1\nmodule = 3", 2, 10, "invalid type"),
        ("version = 1\n[default\n", 2, 9, ""),
    ];
    for (text, line, column, message) in cases {
        let error = error(text);
        assert!(error.message.contains(message), "{text:?}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
        assert!(!error.message.contains('\n'));
    }
}

#[test]
fn exceptions_need_a_known_rule_a_reason_and_a_day_that_exists() {
    let allow = |exception: &str| {
        Policy::parse(&format!("version = 1\n[default.findings]\nallow = [{{ {exception} }}]"))
    };
    let rule = "rule = \"stack-protector-missing\"";
    assert!(allow(&format!("{rule}, reason = \"old\", until = \"2027-01-31\"")).is_ok());
    assert!(allow(&format!("{rule}, reason = \"old\", until = 2027-01-31")).is_ok());
    for (exception, message) in [
        (rule.to_owned(), "missing field `reason`"),
        (format!("{rule}, reason = \" \""), "needs a reason"),
        (format!("{rule}, reason = \"old\", until = \"2027-02-30\""), "is no day"),
        (format!("{rule}, reason = \"old\", until = 2027-01-31T10:00:00Z"), "is no day"),
        (
            "rule = \"stack-protecter-missing\", reason = \"old\"".to_owned(),
            "did you mean \"stack-protector-missing\"?",
        ),
    ] {
        let error = allow(&exception).expect_err(&exception);
        assert!(error.message.contains(message) && error.line == 3, "{exception}: {error}");
    }
}

#[test]
fn the_first_entry_that_matches_counts_and_takes_the_rest_from_the_default() {
    let policy = Policy::parse(
        r#"version = 1
[default]
capabilities = []
limits = { functions = 0, locals = 7 }
[[module]]
match = "plugins/*.wasm"
capabilities = ["random"]
[[module]]
match = "plugins/a.wasm"
capabilities = []
limits = { functions = 5 }
[[module]]
match = "big.wasm"
limits = { functions = 5 }
"#,
    )
    .unwrap();
    let (facts, findings) = read(
        r#"(module (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
            (func (local i64 i64 i64 i64 i64 i64 i64 i64)))"#,
    );
    let judge = |name: &str| evaluate(&policy, name, &facts, &findings, TODAY);
    let lines = |name: &str| -> Vec<_> {
        judge(name).iter().map(|v| (v.kind, v.policy.entry.clone(), v.policy.line)).collect()
    };
    use ViolationKind::{Capability, Limit};
    let default = || "default".to_owned();
    assert_eq!(lines("plugins/a.wasm"), [(Limit, default(), 4), (Limit, default(), 4)]);
    assert_eq!(lines("./plugins/x/../a.wasm"), lines("plugins/a.wasm"));
    assert_eq!(
        lines("x/plugins/a.wasm"),
        [(Capability, default(), 3), (Limit, default(), 4), (Limit, default(), 4)]
    );
    assert_eq!(lines("deep/big.wasm"), [(Capability, default(), 3), (Limit, default(), 4)]);
    assert_eq!(judge("big.wasm")[0].policy.says, "capabilities = []");
}

#[test]
fn a_file_that_no_entry_is_for_is_refused() {
    let policy = Policy::parse("version = 1\n[[module]]\nmatch = \"a.wasm\"\n").unwrap();
    let (facts, findings) = read("(module)");
    assert!(evaluate(&policy, "x/a.wasm", &facts, &findings, TODAY).is_empty());
    let refused = evaluate(&policy, "b.wasm", &facts, &findings, TODAY);
    assert_eq!(refused[0].kind, ViolationKind::NoEntry);
}
