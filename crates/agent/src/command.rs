//! `watch -- COMMAND`: a child that waits until it is observed before it runs its program.

use crossbeam_channel::{Receiver, bounded};
use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    process::{Child, Command, ExitStatus},
    thread::{self, JoinHandle},
};

/// A child process that has not executed its program yet.
#[derive(Debug)]
pub struct Held {
    /// Its process id.
    pub pid: u32,
    gate: std::io::PipeWriter,
    spawning: JoinHandle<io::Result<Child>>,
}

/// Forks the child and holds it just before `execve`.
///
/// # Errors
/// No process or pipe can be made.
pub fn hold(program: &OsString, args: &[OsString]) -> io::Result<Held> {
    let (mut says_pid, tell_pid) = io::pipe()?;
    let (gate_read, gate) = io::pipe()?;
    let mut command = Command::new(program);
    command.args(args);
    let (tell, wait, gate_in_child) = (tell_pid.as_raw_fd(), gate_read.as_raw_fd(), gate.as_raw_fd());
    // SAFETY: only async-signal-safe calls, on descriptors that stay open until the spawn returns.
    unsafe {
        command.pre_exec(move || {
            let pid = libc::getpid().to_ne_bytes();
            // The child's own copy of the writing end would keep its read from ever ending.
            libc::close(gate_in_child);
            libc::write(tell, pid.as_ptr().cast(), pid.len());
            let mut byte = 0u8;
            match libc::read(wait, (&raw mut byte).cast(), 1) {
                1 => Ok(()),
                _ => Err(io::Error::from_raw_os_error(libc::ECANCELED)),
            }
        });
    }
    // `spawn` returns only after the child's `execve`, so it has a thread of its own.
    let spawning = thread::Builder::new().name("spawn".into()).spawn(move || {
        let _open_until_spawned = (tell_pid, gate_read);
        command.spawn()
    })?;
    let mut pid = [0; 4];
    match says_pid.read_exact(&mut pid) {
        Ok(()) => Ok(Held { pid: u32::from_ne_bytes(pid), gate, spawning }),
        // The child was not even forked: the spawn knows why.
        Err(e) => match spawning.join() {
            Ok(Err(reason)) => Err(reason),
            _ => Err(e),
        },
    }
}

impl Held {
    /// Lets the child run its program and waits for its end on a thread of its own.
    pub(crate) fn start(self) -> io::Result<Started> {
        let pid = rustix::process::Pid::from_raw(self.pid as i32).expect("a process id is not 0");
        // Before the child can end and its id be reused.
        let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        let mut child = self.release()?;
        let (tell_ended, ended) = bounded(1);
        let waiting = thread::Builder::new().name("wait".into()).spawn(move || {
            let status = child.wait();
            let _ = tell_ended.send(());
            status
        })?;
        Ok(Started { handle, ended, waiting })
    }

    /// Lets the child run its program.
    ///
    /// # Errors
    /// The program cannot be executed.
    pub fn release(mut self) -> io::Result<Child> {
        self.gate.write_all(&[1])?;
        drop(self.gate);
        self.spawning.join().unwrap_or_else(|_| Err(io::Error::other("the spawning thread panicked")))
    }
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Started {
    handle: OwnedFd,
    /// Told when it has ended.
    pub(crate) ended: Receiver<()>,
    waiting: JoinHandle<io::Result<ExitStatus>>,
}

impl Started {
    /// Its exit status; blocks until it has ended.
    pub(crate) fn status(self) -> Option<ExitStatus> {
        self.waiting.join().ok()?.ok()
    }

    /// Asks it to end: who stops watching before the command has ended leaves nothing behind.
    pub(crate) fn terminate(&self) {
        // An error means that it has ended by itself.
        let _ = rustix::process::pidfd_send_signal(&self.handle, rustix::process::Signal::TERM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_has_the_pid_that_was_told_and_runs_when_released() {
        let folder = std::env::temp_dir().join(format!("wasmscope-held-{}", std::process::id()));
        let held = hold(&"touch".into(), &[folder.clone().into()]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!folder.exists());
        let pid = held.pid;
        let mut child = held.release().unwrap();
        assert_eq!(child.id(), pid);
        assert!(child.wait().unwrap().success());
        assert!(folder.exists());
        std::fs::remove_file(folder).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_on_release() {
        let held = hold(&"/nonexistent/program".into(), &[]).unwrap();
        assert_eq!(held.release().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
