//! One guest under `wasmtime run` and under `wasmscope run`.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;
use wasmscope_testkit::{runtimes, wasmscope};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What is in its directory at the end.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// A guest and what it gets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Job {
    pub(crate) options: Vec<String>,
    pub(crate) module: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) input: String,
}

impl Job {
    /// `words` are options, up to the module in place of `{}`, then its arguments.
    pub(crate) fn new(module: &Path, words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let mut parts = words.splitn(2, |word| word == "{}");
        let options = parts.next().unwrap_or_default().to_vec();
        let args = parts.next().unwrap_or_default().to_vec();
        Self { options, module: module.into(), args, input: String::new() }
    }

    /// Runs it in `dir`.
    pub(crate) fn run(&self, program: &Path, more: &[&str], dir: &Path) -> Ran {
        let mut child = Command::new(program)
            .arg("run")
            .args(more)
            .args(&self.options)
            .arg(&self.module)
            .args(&self.args)
            .current_dir(dir)
            .env("RUST_BACKTRACE", "0")
            .env_remove("WASMTIME_LOG")
            .env_remove("WASMTIME_BACKTRACE_DETAILS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A guest that reads nothing has gone already.
        _ = child.stdin.take().unwrap().write_all(self.input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            files: files(dir),
        }
    }

    /// Under `wasmscope run`, in a directory of its own.
    pub(crate) fn watched(&self, more: &[&str]) -> Ran {
        let dir = TempDir::new().unwrap();
        self.run(&wasmscope(), more, dir.path())
    }
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let content = fs::read(entry.path()).unwrap_or_else(|_| b"(no file)".to_vec());
            (entry.file_name().to_string_lossy().into_owned(), content)
        })
        .collect()
}

/// Asserts that both give the same: plain, observed with everything told, and observed without being told.
pub(crate) fn same(name: &str, jobs: &[&Job], prepare: impl Fn(&Path)) -> Option<Ran> {
    let wasmtime = match runtimes::wasmtime48() {
        Ok(wasmtime) => wasmtime.program().to_owned(),
        Err(missing) => {
            wasmscope_testkit::may_skip(name, missing, false);
            return None;
        }
    };
    let outside = TempDir::new().unwrap();
    let events = outside.path().join("events.jsonl");
    let events = events.to_str().unwrap();
    let under = |program: &Path, more: &[&str]| {
        let dir = TempDir::new().unwrap();
        prepare(dir.path());
        let mut all: Vec<_> = jobs.iter().map(|job| job.run(program, more, dir.path())).collect();
        all.pop().unwrap()
    };
    let plain = under(&wasmtime, &[]);
    let ours = wasmscope();
    for more in [&[][..], &["--events", events]] {
        let watched = under(&ours, more);
        assert_eq!(watched, plain, "{name} {more:?}: ours is left, plain wasmtime is right");
    }
    Some(plain)
}

/// A module from text, in a file that lives as long as what is returned first.
pub(crate) fn module(wat: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("guest.wasm");
    fs::write(&path, wat::parse_str(wat).unwrap()).unwrap();
    (dir, path)
}
