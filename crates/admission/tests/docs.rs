//! `docs/policy.md` has every key and word, and no other; its example is a policy that has every key.

use std::collections::BTreeSet;
use wasmscope_admission::Policy;

fn docs() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md")).unwrap()
}

/// The keys that the structs know, as the error for an unknown one lists them.
fn keys(policy: &str) -> BTreeSet<String> {
    let message = Policy::parse(&format!("version = 1\n{policy}")).expect_err(policy).message;
    let known: BTreeSet<_> = message.split('`').skip(3).step_by(2).map(ToOwned::to_owned).collect();
    assert!(message.starts_with("unknown field `zz`, expected") && !known.is_empty(), "{message}");
    known
}

/// The words that a list knows, as the error for an unknown one lists them.
fn words(key: &str) -> BTreeSet<String> {
    let message = Policy::parse(&format!("version = 1\n[default]\n{key} = [\"zz\"]")).expect_err(key).message;
    message.split("Known are ").nth(1).unwrap().split(", ").map(ToOwned::to_owned).collect()
}

/// The first column of the table that comes after `title`.
fn table(title: &str) -> BTreeSet<String> {
    let docs = docs();
    let after = &docs[docs.find(title).unwrap_or_else(|| panic!("no {title:?}"))..];
    let rows =
        after.lines().skip_while(|line| !line.starts_with("| ")).take_while(|line| line.starts_with("| "));
    rows.skip(2).map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

fn example() -> String {
    docs().split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[test]
fn every_key_and_word_has_its_row() {
    assert_eq!(table("## The keys"), keys("[default]\nzz = 1"));
    assert_eq!(table("`limits`, each"), keys("[default.limits]\nzz = 1"));
    assert_eq!(table("`findings`:"), keys("[default.findings]\nzz = 1"));
    assert_eq!(table("An exception:"), keys("[default.findings]\nallow = [{ zz = 1 }]"));
    assert_eq!(table("`calls`, each"), keys("[default]\ncalls = [{ zz = 1 }]"));
    assert_eq!(table("In `require`"), words("require"));
    assert_eq!(table("In `forbid`"), words("forbid"));
}

#[test]
fn the_example_is_a_policy_with_every_key() {
    let example = example();
    Policy::parse(&example).unwrap_or_else(|error| panic!("{error}"));
    let all = [
        keys("[default]\nzz = 1"),
        keys("[default.limits]\nzz = 1"),
        keys("[default.findings]\nzz = 1"),
        keys("[default.findings]\nallow = [{ zz = 1 }]"),
        keys("[default]\ncalls = [{ zz = 1 }]"),
        keys("zz = 1"),
    ];
    for key in all.iter().flatten() {
        let as_key = example.lines().any(|line| line.starts_with(&format!("{key} = ")));
        let inline = example.contains(&format!(" {key} = "));
        let as_table = example.contains(&format!("[{key}]")) || example.contains(&format!(".{key}]"));
        assert!(as_key || inline || as_table, "the example has no {key}");
    }
}

#[test]
fn every_kind_of_violation_is_named() {
    use wasmscope_admission::ViolationKind::*;
    let docs = docs();
    let all = [
        NoEntry, Hash, Invalid, Capability, Finding, Import, Export, Proposal, Language, Toolchain, Limit,
        Required, Forbidden, NotRead,
    ];
    for kind in all {
        assert!(docs.contains(&format!("`{}`", kind.as_str())), "{}", kind.as_str());
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}
