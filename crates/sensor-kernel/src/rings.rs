//! Draining the rings. Lives on the thread that reads; everything else talks to it through its callback.

use crate::record::decode;
use libbpf_rs::{MapHandle, RingBufferBuilder};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    cell::RefCell,
    os::fd::{AsFd, BorrowedFd},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use wasmscope_model::Record;

/// While awake, the rings are looked at so often.
const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
/// So long after the last record. Much longer than `WAKE_EVERY_NS` of the `calls` probe, within which it wakes nobody.
const STAY_AWAKE_NS: u64 = 20_000_000;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// Records were delivered.
    Records,
    /// The other descriptor became readable.
    Other,
    /// Time ran out.
    Timeout,
}

/// The rings of a loaded sensor, and how many samples were not understood.
#[derive(Debug)]
pub struct Rings {
    pub(crate) lifecycle: MapHandle,
    pub(crate) hint: MapHandle,
    pub(crate) call: MapHandle,
    pub(crate) arrivals: Arc<Arrivals>,
}

/// Which ring a record came through: each has its own losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Starts, execs, forks, ends.
    Lifecycle,
    /// Reservations, module reads, map changes.
    Hint,
    /// Calls and signals of workloads.
    Call,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lifecycle, Self::Hint, Self::Call];

    /// As the ledger calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Hint => "hint",
            Self::Call => "call",
        }
    }
}

/// What came out of the rings, by family: `received = decoded + undecodable`.
#[derive(Debug, Default)]
pub struct Arrivals {
    received: [AtomicU64; 3],
    undecodable: [AtomicU64; 3],
}

impl Arrivals {
    /// Samples taken out of the ring.
    pub fn received(&self, family: Family) -> u64 {
        self.received[family as usize].load(Ordering::Relaxed)
    }

    /// Samples of them that made no sense.
    pub fn undecodable(&self, family: Family) -> u64 {
        self.undecodable[family as usize].load(Ordering::Relaxed)
    }

    /// Decodes one sample, and counts it.
    fn take(&self, family: Family, sample: &[u8]) -> Option<Record> {
        self.received[family as usize].fetch_add(1, Ordering::Relaxed);
        let record = decode(sample);
        if record.is_none() {
            self.undecodable[family as usize].fetch_add(1, Ordering::Relaxed);
        }
        record
    }
}

impl Rings {
    /// Delivers records to `sink`, in the order in which they happened, until `stop` becomes readable.
    ///
    /// # Errors
    /// The kernel refuses to map or poll the rings.
    pub fn drain(
        &self,
        stop: BorrowedFd<'_>,
        mut sink: impl FnMut(Family, Record),
    ) -> Result<(), DrainError> {
        let pending = RefCell::new(Vec::new());
        let mut builder = RingBufferBuilder::new();
        let rings = [&self.lifecycle, &self.hint, &self.call];
        for (ring, family) in rings.into_iter().zip(Family::ALL) {
            let pending = &pending;
            builder.add(ring, move |sample: &[u8]| {
                if let Some(record) = self.arrivals.take(family, sample) {
                    pending.borrow_mut().push((family, record));
                }
                0
            })?;
        }
        let rings = builder.build()?;
        // SAFETY: the epoll descriptor belongs to `rings`, which outlives this borrow.
        let epoll = unsafe { BorrowedFd::borrow_raw(rings.epoll_fd()) };
        // Not every record of a call wakes us: after one that does, we look again and again for a while.
        let mut awake_until = 0;
        loop {
            let more = !pending.borrow().is_empty();
            let pause = if more {
                Some(Timespec::default())
            } else {
                (monotonic_ns() < awake_until).then_some(LOOK_AGAIN)
            };
            let wake = wait(epoll, stop, pause.as_ref())?;
            // A process's exit and its last hint come through different rings. What happened before this moment is
            // in one of them now; what came later waits for the next pass, so that nothing overtakes.
            let until = if wake == Wake::Other { u64::MAX } else { monotonic_ns() };
            rings.consume()?;
            let due = take_until(&mut pending.borrow_mut(), until);
            if !due.is_empty() {
                awake_until = monotonic_ns() + STAY_AWAKE_NS;
            }
            for (family, record) in due {
                sink(family, record);
            }
            if wake == Wake::Other {
                return Ok(());
            }
        }
    }
}

/// Removes the records up to `until`, in order of time.
fn take_until(pending: &mut Vec<(Family, Record)>, until: u64) -> Vec<(Family, Record)> {
    pending.sort_by_key(|(_, record)| record.head().monotonic_ns);
    let later = pending.partition_point(|(_, record)| record.head().monotonic_ns <= until);
    pending.drain(..later).collect()
}

fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Why draining ended early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// libbpf refused.
    #[error("cannot read the event rings: {0}")]
    Ring(#[from] libbpf_rs::Error),
    /// poll(2) failed.
    #[error("cannot wait for events: {0}")]
    Poll(#[from] rustix::io::Errno),
}

fn wait(records: impl AsFd, other: impl AsFd, timeout: Option<&Timespec>) -> Result<Wake, rustix::io::Errno> {
    let mut fds = [PollFd::new(&records, PollFlags::IN), PollFd::new(&other, PollFlags::IN)];
    match poll(&mut fds, timeout) {
        Err(rustix::io::Errno::INTR) => Ok(Wake::Timeout),
        Err(e) => Err(e),
        Ok(0) => Ok(Wake::Timeout),
        Ok(_) if !fds[1].revents().is_empty() => Ok(Wake::Other),
        Ok(_) => Ok(Wake::Records),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_model::{Head, Pid, ProcessKey};

    #[test]
    fn records_of_two_rings_come_in_order_and_nothing_overtakes() {
        let exit = |monotonic_ns| {
            let process = ProcessKey::from_kernel(1, 0, 0);
            let head = Head { process, tid: 1, parent: Pid(0), monotonic_ns };
            (Family::Lifecycle, Record::Exit { head, wait_status: 0 })
        };
        let mut pending = vec![exit(5), exit(30), exit(3), exit(10)];
        let times = |records: &[(Family, Record)]| {
            records.iter().map(|(_, record)| record.head().monotonic_ns).collect::<Vec<_>>()
        };
        assert_eq!(times(&take_until(&mut pending, 10)), [3, 5, 10]);
        assert_eq!(times(&pending), [30]);
    }

    #[test]
    fn what_makes_no_sense_is_counted() {
        let arrivals = Arrivals::default();
        assert!(arrivals.take(Family::Call, b"garbage").is_none());
        assert!(arrivals.take(Family::Call, &[0xff; 4096]).is_none());
        assert_eq!((arrivals.received(Family::Call), arrivals.undecodable(Family::Call)), (2, 2));
        assert_eq!(arrivals.received(Family::Hint), 0);
    }
}
