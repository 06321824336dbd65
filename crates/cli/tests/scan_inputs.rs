//! `scan`: archives and images through the command, bounds, many files at once, and how it ends.

use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
};
use wasmscope_testkit::{guest, wasmscope};

fn scan(args: &[&str]) -> Output {
    Command::new(wasmscope()).arg("scan").args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn names(output: &Output) -> Vec<String> {
    let lines = text(&output.stdout);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["path"].as_str().unwrap().to_owned()).collect()
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn an_images_modules_are_told_with_the_way_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let layer = tar(&[("app/main.wasm", &fs::read(guest("spin")).unwrap()), ("etc/motd", b"hello")]);
    let digest = wasmscope_model::Sha256::of(&layer);
    let image = dir.path().join("image.tar");
    fs::write(&image, tar(&[(&format!("blobs/sha256/{digest}"), &layer)])).unwrap();
    let done = scan(&["--json", path(&image)]);
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), String::new()));
    assert_eq!(names(&done), [format!("{}!layer sha256:{digest}!app/main.wasm", path(&image))]);
    let page = text(&scan(&[path(&image)]).stdout);
    assert!(page.contains("!app/main.wasm\n"), "a long way is not cut: {page}");
}

#[test]
fn a_broken_archive_is_one_error_and_the_rest_is_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let whole = tar(&[("a.wasm", &fs::read(guest("spin")).unwrap()), ("b\u{1b}[2J.wasm", b"\0asm")]);
    let (cut, sound) = (dir.path().join("cut.tar"), dir.path().join("sound.tar"));
    fs::write(&cut, &whole[..1000]).unwrap();
    fs::write(&sound, &whole).unwrap();
    let done = scan(&["--json", path(&cut), path(&sound)]);
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(names(&done), [format!("{}!a.wasm", path(&sound))]);
    let said = text(&done.stderr);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("cut.tar: tar: at byte 1000: ends within an entry"), "{said}");
    assert!(said.contains("sound.tar!b\\u{1b}[2J.wasm: at byte "), "{said:?}");
}

#[test]
fn larger_ones_are_refused_and_the_way_out_is_said() {
    let grow = guest("grow");
    let done = scan(&["--max-size", "100", path(&grow)]);
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2));
    assert!(said.ends_with("larger than 100 B: --max-size raises the bound\n"), "{said}");
    assert_eq!(scan(&["--max-size", "1TB", path(&grow)]).status.code(), Some(2));
}

#[test]
fn a_long_text_is_refused_before_it_fills_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (long, short) = (dir.path().join("long.wat"), dir.path().join("short.wat"));
    fs::write(&long, format!("(module {})", "(func)".repeat(1 << 20))).unwrap();
    fs::write(&short, format!("(module {})", "(func)".repeat(1 << 16))).unwrap();
    let done = scan(&["--json", path(&long), path(&short)]);
    assert_eq!((done.status.code(), names(&done)), (Some(2), vec![path(&short).to_owned()]));
    let said = text(&done.stderr);
    assert!(said.contains("text of more than 768 KiB: make a binary module"), "{said}");
}

/// Many modules, and errors between them.
fn many(dir: &Path, count: usize) {
    let spin = fs::read(guest("spin")).unwrap();
    for n in 0..count {
        let bytes: &[u8] = if n % 10 == 3 { b"\0asm" } else { &spin };
        fs::write(dir.join(format!("{n:04}.wasm")), bytes).unwrap();
    }
}

#[test]
fn the_number_of_jobs_changes_nothing_in_what_is_told() {
    let dir = tempfile::tempdir().unwrap();
    many(dir.path(), 300);
    let one = scan(&["--json", "--jobs", "1", path(dir.path())]);
    assert_eq!((one.status.code(), names(&one).len()), (Some(2), 270));
    for jobs in ["2", "7"] {
        let more = scan(&["--json", "--jobs", jobs, path(dir.path())]);
        assert_eq!((more.status.code(), &more.stdout), (Some(2), &one.stdout), "{jobs} jobs");
        assert_eq!(more.stderr, one.stderr, "{jobs} jobs");
    }
    assert_eq!(scan(&["--jobs", "0", path(dir.path())]).status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let dir = tempfile::tempdir().unwrap();
    many(dir.path(), 500);
    let mut child = Command::new(wasmscope())
        .args(["scan", "--json", path(dir.path())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().code().is_some(), "not by a signal");
    assert!(said.lines().count() < 50, "it stopped: {said}");
    assert!(!said.contains("standard output"), "{said}");
}

#[test]
fn control_c_ends_it_between_two_lines() {
    let dir = tempfile::tempdir().unwrap();
    many(dir.path(), 2000);
    let mut child = Command::new(wasmscope())
        .args(["scan", "--json", path(dir.path())])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    out.read_line(&mut told).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    out.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(told.ends_with("}\n"), "no line is cut");
    assert!(told.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(told.lines().count() < 1800, "it did not go on to the end");
}
