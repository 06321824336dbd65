//! The thread that sends.

mod health;
mod times;
mod worker;

use crate::{
    Config, Count, Counts, Signal,
    counts::Loss,
    encode::{Envelope, ids::Share, resource::resource},
    lane::Lane,
    send::Client,
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use health::Health;
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use wasmscope_export::{Snapshot, Source};
use wasmscope_model::{Event, EventKind};
use worker::{Sending, Worker};

/// How the thread is to end.
#[derive(Debug)]
struct End {
    /// The last numbers.
    snapshot: Option<Box<Snapshot>>,
    /// What is not delivered then is lost.
    until: Instant,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    counts: Arc<Counts>,
    /// The thread sleeps until it is woken: nothing has come for a while.
    asleep: AtomicBool,
    wake: Notify,
    end: Mutex<Option<End>>,
}

/// Sends to a collector, on a thread of its own.
#[derive(Debug)]
pub struct Exporter {
    events: Option<Sender<Arc<Event>>>,
    shared: Arc<Shared>,
    /// Whether host calls, and which, become spans; nothing without traces.
    share: Option<Share>,
    logs: bool,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    /// Starts the thread. `source` is asked for the numbers, on a thread where it may block.
    ///
    /// That a collector does not answer is no error: it is told, and tried again.
    ///
    /// # Errors
    /// The host has no thread or file descriptor left.
    pub fn start(config: &Config, source: Option<Arc<dyn Source>>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            // One for names of hosts, one for a snapshot.
            .max_blocking_threads(2)
            .build()?;
        let shared = Arc::new(Shared::default());
        let envelope = Envelope::new(&resource(config.service.as_deref(), &config.attributes));
        let health = Arc::new(Health::default());
        let sending = |signal: Signal| {
            let route = config.routes[signal as usize].clone()?;
            shared.counts.turn_on(signal);
            let lane = Lane::new(signal, envelope.clone(), config.limits, Arc::clone(&shared.counts));
            Some(Sending::new(lane, Client::new(signal, route), Arc::clone(&health)))
        };
        let sendings = Signal::ALL.map(sending);
        let has = |signal: Signal| config.routes[signal as usize].is_some();
        let share = has(Signal::Traces).then_some(config.share);
        let (send, events) = bounded(config.limits.events);
        let worker = Worker::new(Arc::clone(&shared), events, sendings, source, config.interval, share);
        let thread = thread::Builder::new().name("otlp".into()).spawn(move || {
            runtime.block_on(worker.run());
            // A source that does not return must not keep the agent from ending.
            runtime.shutdown_background();
        })?;
        Ok(Self { events: Some(send), shared, share, logs: has(Signal::Logs), thread: Some(thread) })
    }

    /// Passes an event on; never waits. Losses of the exporter's own are not events for it: each would make another one.
    pub fn send(&self, event: &Arc<Event>) {
        if is_own_loss(&event.kind) {
            return;
        }
        let Some(events) = &self.events else { return };
        match events.try_send(Arc::clone(event)) {
            Ok(()) => {
                // The fence orders the look at the flag behind the event: the other side sets it before it looks for events.
                std::sync::atomic::fence(Ordering::SeqCst);
                if self.shared.asleep.load(Ordering::Relaxed)
                    && self.shared.asleep.swap(false, Ordering::Relaxed)
                {
                    self.shared.wake.notify_one();
                }
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.lose(&event.kind),
        }
    }

    fn lose(&self, kind: &EventKind) {
        let lose = |signal| {
            let tally = self.shared.counts.of(signal);
            tally.made(1);
            tally.lost(Loss::QueueFull, 1);
        };
        if self.logs {
            lose(Signal::Logs);
        }
        // Which calls are taken depends on the time; nobody looks at it any more.
        let span = matches!(kind, EventKind::Exited { .. } | EventKind::HostCall(_));
        if span && self.share.is_some() {
            lose(Signal::Traces);
        }
    }

    /// What became of everything until now.
    pub fn counts(&self) -> Vec<Count> {
        self.shared.counts.list()
    }

    /// Events that the thread has not looked at yet.
    pub fn waiting(&self) -> usize {
        self.events.as_ref().map_or(0, Sender::len)
    }

    /// Events that may wait there.
    pub fn capacity(&self) -> Option<usize> {
        self.events.as_ref()?.capacity()
    }

    /// Delivers the rest and the last numbers, for so long at most. What is left then is lost, and in the counts.
    pub fn finish(mut self, snapshot: Option<Snapshot>, within: Duration) -> Vec<Count> {
        self.end(snapshot, within);
        self.counts()
    }

    fn end(&mut self, snapshot: Option<Snapshot>, within: Duration) {
        let Some(thread) = self.thread.take() else { return };
        self.events = None;
        let end = End { snapshot: snapshot.map(Box::new), until: Instant::now() + within };
        *self.shared.end.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(end);
        self.shared.wake.notify_one();
        let _ = thread.join();
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.end(None, Duration::ZERO);
    }
}

/// Everything that has come.
fn drain(events: &Receiver<Arc<Event>>) -> impl Iterator<Item = Arc<Event>> {
    // Not what comes meanwhile: others want to be served, too.
    events.try_iter().take(events.len())
}

fn is_own_loss(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Lost(loss) if Signal::ALL.iter().any(|signal| signal.family() == loss.family))
}
