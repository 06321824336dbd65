//! `scan`: what goes in, what comes out, and what becomes of files that are no modules. Needs no root.

use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};
use wasmscope_testkit::{component, guest, wasmscope};

fn scan(args: &[&str]) -> Output {
    Command::new(wasmscope()).arg("scan").args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_modules_capabilities_and_the_way_to_each() {
    let busy = guest("busy-files");
    let done = scan(&["--json", path(&busy)]);
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), String::new()));
    let [facts] = &lines(&done)[..] else { panic!() };
    assert_eq!(facts["path"], path(&busy));
    let can: Vec<_> = facts["capabilities"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert!(can.contains(&"read-files") && can.contains(&"write-files"), "{can:?}");
    assert!(!can.contains(&"connect") && !can.contains(&"threads"), "{can:?}");

    let why = text(&scan(&["--why", "write-files", path(&busy)]).stdout);
    assert!(why.contains("path_unlink_file") && why.contains("export _start"), "{why}");
    let not = text(&scan(&["--why", "connect", path(&busy)]).stdout);
    assert!(not.contains("not imported"), "{not}");
    let net = text(&scan(&["--why", "connect", path(&component("net"))]).stdout);
    assert!(net.contains("tcp-socket.start-connect") && net.contains("> connect_tcp"), "{net}");
}

#[test]
fn a_components_paths_go_through_all_of_its_modules() {
    let busy = component("busy-files");
    let why = text(&scan(&["--why", "write-files", path(&busy)]).stdout);
    let opened = why.split("[method]descriptor.open-at").nth(1).unwrap_or_else(|| panic!("{why}"));
    let steps = [
        "export wasi:cli/run@",
        "> main  in component/module[0]",
        "> path_open  in component/module[1]",
        "> wasi:filesystem/types@",
    ];
    let found = steps.map(|step| opened.find(step).unwrap_or_else(|| panic!("{step:?} in {why}")));
    assert!(found.is_sorted(), "{why}");
    let page = text(&scan(&[path(&busy)]).stdout);
    assert!(page.contains("linked    4 module instances") && !page.contains("UNRESOLVED"), "{page}");
    assert!(page.contains("read-files             export wasi:cli/run@"), "{page}");
}

#[test]
fn a_directory_has_its_modules_by_their_first_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("b/c");
    fs::create_dir_all(&inner).unwrap();
    fs::copy(guest("spin"), inner.join("no-suffix")).unwrap();
    fs::copy(guest("grow"), dir.path().join("a.wasm")).unwrap();
    fs::write(dir.path().join("text.wasm.txt"), "no module").unwrap();
    fs::write(dir.path().join("empty"), "").unwrap();
    symlink(dir.path(), inner.join("loop")).unwrap();
    // Four right bytes, and nothing behind them.
    fs::write(dir.path().join("z"), b"\0asm").unwrap();
    let done = scan(&["--json", path(dir.path())]);
    let found: Vec<_> = lines(&done).iter().map(|l| l["path"].as_str().unwrap().to_owned()).collect();
    let expected = [dir.path().join("a.wasm"), inner.join("no-suffix")].map(|p| path(&p).to_owned());
    assert_eq!(found, expected);
    let said = text(&done.stderr);
    assert_eq!((done.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("/z: at byte "), "{said}");
    assert_eq!(scan(&["--json", path(dir.path())]).stdout, done.stdout, "the same again");
}

#[test]
fn standard_input_and_the_text_format() {
    let mut child = Command::new(wasmscope())
        .args(["scan", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let wat =
        b"(module (import \"wasi_snapshot_preview1\" \"random_get\" (func (param i32 i32) (result i32))))";
    child.stdin.take().unwrap().write_all(wat).unwrap();
    let done = child.wait_with_output().unwrap();
    let [facts] = &lines(&done)[..] else { panic!("{done:?}") };
    assert_eq!((&facts["path"], &facts["capabilities"][0]), (&"<stdin>".into(), &"random".into()));
}

#[test]
fn what_is_no_module_is_one_error_and_the_others_are_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(guest("busy-files")).unwrap();
    let cut = dir.path().join("cut");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let garbage = dir.path().join("garbage");
    fs::write(&garbage, [0xff; 64]).unwrap();
    let wrong = dir.path().join("wrong.wat");
    fs::write(&wrong, "(module (func (i32.nonsense)))").unwrap();
    let missing = dir.path().join("missing");
    let grow = guest("grow");
    let done = scan(&["--json", path(&cut), path(&garbage), path(&wrong), path(&missing), path(&grow)]);
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(lines(&done).len(), 1, "the sound one");
    let said = text(&done.stderr);
    for (name, what) in [
        ("cut", "at byte "),
        ("garbage", "at byte 0"),
        ("wrong.wat", "nonsense"),
        ("missing", "No such file"),
    ] {
        assert!(said.contains(&format!("/{name}: ")) && said.contains(what), "{name}: {said}");
    }
    assert_eq!(scan(&["--why", "flying", path(&grow)]).status.code(), Some(2));
    assert_eq!(scan(&[]).status.code(), Some(2));
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let done = scan(&[path(&guest("hostile-names"))]);
    let page = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0));
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "{page:?}");
}
