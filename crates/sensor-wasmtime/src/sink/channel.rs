//! A bounded channel.

use crate::{Event, Sink};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Passes events to a receiver. When that is too slow, the newest are dropped and counted.
///
/// A receiver that waits in `recv` must be woken by the guest's thread, with a system call. One that looks every few
/// milliseconds (`try_iter`) need not.
///
/// ```
/// use wasmscope_sensor_wasmtime::{ChannelSink, Sensor};
///
/// let (sink, events) = ChannelSink::bounded(1024);
/// let sensor = Sensor::builder().sink(sink).build();
/// drop(sensor.instance("plugin"));
/// assert_eq!(events.try_iter().count(), 2, "it began and it ended");
/// ```
#[derive(Debug)]
pub struct ChannelSink {
    sender: Sender<Event>,
    full: AtomicU64,
    gone: AtomicU64,
}

impl ChannelSink {
    /// A channel of so many events. One with its arguments takes about 300 bytes, and the guest's texts.
    pub fn bounded(capacity: usize) -> (Self, Receiver<Event>) {
        let (sender, receiver) = bounded(capacity);
        (Self { sender, full: AtomicU64::new(0), gone: AtomicU64::new(0) }, receiver)
    }

    /// Dropped because the channel was full.
    pub fn full(&self) -> u64 {
        self.full.load(Relaxed)
    }

    /// Dropped because there was no receiver any more.
    pub fn gone(&self) -> u64 {
        self.gone.load(Relaxed)
    }
}

impl Sink for ChannelSink {
    fn take(&self, event: Event) {
        match self.sender.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => _ = self.full.fetch_add(1, Relaxed),
            Err(TrySendError::Disconnected(_)) => _ = self.gone.fetch_add(1, Relaxed),
        }
    }

    fn lost(&self) -> u64 {
        self.full() + self.gone()
    }
}
