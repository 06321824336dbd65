//! The page lists the rules. `BLESS=1 cargo test -p wasmscope-baseline --test docs` rewrites the table in `docs/baselines.md`.

use std::{fmt::Write as _, fs, path::Path};
use wasmscope_baseline::rules;

const BEGIN: &str =
    "<!-- Generated from the rules: BLESS=1 cargo test -p wasmscope-baseline --test docs -->\n";
const END: &str = "\n<!-- End -->\n";

fn table() -> String {
    let mut table = String::from(
        "\n| rule | what | score | at most | class | ATT&CK |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for rule in rules() {
        let (threats, attack) = (rule.threats.join(", "), rule.attack.join(", "));
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {threats} | {attack} |",
            rule.id, rule.title, rule.score, rule.most
        );
    }
    table
}

#[test]
fn the_table_is_that_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/baselines.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(BEGIN).expect("the line before the table");
    let (written, tail) = rest.split_once(END).expect("the line after the table");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{}{END}{tail}", table())).unwrap();
    } else {
        assert!(
            written == table(),
            "docs/baselines.md is not current: BLESS=1 cargo test -p wasmscope-baseline --test docs"
        );
    }
}
