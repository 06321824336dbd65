//! `wasmscope instrument`: what it writes, and that it writes nothing when it cannot. Needs no root.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use wasmscope_testkit::{component, guest, require_runtime, runtimes, wasmscope};

fn instrument(input: &Path, output: &Path, args: &[&str]) -> Output {
    Command::new(wasmscope()).arg("instrument").arg(input).arg("-o").arg(output).args(args).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Refused with status 2 and these words, and the folder holds what it held.
#[track_caller]
fn refused(dir: &Path, done: &Output, words: &str) {
    assert_eq!(done.status.code(), Some(2), "{}", err(done));
    assert!(err(done).contains(words), "{}", err(done));
    let left: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "in.wasm"), "{left:?}");
}

#[test]
fn what_it_writes_runs_in_an_unmodified_runtime() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let dir = tempfile::tempdir().unwrap();
    for (module, name) in [(guest("hello"), "module"), (component("hello"), "component")] {
        let out = dir.path().join(name);
        let done = instrument(&module, &out, &["--pass", "calls,instructions,canaries"]);
        assert_eq!(done.status.code(), Some(0), "{}", err(&done));
        let plain = wasmtime.command(&module, [""; 0]).output().unwrap();
        let ran = wasmtime.command(&out, [""; 0]).output().unwrap();
        assert!(ran.status.success(), "{name}: {}", err(&ran));
        assert_eq!(ran.stdout, plain.stdout, "{name}");
    }
}

#[test]
fn a_smashed_stack_ends_the_program() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.wasm");
    assert!(instrument(&guest("stack-smash"), &out, &["--pass", "canaries"]).status.success());
    let ran = wasmtime.command(&out, [""; 0]).output().unwrap();
    assert!(!ran.status.success());
    assert!(err(&ran).contains("wasmscope.violation"), "{}", err(&ran));
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.wasm"), dir.path().join("out.wasm"));
    fs::copy(guest("hello"), &input).unwrap();
    let calls = ["--pass", "calls"];
    refused(dir.path(), &instrument(&input, &output, &["--pass", "callz"]), "did you mean \"calls\"?");
    let only = ["--pass", "calls", "--only", "_strat"];
    refused(dir.path(), &instrument(&input, &output, &only), "did you mean \"_start\"?");
    refused(dir.path(), &instrument(&input, &input, &calls), "is the input");
    refused(dir.path(), &instrument(&dir.path().join("none"), &output, &calls), "cannot read");
    refused(dir.path(), &instrument(&input, &dir.path().join("no/such/folder"), &calls), "cannot write");
    fs::write(&input, b"\0asm\x01\0\0\0\x01\xff").unwrap();
    refused(dir.path(), &instrument(&input, &output, &calls), "in.wasm: at byte");
    fs::write(&input, b"no module").unwrap();
    refused(dir.path(), &instrument(&input, &output, &calls), "in.wasm: at byte 0");
}

#[test]
fn an_instrumented_module_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first.wasm");
    assert!(instrument(&guest("hello"), &first, &["--pass", "calls"]).status.success());
    let done = instrument(&first, &dir.path().join("second.wasm"), &["--pass", "memory"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(err(&done).contains("already instrumented (passes: calls)"), "{}", err(&done));
    assert!(!dir.path().join("second.wasm").exists());
}

#[test]
fn no_space_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for a full disk.
    let done = Command::new("sh")
        .args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" instrument \"$1\" -o \"$2\" --pass calls"])
        .arg(wasmscope())
        .arg(guest("files"))
        .arg(dir.path().join("out.wasm"))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", err(&done));
    assert!(err(&done).contains("cannot write"), "{}", err(&done));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
