//! Running the binary: its output, exit status, time and memory.

// Each test binary uses its own part.
#![allow(dead_code)]

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs::File,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;
use wasmscope_testkit::wait_until;

/// Guards against hangs; nothing here takes a tenth of it on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary under test with these arguments.
pub(crate) fn wasmscope<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(wasmscope_testkit::wasmscope());
    command.args(args);
    command
}

/// `watch --json -- sh -c SCRIPT`; the script's own output goes nowhere.
pub(crate) fn watch_script(script: &str) -> Command {
    wasmscope(["watch", "--json", "--", "sh", "-c", &format!("exec >/dev/null 2>&1; {script}")])
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// As a shell would say it: 128 + signal for a killed one.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
    /// Largest resident size of the program itself without pages of files, in bytes, as far as sampling every 10 ms saw it.
    pub(crate) peak_bytes: u64,
}

impl Done {
    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON: {e}: {self:?}"))
    }

    /// Standard output as JSON lines.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert!(self.stdout.is_empty() || self.stdout.ends_with('\n'), "the last line is cut: {self:?}");
        parse_lines(&self.stdout)
    }

    /// The program failed with this status and said so once, in one `wasmscope:` message.
    #[track_caller]
    pub(crate) fn assert_failed(&self, status: i32, because: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.stderr.matches("wasmscope: ").count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("wasmscope: "), "{self:?}");
        for word in because {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}

/// Runs to the end.
pub(crate) fn run(command: Command) -> Done {
    Started::spawn(command).finish()
}

/// Runs to the end, with standard output going to `stdout`.
pub(crate) fn run_into(command: Command, stdout: impl Into<Stdio>) -> Done {
    Started::spawn_into(command, stdout).finish()
}

/// A running program; killed with its group when dropped.
pub(crate) struct Started {
    child: Child,
    stdout: NamedTempFile,
    stderr: NamedTempFile,
    begun: Instant,
    ended: Option<ExitStatus>,
}

impl Started {
    pub(crate) fn spawn(command: Command) -> Self {
        Self::start(command, None)
    }

    /// With standard output going to `stdout`; there are no events to be read here then.
    pub(crate) fn spawn_into(command: Command, stdout: impl Into<Stdio>) -> Self {
        Self::start(command, Some(stdout.into()))
    }

    fn start(mut command: Command, stdout_to: Option<Stdio>) -> Self {
        let (stdout, stderr) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
        let append = |file: &NamedTempFile| File::options().append(true).open(file.path()).unwrap();
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout_to.unwrap_or_else(|| append(&stdout).into()))
            .stderr(append(&stderr))
            .spawn()
            .unwrap_or_else(|e| panic!("starting {command:?}: {e}"));
        Self { child, stdout, stderr, begun: Instant::now(), ended: None }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn read(file: &NamedTempFile) -> String {
        String::from_utf8(std::fs::read(file.path()).unwrap()).expect("wasmscope writes UTF-8")
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        Self::read(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        Self::read(&self.stderr)
    }

    /// The JSON lines that are complete by now.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = Self::read(&self.stdout);
        parse_lines(text.rsplit_once('\n').map_or("", |(whole, _)| whole))
    }

    /// Waits until `found` in the events so far.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, found: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let ok = wait_until(|| found(&self.events()), PATIENCE);
        assert!(ok, "no {what}: {:#?} {}", self.events(), Self::read(&self.stderr));
        self.events()
    }

    /// Waits until `watch` has told what became of its probes, which it does once they are attached.
    #[track_caller]
    pub(crate) fn wait_ready(&self) {
        let ok = wait_until(|| !Self::read(&self.stdout).is_empty(), PATIENCE);
        assert!(ok, "watch does not start: {}", Self::read(&self.stderr));
    }

    /// Sends a signal to the program alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it by SIGTERM.
    pub(crate) fn stop(self) -> Done {
        self.signal(Signal::TERM);
        self.finish()
    }

    /// Whether it has ended; it is not reaped, so that its id stays its own.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&self.child)), look).is_ok_and(|state| state.is_some())
    }

    /// Kills what it left running, and reaps it.
    fn end_group(&mut self) -> ExitStatus {
        if self.ended.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        *self.ended.get_or_insert_with(|| self.child.wait().unwrap())
    }

    /// Waits for the end, and ends what the program left running in its group.
    #[track_caller]
    pub(crate) fn finish(self) -> Done {
        self.finish_within(PATIENCE)
    }

    /// The same, for what may take longer.
    #[track_caller]
    pub(crate) fn finish_within(mut self, patience: Duration) -> Done {
        let mut peak = 0;
        wait_until(
            || {
                peak = peak.max(peak_bytes(self.child.id()));
                self.has_ended()
            },
            patience,
        );
        let elapsed = self.begun.elapsed();
        let (stdout, stderr) = (Self::read(&self.stdout), Self::read(&self.stderr));
        let ended = self.has_ended();
        let status = self.end_group();
        assert!(ended, "still running after {elapsed:?}, having written:\n{stdout}\n{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Done { status, stdout, stderr, elapsed, peak_bytes: peak }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.end_group();
    }
}

/// The largest resident size of the process so far, in bytes, without the pages of files that it has now: a debug build's
/// program alone is some 50 MiB. 0 once it has ended. `getrusage` would count what this test's own process had at the fork.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0)
    };
    kib("VmHWM:").saturating_sub(kib("RssFile:")) * 1024
}

fn parse_lines(text: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("no JSON line: {e}: {line:?}"));
    text.lines().map(parse).collect()
}

/// The events of this name.
pub(crate) fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event.name"] == name).collect()
}

/// Whether there is an event of this name about this process.
pub(crate) fn has(events: &[Value], name: &str, pid: u32) -> bool {
    named(events, name).iter().any(|e| e["process.pid"] == pid)
}

/// A command as a line of shell.
pub(crate) fn shell_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}
