//! What wasmscope's observation of system calls is compared with: doing nothing there, and bpftrace.

use anyhow::{Context as _, Result, ensure};
use libbpf_rs::{
    Link,
    skel::{OpenSkel as _, SkelBuilder as _},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    mem::MaybeUninit,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/floor.skel.rs"));
}
/// The kernel's records, as `records.h` has them.
pub use skel::types;

/// bpftrace says that it is ready before it has attached everything.
const ATTACHING: Duration = Duration::from_millis(500);

/// An empty program at the exit of every system call of the host. Dropped, it is gone.
#[derive(Debug)]
pub struct Floor(#[expect(dead_code, reason = "detaches when dropped")] Link);

impl Floor {
    /// Loads and attaches it.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn attach() -> Result<Self> {
        // The link keeps the program; what remains of the object may go.
        let mut slot = MaybeUninit::uninit();
        let loaded = skel::FloorSkelBuilder::default().open(&mut slot)?.load()?;
        Ok(Self(loaded.progs.nothing.attach()?))
    }
}

/// A running bpftrace that counts system calls of one program. Dropped, it ends.
#[derive(Debug)]
pub struct Bpftrace {
    child: Child,
    output: BufReader<ChildStdout>,
}

/// Where bpftrace looks at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// As it begins.
    Entry,
    /// As it ends, where wasmscope does.
    Exit,
}

impl Bpftrace {
    /// Counts, by number, the system calls of threads with this name.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn count(name: &str, at: At) -> Result<Self> {
        let point = match at {
            At::Entry => "sys_enter",
            At::Exit => "sys_exit",
        };
        let program = format!(
            "BEGIN {{ printf(\"ready\\n\"); }} \
             tracepoint:raw_syscalls:{point} /comm == \"{name}\"/ {{ @[args->id] = count(); }}"
        );
        let mut child = Command::new("bpftrace")
            .args(["-q", "-e", &program])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting bpftrace (`make setup` installs it)")?;
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut started = Self { child, output };
        let mut line = String::new();
        while line.trim() != "ready" {
            line.clear();
            ensure!(started.output.read_line(&mut line)? > 0, "bpftrace does not run: try {program:?}");
        }
        thread::sleep(ATTACHING);
        Ok(started)
    }

    /// Ends it and gives how often it saw this system call.
    ///
    /// # Errors
    /// It said nothing of it.
    pub fn finish(mut self, call: i64) -> Result<u64> {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let mut text = String::new();
        self.output.read_to_string(&mut text)?;
        let found = text.lines().find_map(|line| line.strip_prefix(&format!("@[{call}]: ")));
        found
            .with_context(|| format!("bpftrace saw no call {call}: {text}"))?
            .trim()
            .parse()
            .context("bpftrace")
    }
}

impl Drop for Bpftrace {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let _ = self.child.wait();
    }
}
