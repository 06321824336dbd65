//! Reading samples.

use super::skel::types::sample_record;
use crate::record::{AnyBytes, view};
use libbpf_rs::{MapHandle, RingBuffer, RingBufferBuilder};
use std::{
    mem,
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Mutex, PoisonError},
};
use wasmscope_model::ProcessKey;

// SAFETY: integers only.
unsafe impl AnyBytes for sample_record {}

/// A moment in which a thread ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Its process.
    pub process: ProcessKey,
    /// The thread.
    pub tid: u32,
    /// The address in user space that it ran at, or at which it had entered the kernel: behind the `syscall`
    /// instruction, or at the instruction that faulted or was interrupted.
    pub ip: u64,
    /// Whether it was in the kernel.
    pub in_kernel: bool,
    /// When: `CLOCK_MONOTONIC`, in nanoseconds.
    pub monotonic_ns: u64,
    /// CPU time that the sample stands for, in nanoseconds.
    pub cpu_ns: u64,
}

impl Sample {
    /// Decodes one ring-buffer sample; `None` for one that is too short.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let record: sample_record = view(bytes)?;
        Some(Self {
            process: ProcessKey::from_kernel(record.pid, record.start_ns, record.start_stack),
            tid: record.tid,
            ip: record.ip,
            in_kernel: record.in_kernel != 0,
            monotonic_ns: record.time_ns,
            cpu_ns: record.cpu_ns,
        })
    }
}

#[derive(Debug, Default)]
struct Pending {
    samples: Vec<Sample>,
    decode_errors: u64,
}

/// The reading end of the sampler's ring. It must have only one reader.
///
/// The kernel wakes nobody for a sample, as long as the ring is not more than a quarter full (10 s of one busy CPU):
/// read it about once a second, or before samples are to be shown. Whoever has other descriptors to wait for can add
/// this one ([`AsFd`], readable when there is anything), and is woken in the rare case that there is much.
pub struct SampleRing {
    ring: RingBuffer<'static>,
    pending: Arc<Mutex<Pending>>,
}

impl std::fmt::Debug for SampleRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleRing").finish_non_exhaustive()
    }
}

impl SampleRing {
    pub(super) fn new(map: &MapHandle) -> libbpf_rs::Result<Self> {
        let pending = Arc::<Mutex<Pending>>::default();
        let arrived = Arc::clone(&pending);
        let mut builder = RingBufferBuilder::new();
        builder.add(map, move |bytes| {
            let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
            match Sample::decode(bytes) {
                Some(sample) => arrived.samples.push(sample),
                None => arrived.decode_errors += 1,
            }
            0
        })?;
        Ok(Self { ring: builder.build()?, pending })
    }

    /// Delivers what has arrived, and does not wait for more.
    ///
    /// # Errors
    /// The kernel refuses to read the ring, which it does not.
    pub fn consume(&mut self, sink: impl FnMut(Sample)) -> libbpf_rs::Result<()> {
        self.ring.consume()?;
        let samples = mem::take(&mut self.locked().samples);
        samples.into_iter().for_each(sink);
        Ok(())
    }

    /// Samples so far that were not understood.
    pub fn decode_errors(&self) -> u64 {
        self.locked().decode_errors
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for SampleRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the epoll descriptor belongs to the ring, which outlives this borrow.
        unsafe { BorrowedFd::borrow_raw(self.ring.epoll_fd()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_decode_or_do_not(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            prop_assert_eq!(Sample::decode(&bytes).is_some(), bytes.len() >= size_of::<sample_record>());
        }
    }
}
