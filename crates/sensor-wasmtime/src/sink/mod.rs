//! Where events go.

mod agent;
mod channel;
mod lines;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;

pub use agent::AgentSink;
pub use channel::ChannelSink;
pub use lines::{LineWriter, LinesSink};
#[cfg(feature = "opentelemetry")]
pub use opentelemetry::OpenTelemetrySink;

use crate::Event;

/// Takes events. It is called on the guest's thread, between the guest's instructions: it must not block, and what it
/// cannot take it counts.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use wasmscope_sensor_wasmtime::{Event, Sink};
///
/// /// Counts, and forgets.
/// #[derive(Default)]
/// struct Counting(AtomicU64);
///
/// impl Sink for Counting {
///     fn take(&self, _: Event) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Sink: Send + Sync {
    /// An event.
    fn take(&self, event: Event);

    /// How many events did not reach their destination so far, as far as the sink knows.
    fn lost(&self) -> u64 {
        0
    }
}
