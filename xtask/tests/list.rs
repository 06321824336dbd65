//! The program itself: what it lists, and what it says of what it does not know. `make test` runs the very binary that this test
//! has built, so that its dependencies are compiled once, with the features of the whole workspace.

use std::process::{Command, Output};

fn xtask(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().unwrap()
}

#[test]
fn runtimes_are_listed_and_misspelt_ones_are_errors() {
    let listed = xtask(&["runtimes", "--list"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.status.success() && text.contains("wasmtime"), "{text}");
    let unknown = xtask(&["runtimes", "wasmtimee"]);
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && said.contains("wasmtimee"), "{said}");
}
