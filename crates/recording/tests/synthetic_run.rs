//! A whole run that needs no privileges: recorded, replayed, and compared with the recording of it that is checked in.

mod synthetic;

use std::{collections::BTreeSet, fs, path::Path};
use tempfile::TempDir;
use wasmscope_recording::{Replay, Told};

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/synthetic.jsonl")
}

fn replayed(path: &Path) -> Vec<Told> {
    let mut replay = Replay::open(fs::File::open(path).unwrap()).unwrap();
    std::iter::from_fn(|| replay.step().unwrap()).flatten().collect()
}

#[test]
fn a_replay_tells_what_the_run_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    let told = synthetic::record(&path);
    let names: BTreeSet<_> = told
        .iter()
        .map(|t| serde_json::to_value(&t.kind).unwrap()["event.name"].as_str().unwrap().to_owned())
        .collect();
    let seen: Vec<_> = names.iter().map(String::as_str).collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    sensor.lost
    workload.exited
    workload.file.opened
    workload.memory.grown
    workload.process.executed
    workload.process.forked
    workload.started
    workload.throttled
    workload.trapped
    ");
    assert_eq!(replayed(&path), told);
}

/// Who changes the format sees it here. `BLESS=1` writes the new one; raise `VERSION` if older recordings would be
/// misread.
#[test]
fn the_format_is_that_of_the_recording_that_is_checked_in() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    synthetic::record(&path);
    if std::env::var_os("BLESS").is_some() {
        fs::copy(&path, fixture()).unwrap();
    }
    let (now, then) = (fs::read_to_string(&path).unwrap(), fs::read_to_string(fixture()).unwrap());
    for (n, (now, then)) in now.lines().zip(then.lines()).enumerate() {
        assert_eq!(now, then, "line {}: see BLESS above", n + 1);
    }
    assert_eq!(now.len(), then.len());
}

#[test]
fn every_kind_of_line_is_in_the_recording_that_is_checked_in() {
    let text = fs::read_to_string(fixture()).unwrap();
    for kind in [
        "record",
        "tick",
        "adopt",
        "time",
        "look",
        "is_runtime",
        "is_alive",
        "glance",
        "stack",
        "fault",
        "set",
        "passed_on",
        "told",
        "end",
    ] {
        assert!(text.lines().any(|line| line.starts_with(&format!("{{\"{kind}\":"))), "{kind}");
    }
    assert!(text.lines().any(|line| line.starts_with("{\"stack\":") && !line.contains("found")));
}
