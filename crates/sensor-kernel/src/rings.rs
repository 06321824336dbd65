//! Draining the rings. Lives on the thread that reads; everything else talks to it through its callback.

use crate::record::decode;
use libbpf_rs::{MapHandle, RingBufferBuilder};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, atomic::{AtomicU64, Ordering}},
};
use wasmscope_model::Record;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
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
    pub(crate) decode_errors: Arc<AtomicU64>,
}

impl Rings {
    /// Delivers records to `sink`, in order within each ring, until `stop` becomes readable.
    ///
    /// # Errors
    /// The kernel refuses to map or poll the rings.
    pub fn drain(&self, stop: BorrowedFd<'_>, mut sink: impl FnMut(Record)) -> Result<(), DrainError> {
        let sink = std::cell::RefCell::new(&mut sink);
        let deliver = |sample: &[u8]| {
            match decode(sample) {
                Some(record) => (sink.borrow_mut())(record),
                None => {
                    self.decode_errors.fetch_add(1, Ordering::Relaxed);
                }
            }
            0
        };
        let mut builder = RingBufferBuilder::new();
        // Lifecycle first: a hint about a process is of no use before its exec.
        builder.add(&self.lifecycle, deliver)?;
        builder.add(&self.hint, deliver)?;
        let rings = builder.build()?;
        // SAFETY: the epoll descriptor belongs to `rings`, which outlives this borrow.
        let epoll = unsafe { BorrowedFd::borrow_raw(rings.epoll_fd()) };
        loop {
            match wait(epoll, stop, None)? {
                Wake::Other => {
                    rings.consume()?; // what came before the stop is still delivered
                    return Ok(());
                }
                Wake::Records | Wake::Timeout => rings.consume()?,
            }
        }
    }
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
