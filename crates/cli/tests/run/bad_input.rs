//! What is wrong is told once, with what and where; nothing is half-written; the guest's output stays its own.

use crate::side_by_side::{Job, module, same};
use std::{fs, path::Path};
use tempfile::TempDir;
use wasmscope_testkit::guest;

#[test]
fn files_that_are_no_modules() {
    let dir = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let hello = fs::read(guest("hello")).unwrap();
    for path in [
        put("empty.wasm", b""),
        put("text.wasm", b"not a module"),
        put("cut.wasm", &hello[..hello.len() / 2]),
        put("broken.wat", b"(module (func)"),
        put("elf", b"\x7fELF\x02\x01\x01\xc8 and no more"),
        dir.path().join("missing.wasm"),
    ] {
        let ran = same(&path.display().to_string(), &[&Job::new(&path, &["{}"])], |_| {});
        if let Some(ran) = ran {
            assert_eq!(ran.status, Some(1), "{ran:?}");
        }
    }
}

#[test]
fn a_precompiled_module_needs_leave_and_must_be_of_this_engine() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("guest.cwasm");
    // An image as Wasmtime writes it, of an engine that nobody has.
    let mut image = vec![0; 64];
    image[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\xc8");
    image[18] = 62;
    image[48] = 1;
    image[52] = 64;
    fs::write(&path, image).unwrap();
    for words in [&["{}"][..], &["--allow-precompiled", "{}"]] {
        let ran = Job::new(&path, words).watched(&[]);
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.stderr.starts_with("Error: ") && ran.stdout.is_empty(), "{ran:?}");
    }
}

/// Status and standard error, of a guest that says hello if it runs.
fn refused(words: &[&str]) -> (Option<i32>, String) {
    let ran = Job::new(&guest("hello"), words).watched(&[]);
    assert_eq!(ran.stdout, "", "it must not run: {ran:?}");
    assert!(ran.files.is_empty(), "{ran:?}");
    (ran.status, ran.stderr)
}

#[test]
fn files_of_ours_that_cannot_be_written() {
    for (option, path, says) in [
        ("--events", "-", "standard output is the guest's"),
        ("--events", "missing/events.jsonl", "No such file"),
        ("--events", "/dev/stdout", "where the guest's output goes"),
        ("--profile", "/dev/stderr", "where the guest's output goes"),
        ("--profile", "missing/graph.svg", "No such file"),
    ] {
        let (status, stderr) = refused(&[option, path, "{}"]);
        assert_eq!(status, Some(2), "{stderr}");
        assert!(stderr.contains(says) && stderr.contains(path) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn a_pipe_that_nobody_reads() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let (status, stderr) = refused(&["--events", path.to_str().unwrap(), "{}"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("nobody reads this pipe"), "{stderr}");
}

#[test]
fn events_that_nobody_takes_do_not_hold_up_the_guest() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Both ends are held open here, and nothing is read.
    let _ends = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let (_dir, module) = module(CALLS);
    let ran = Job::new(&module, &["--events", path.to_str().unwrap(), "{}"]).watched(&[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("events could not be written to the end: nobody takes"), "{ran:?}");
}

#[test]
fn a_full_disk_is_told() {
    let (_dir, module) = module(CALLS);
    let ran = Job::new(&module, &["--events", "/dev/full", "{}"]).watched(&[]);
    assert_eq!(ran.status, Some(0), "the guest's own: {ran:?}");
    assert!(ran.stderr.contains("No space left"), "{ran:?}");
}

/// Calls a thousand times.
const CALLS: &str = r#"(module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $n i32)
        (loop $again
            (drop (call $yield))
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))))"#;

#[test]
fn a_policy_with_an_error_is_told_with_its_place() {
    let dir = TempDir::new().unwrap();
    let policy = dir.path().join("policy.toml");
    for (text, says) in [
        ("", "version is missing"),
        ("version = 1\n[default]\ncapabilities = [\"stdoi\"]\n", "line 3, column 17"),
        ("version = 1\n[default]\ncapabilites = []\n", "did you mean `capabilities`"),
        ("version = ", "line 1"),
    ] {
        fs::write(&policy, text).unwrap();
        let (status, stderr) = refused(&["--policy", policy.to_str().unwrap(), "{}"]);
        assert_eq!(status, Some(2), "{stderr}");
        assert!(stderr.contains(says) && stderr.lines().count() == 1, "{stderr}");
    }
    let (status, stderr) = refused(&["--policy", "missing.toml", "{}"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("cannot read the policy missing.toml"), "{stderr}");
}

#[test]
fn options_whose_calls_would_not_be_seen() {
    for option in ["nn", "config", "keyvalue", "tls", "threads", "p3"] {
        let (status, stderr) = refused(&["-S", option, "{}"]);
        assert_eq!(status, Some(1), "{stderr}");
        assert!(stderr.contains(&format!("`-S {option}`")), "{stderr}");
    }
    let (_dir, old) = module(
        r#"(module (import "wasi_unstable" "sched_yield" (func (result i32))) (memory (export "memory") 1)
            (func (export "_start") (drop (call 0))))"#,
    );
    let ran = Job::new(&old, &["{}"]).watched(&[]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("wasi_unstable"), "{ran:?}");
}

#[test]
fn an_option_with_a_value_that_is_none() {
    let (status, stderr) = refused(&["-W", "max-memory-size=lots", "{}"]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("max-memory-size=lots"), "{stderr}");
}

#[test]
fn no_module_at_all() {
    let ran = Job::new(Path::new("--summary"), &[]).watched(&[]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("<WASM>"), "{ran:?}");
}
