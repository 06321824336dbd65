//! Child processes in groups of their own, ended with all that they started; and what they write, bounded.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use std::{
    collections::VecDeque,
    io::{self, BufRead as _, BufReader, Read},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How often is looked whether something has come true.
const STEP: Duration = Duration::from_millis(2);

/// `CLOCK_MONOTONIC`, nanoseconds: the clock of events.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Asks until the answer is yes or the time is over; tells which.
pub(crate) fn wait_until(within: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + within;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(STEP);
    }
}

/// The value, also if a thread that had it panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process and its group, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) child: Child,
    ended: Option<ExitStatus>,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.process_group(0).spawn()?, ended: None })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the first process has ended. It is not reaped, so that the group's id stays its own.
    pub(crate) fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.ended.is_some()
            || waitid(WaitId::Pid(Pid::from_child(&self.child)), look).is_ok_and(|state| state.is_some())
    }

    /// Asks the first process alone to end.
    pub(crate) fn terminate(&self) {
        if self.ended.is_none() {
            // It may be ending just now.
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        }
    }

    /// Kills all of them, and reaps the first.
    pub(crate) fn kill(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            self.ended = self.child.wait().ok();
        }
        self.ended
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The end of what a pipe brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    /// Reads on a thread of its own, and keeps the last `most` bytes.
    pub(crate) fn follow(mut pipe: impl Read + Send + 'static, most: usize) -> Self {
        let this = Self::default();
        let kept = this.clone();
        thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                let mut kept = lock(&kept.0);
                kept.extend(&piece[..n]);
                let beyond = kept.len().saturating_sub(most);
                kept.drain(..beyond);
            }
        });
        this
    }

    /// What is there by now.
    pub(crate) fn text(&self) -> String {
        let mut bytes = lock(&self.0);
        String::from_utf8_lossy(bytes.make_contiguous()).into_owned()
    }
}

/// Hands each line of a pipe on, with the time at which it was read; lines of more than `most` bytes are left out. Tells how many
/// those were.
pub(crate) fn each_line(pipe: impl Read, most: usize, mut take: impl FnMut(u64, &[u8])) -> u64 {
    let mut reader = BufReader::with_capacity(1 << 16, pipe);
    let (mut line, mut left_out, mut within) = (Vec::new(), 0, false);
    loop {
        line.clear();
        match reader.by_ref().take(most as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return left_out,
            Ok(_) => {}
        }
        let whole = line.ends_with(b"\n");
        if whole && !within {
            take(now_ns(), &line);
        } else if !within {
            left_out += 1;
        }
        within = !whole;
    }
}
