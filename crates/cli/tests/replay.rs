//! `record` and `replay`: the same output again, without root; and what becomes of recordings that cannot be made or read.

#[path = "common/kit.rs"]
mod kit;
#[path = "hard_cases/observed.rs"]
#[allow(dead_code)]
mod observed;

use kit::{Done, Started, named, run, run_into, wasmscope};
use observed::{public_copy, shell_line, sleeper};
use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes, workspace_root};

const NOBODY: u32 = 65534;
const AS_NOBODY: [&str; 4] = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];

/// A recording of a run that never was, which `crates/recording` makes and keeps.
fn synthetic() -> PathBuf {
    workspace_root().join("crates/recording/tests/fixtures/synthetic.jsonl")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn replay(path: &Path) -> Done {
    run(wasmscope(["replay", "--json", text(path)]))
}

/// Replays a copy as a user who may do nothing, and sees no process.
fn nobodys_replay(path: &Path) -> Done {
    let folder = TempDir::new().unwrap();
    let program = public_copy(&folder, &wasmscope_testkit::wasmscope());
    let copy = folder.path().join("recording");
    fs::copy(path, &copy).unwrap();
    chown(&copy, Some(NOBODY), Some(NOBODY)).unwrap();
    let replay = shell_line(Command::new("setpriv").args(AS_NOBODY).arg(&program).args([
        "replay",
        "--json",
        text(&copy),
    ]));
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("mount -t tmpfs none /proc && exec {replay}")]);
    run(command)
}

/// `record FILE --json -- sh -c SCRIPT`; the script's own output goes nowhere.
fn record_script(file: &Path, script: &str) -> Command {
    let script = format!("exec >/dev/null 2>&1; {script}");
    wasmscope(["record", text(file), "--json", "--", "sh", "-c", &script])
}

#[test]
fn a_replay_prints_what_the_run_printed_and_needs_no_root() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let (folder, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let recording = folder.path().join("recording");
    let busy =
        shell_line(&wasmtime.clone().dir(files.path()).command(&guest("busy-files"), ["3", "pause", "50"]));
    let grow = shell_line(&wasmtime.command(&guest("grow"), ["3"]));
    let oob = shell_line(&wasmtime.command(&guest("traps"), ["oob"]));
    let files = files.path().display();
    let live =
        run(record_script(&recording, &format!("(cd {files}; {busy}); {grow}; {oob}; true & wait; exit 7")));

    assert_eq!((live.status, live.stderr.as_str()), (7, ""), "the command's own status");
    let events = live.events();
    for name in [
        "sensor.state",
        "workload.started",
        "workload.file.opened",
        "workload.memory.grown",
        "workload.trapped",
        "workload.exited",
    ] {
        assert!(!named(&events, name).is_empty(), "no {name}: {}", live.stdout);
    }
    let has_stack = |e: &serde_json::Value| e["wasm.stack"].as_array().is_some_and(|s| !s.is_empty());
    assert!(named(&events, "workload.file.opened").into_iter().any(has_stack), "{}", live.stdout);
    assert!(named(&events, "sensor.lost").is_empty(), "the output of the live run is whole: {}", live.stdout);

    assert_eq!(fs::metadata(&recording).unwrap().permissions().mode() & 0o777, 0o600);
    for again in [replay(&recording), nobodys_replay(&recording)] {
        assert_eq!((again.status, again.stderr.as_str()), (0, ""));
        assert!(again.stdout == live.stdout, "recorded:\n{}\nreplayed:\n{}", live.stdout, again.stdout);
    }
    let mut piped = wasmscope(["replay", "--json", "-"]);
    let output = piped.stdin(File::open(&recording).unwrap()).output().unwrap();
    assert!(output.stdout == live.stdout.as_bytes(), "{output:?}");
}

#[test]
fn the_recording_of_a_run_that_never_was_replays_to_this() {
    let done = run(wasmscope(["replay", text(&synthetic())]));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("synthetic_text", done.stdout);
    let done = replay(&synthetic());
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("synthetic_json", done.stdout);
}

#[test]
fn a_cut_recording_is_replayed_up_to_the_cut() {
    let folder = TempDir::new().unwrap();
    let (whole, cut) = (fs::read(synthetic()).unwrap(), folder.path().join("cut"));
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let done = replay(&cut);
    let line = whole[..whole.len() / 2].iter().filter(|b| **b == b'\n').count() + 1;
    done.assert_failed(2, &[text(&cut), &format!("line {line}: the recording is cut here")]);
    assert!(!done.stdout.is_empty() && replay(&synthetic()).stdout.starts_with(&done.stdout), "{done:?}");
}

