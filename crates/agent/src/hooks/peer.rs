//! One process that tells what its hooks see.

use std::{
    io::{self, Read as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::{Duration, Instant},
};
use wasmscope_model::{Pid, ProcessKey, boundary::MOST_LINE_BYTES};
use wasmscope_sensor_proc::Process;

/// Read from one peer in a second at most: about ten thousand calls.
const BYTES_PER_SECOND: usize = 8 << 20;
/// Read at once.
const CHUNK: usize = 64 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// A connection.
pub(super) struct Peer {
    stream: UnixStream,
    /// Who connected. Without a start time where the process ended before it could be looked at.
    pub(super) process: ProcessKey,
    /// What was read and is not taken.
    pending: Vec<u8>,
    /// The watch loop was too slow for what is pending.
    refused: bool,
    since: Instant,
    spent: usize,
}

/// What became of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// There is nothing now, or nothing more is wanted for a while.
    Later,
    /// The peer closed.
    Ended,
    /// A line is longer than any event.
    TooLong,
}

impl Peer {
    /// # Errors
    /// The kernel does not say who it is.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        let pid = rustix::net::sockopt::socket_peercred(&stream)?.pid.as_raw_nonzero().get() as u32;
        let ended = ProcessKey { pid: Pid(pid), start_ticks: 0, exec_stamp: 0 };
        let process = Process::open(pid).map_or(ended, |process| *process.key());
        stream.set_nonblocking(true)?;
        Ok(Self { stream, process, pending: Vec::new(), refused: false, since: Instant::now(), spent: 0 })
    }

    /// Whether it has some of its budget left, and what it told before was taken.
    pub(super) fn may_read(&self) -> bool {
        !self.refused && (self.spent < BYTES_PER_SECOND || self.since.elapsed() >= SECOND)
    }

    /// Whether something of it was read that is not taken.
    pub(super) fn waits(&self) -> bool {
        self.refused
    }

    /// Passes on each whole line; `take` says whether it could be taken.
    pub(super) fn read(&mut self, mut take: impl FnMut(&[u8]) -> bool) -> Read {
        if self.since.elapsed() >= SECOND {
            (self.since, self.spent) = (Instant::now(), 0);
        }
        loop {
            if !self.pass_on(&mut take) {
                self.refused = true;
                return Read::Later;
            }
            self.refused = false;
            if self.pending.len() > MOST_LINE_BYTES {
                return Read::TooLong;
            }
            if self.spent >= BYTES_PER_SECOND {
                return Read::Later;
            }
            let before = self.pending.len();
            self.pending.resize(before + CHUNK, 0);
            let read = self.stream.read(&mut self.pending[before..]);
            self.pending.truncate(before + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Read::Ended,
                Ok(count) => self.spent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // A peer with nothing to say keeps no memory.
                    if self.pending.is_empty() {
                        self.pending = Vec::new();
                    }
                    return Read::Later;
                }
                Err(_) => return Read::Ended,
            }
        }
    }

    /// Takes whole lines from the front; false if one could not be taken.
    fn pass_on(&mut self, take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let mut done = 0;
        let mut taken = true;
        while let Some(length) = self.pending[done..].iter().position(|byte| *byte == b'\n') {
            taken = take(&self.pending[done..done + length]);
            if !taken {
                break;
            }
            done += length + 1;
        }
        self.pending.drain(..done);
        taken
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
