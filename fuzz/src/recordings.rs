//! Recordings of runs.

#[path = "../../crates/recording/tests/synthetic/mod.rs"]
mod synthetic;

use std::io::Cursor;
use wasmscope_recording::Replay;

/// A whole run, and runs of which the middle is missing.
pub fn seeds() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recording");
    synthetic::record(&path);
    let whole = std::fs::read(path).expect("the recording");
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let kept = |step: usize| lines.iter().enumerate().filter(move |(n, _)| *n == 0 || n % step > 0);
    let parts = [2, 5, 17].map(|step| kept(step).map(|(_, line)| *line).collect::<Vec<_>>().concat());
    [whole.clone()].into_iter().chain(parts).collect()
}

/// Replays to the end.
pub fn replay(bytes: &[u8]) {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let Ok(mut replay) = Replay::open(Cursor::new(bytes.to_vec())) else { return };
    let mut steps = 0;
    while let Ok(Some(_)) = replay.step() {
        steps += 1;
        assert!(steps <= lines, "{steps} steps in {lines} lines");
    }
}
