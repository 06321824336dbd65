//! A process that does what it is told: `load.c`.

// Each test binary uses its own part.
#![allow(dead_code)]

use std::{
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::Duration,
};
use wasmscope_testkit::{Running, wait_until};

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/load/load.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{}", std::process::id()));
    let built = Command::new("cc")
        .args(["-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .args([&program, &source])
        .status()
        .expect("Rust needs cc too");
    assert!(built.success(), "{} does not build", source.display());
    program
});

/// The process, killed when dropped.
pub(crate) struct Load(pub(crate) Running);

impl Load {
    /// Starts it with pairs of what to do and how much.
    pub(crate) fn start(what: &[&str]) -> Self {
        let mut command = Command::new(&*PROGRAM);
        command.args(what);
        Self(Running::spawn(command))
    }

    /// Starts it, and waits until it has done everything.
    pub(crate) fn ready(what: &[&str]) -> Self {
        let load = Self::start(what);
        let ready = || load.0.output().lines().any(|line| line == "ready");
        assert!(wait_until(ready, Duration::from_secs(60)), "{what:?}: {}", load.0.output());
        load
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Where its busy code is.
    pub(crate) fn busy_code(&self) -> Range<u64> {
        let output = self.0.output();
        let line = output.lines().find_map(|line| line.strip_prefix("busy ")).expect("it says so at once");
        let mut bounds = line
            .split(' ')
            .map(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).expect("an address"));
        bounds.next().expect("start")..bounds.next().expect("end")
    }

    /// Its children by `fork`.
    pub(crate) fn children(&self) -> Vec<u32> {
        let output = self.0.output();
        output.lines().filter_map(|line| line.strip_prefix("child ")?.parse().ok()).collect()
    }
}

/// Sum over the threads of a number of `/proc/PID/task/TID/schedstat`: 0 run time, 1 wait, in nanoseconds.
pub(crate) fn schedstat(pid: u32, column: usize) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    let tids = tasks.filter_map(|task| task.file_name().to_str()?.parse().ok());
    tids.map(|tid| thread_schedstat(pid, tid, column)).sum()
}

/// The same of one thread; zero if it has ended.
pub(crate) fn thread_schedstat(pid: u32, tid: u32, column: usize) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').nth(column).and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

/// A field of `/proc/PID/stat` by its number in proc(5).
pub(crate) fn stat(pid: u32, field: usize) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, rest) = text.rsplit_once(") ").expect("a name in parentheses");
    rest.split(' ').nth(field - 3).and_then(|text| text.trim().parse().ok()).expect("a number")
}

/// CPU time by `/proc/PID/stat`, to the tick: user, system.
pub(crate) fn cpu(pid: u32) -> (Duration, Duration) {
    let ticks = |field| Duration::from_millis(stat(pid, field) * 10);
    (ticks(14), ticks(15))
}

/// A line of `/proc/PID/status`, without its unit.
pub(crate) fn status(pid: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number")
}
