//! The shipped rules: all of them are valid, every sample does what it must, and the page lists them.
//! `BLESS=1 cargo test -p wasmscope-detect --test shipped` rewrites the table in `docs/rules.md`.

use std::{fmt::Write, fs, path::Path, sync::Arc};
use wasmscope_detect::{Files, RuleSet, samples};

fn shipped() -> RuleSet {
    RuleSet::load(&[Files::shipped()]).unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[test]
fn every_sample_of_every_rule_does_what_it_must() {
    let rules = Arc::new(shipped());
    assert!(rules.rules().len() >= 40, "{}", rules.rules().len());
    let mut problems = Vec::new();
    for rule in rules.rules() {
        let tested = samples::test(rule, &rules, &Files::shipped());
        assert!(tested.matching > 0 || !tested.problems.is_empty(), "{}", rule.id);
        problems.extend(tested.problems.iter().map(ToString::to_string));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_rule_names_its_class_of_threat() {
    let unnamed: Vec<_> =
        shipped().rules().iter().filter(|rule| rule.threats.is_empty()).map(|rule| rule.id.clone()).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

const BEGIN: &str =
    "<!-- Generated from the rules: BLESS=1 cargo test -p wasmscope-detect --test shipped -->\n";

fn table() -> String {
    let mut table = String::from(
        "\n| rule | what | severity | sure | maturity | window | class | ATT&CK |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for rule in shipped().rules() {
        let (threats, attack) = (rule.threats.join(", "), rule.attack.join(", "));
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {} | {threats} | {attack} |",
            rule.id,
            rule.title,
            rule.severity,
            rule.confidence,
            rule.maturity,
            rule.window_kind()
        );
    }
    table
}

#[test]
fn the_table_is_that_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, written) = page.split_once(BEGIN).expect("the line before the table");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{}", table())).unwrap();
    } else {
        assert!(
            written == table(),
            "docs/rules.md is not current: BLESS=1 cargo test -p wasmscope-detect --test shipped"
        );
    }
}
