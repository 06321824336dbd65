//! Processes that end with their test.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tempfile::NamedTempFile;

/// A started process with everything it started; killed and reaped when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ended: Option<ExitStatus>,
    output: NamedTempFile,
}

impl Running {
    /// Starts the command in a process group of its own, without input, its standard
    /// output and error going to [`Running::output`].
    ///
    /// # Panics
    ///
    /// When the command cannot be started.
    pub fn spawn(mut command: Command) -> Self {
        let output = NamedTempFile::new().expect("creating a file for the output");
        // Appending: two descriptors with offsets of their own would overwrite each other.
        let write =
            || -> File { File::options().append(true).open(output.path()).expect("opening the output file") };
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(write())
            .stderr(write())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
        Self { child, ended: None, output }
    }

    /// The process id, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process and its children have written so far, made valid UTF-8.
    pub fn output(&self) -> String {
        let bytes = std::fs::read(self.output.path()).expect("reading the output file");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the process itself has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.reap().is_none()
    }

    /// The exit status, or `None` when the process has not ended in this time. What the
    /// process left running in its group is killed then.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        wait_until(|| self.reap().is_some(), timeout);
        self.ended
    }

    /// Waits for the end of the process and gives its exit code, with 128 + signal for a
    /// process that was killed, as a shell would.
    ///
    /// # Panics
    ///
    /// When the process has not ended in this time.
    pub fn exit_code(&mut self, timeout: Duration) -> i32 {
        let Some(status) = self.wait(timeout) else {
            panic!("still running after {timeout:?}, having written:\n{}", self.output())
        };
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }

    /// Sends a signal to the process and everything in its group, if it has not ended.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            // It may be ending just now, which is no error of the test.
            let _ = kill_process_group(self.group(), signal);
        }
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Reaps the process if it has ended. Until then its id, which is the group's, cannot
    /// be given to another process, so the group is killed first and reaped after.
    fn reap(&mut self) -> Option<ExitStatus> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if self.ended.is_none() && waitid(WaitId::Pid(self.group()), look).is_ok_and(|state| state.is_some())
        {
            self.signal(Signal::KILL);
            self.ended = self.child.wait().ok();
        }
        self.ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Asks until the answer is yes or the time is over; tells which.
pub fn wait_until(mut condition: impl FnMut() -> bool, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