#[test]
fn what_is_no_recording_is_one_clear_error() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let recording = fs::read_to_string(synthetic()).unwrap();
    let newer = recording.replacen("\"version\":1", "\"version\":7", 1);
    let mut lines: Vec<_> = recording.lines().collect();
    lines[20] = "garbage";
    let cases = [
        (file("empty", ""), vec!["it is empty"]),
        (file("garbage", "\0asm\u{1}\0"), vec!["line 1: this is no recording"]),
        (file("newer", &newer), vec!["line 1: format version 7", "version 1 only"]),
        (file("damaged", &lines.join("\n")), vec!["line 21: it makes no sense", "column 1"]),
        (folder.path().into(), vec!["line 1: cannot be read", "Is a directory"]),
        (folder.path().join("missing"), vec!["cannot open", "No such file"]),
        ("/dev/zero".into(), vec!["line 1: this is no recording"]),
    ];
    for (path, because) in cases {
        let done = replay(&path);
        done.assert_failed(2, &[&[text(&path)], because.as_slice()].concat());
        assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    }
}

#[test]
fn a_replay_that_cannot_be_written_or_is_not_read() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let done = run_into(wasmscope(["replay", text(&synthetic())]), full);
    done.assert_failed(3, &["standard output", "No space left"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = run_into(wasmscope(["replay", text(&synthetic())]), writer);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
}

#[test]
fn a_recording_that_cannot_begin_runs_nothing_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let (there, proof) = (folder.path().join("there"), folder.path().join("proof"));
    fs::write(&there, "precious").unwrap();
    let recording = |path: &Path| run(record_script(path, &format!("touch {}", proof.display())));
    recording(&there).assert_failed(2, &["cannot record to", "there already", "--force"]);
    assert_eq!(fs::read_to_string(&there).unwrap(), "precious");
    recording(&folder.path().join("no/folder")).assert_failed(2, &["cannot record to", "No such file"]);
    recording(folder.path()).assert_failed(2, &["cannot record to", "Is a directory"]);
    assert!(!proof.exists());

    require_root!();
    recording(Path::new("/proc/recording")).assert_failed(2, &["cannot record to"]);
    recording(Path::new("/dev/full")).assert_failed(3, &["cannot write the recording", "No space left"]);
    let missing = folder.path().join("missing-program");
    let done = run(wasmscope(["record", text(&missing), "--", "/no/such/program"]));
    done.assert_failed(2, &["/no/such/program"]);
    assert!(!missing.exists() && !proof.exists());
}

#[test]
fn a_folder_that_is_not_ours_is_one_clear_error() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("setpriv");
    command.args(AS_NOBODY).arg(public_copy(&folder, &wasmscope_testkit::wasmscope()));
    let file = folder.path().join("recording");
    command.args(["record", text(&file), "--", "true"]);
    run(command).assert_failed(2, &["cannot record to", text(&file), "Permission denied"]);
}

#[test]
fn force_overwrites() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    fs::write(&path, "x".repeat(1 << 20)).unwrap();
    let done = run(wasmscope(["record", text(&path), "--force", "--", "true"]));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let again = run(wasmscope(["replay", text(&path)]));
    assert_eq!((again.status, again.stdout), (0, done.stdout));
}

#[test]
fn a_disk_that_becomes_full_ends_it_and_leaves_what_can_be_replayed() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // A small disk of its own, in a mount namespace that ends with the test.
    let disk = TempDir::new().unwrap();
    let (file, kept) = (disk.path().join("recording"), disk.path().with_extension("kept"));
    let endless = format!("trap 'exit 0' TERM; while :; do {} & wait; done", sleeper(&wasmtime, 0));
    let script = format!(
        "mount -t tmpfs -o size=64k tmpfs {disk} && {record} < /dev/null; status=$?; cp {file} {kept}; exit $status",
        disk = disk.path().display(),
        record = shell_line(&record_script(&file, &endless)),
        file = file.display(),
        kept = kept.display(),
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).stdin(Stdio::null());
    let done = Started::spawn(command).finish();
    done.assert_failed(3, &["is cut", text(&file), "No space left"]);
    assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    let again = replay(&kept);
    fs::remove_file(&kept).unwrap();
    again.assert_failed(2, &["the recording is cut here"]);
    assert!(!again.stdout.is_empty() && done.stdout.starts_with(&again.stdout), "{again:?}");
}

#[test]
fn a_killed_recorder_leaves_what_can_be_replayed() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("recording");
    let recorder = Started::spawn(record_script(&file, &sleeper(&wasmtime, 20)));
    recorder.wait_for("workload", |events| !named(events, "workload.started").is_empty());
    let written = || fs::read_to_string(&file).unwrap().contains("\"passed_on\"");
    assert!(wasmscope_testkit::wait_until(written, kit::PATIENCE));
    let events = recorder.events();
    recorder.signal(rustix::process::Signal::KILL);
    drop(recorder);
    let again = replay(&file);
    again.assert_failed(2, &["the recording is cut here"]);
    let again = again.events();
    assert_eq!(again[..events.len().min(again.len())], events[..events.len().min(again.len())]);
    assert_eq!(named(&again, "workload.started").len(), 1);
}
