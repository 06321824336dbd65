//! The table in `docs/findings.md`, generated from the rules. `BLESS=1 cargo test -p wasmscope-findings --test docs`
//! rewrites it.

use std::{fmt::Write, fs, path::Path};
use wasmscope_findings::RULES;

const BEGIN: &str =
    "<!-- Generated from the rules: BLESS=1 cargo test -p wasmscope-findings --test docs -->\n";

fn table() -> String {
    let mut table = String::from(
        "\n| rule | what | at most | sure | class | CWE | ATT&CK |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let cwe: Vec<String> = rule.cwe.iter().map(u16::to_string).collect();
        let (cwe, attack) = (cwe.join(", "), rule.attack.join(", "));
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {cwe} | {attack} |",
            rule.id, rule.title, rule.severity, rule.confidence, rule.threat
        );
    }
    table
}

#[test]
fn the_table_is_that_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, written) = page.split_once(BEGIN).expect("the line before the table");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{}", table())).unwrap();
    } else {
        assert!(
            written == table(),
            "docs/findings.md is not current: BLESS=1 cargo test -p wasmscope-findings --test docs"
        );
    }
}
