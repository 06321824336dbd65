//! What the thread does: events and snapshots become items, and each signal's items go their own way.

use super::{End, Health, Shared, drain, times::Times};
use crate::{
    Signal,
    counts::Loss,
    encode::{
        ids::{self, Share},
        log, metrics, span,
    },
    lane::{Lane, Next},
    send::Client,
};
use crossbeam_channel::Receiver;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::Notify,
    task::{JoinHandle, spawn_blocking},
    time::{sleep, sleep_until, timeout_at},
};
use wasmscope_export::{Encoder, Snapshot, Source};
use wasmscope_model::{Event, EventKind, WorkloadId};

/// Events are looked at so often at most: whoever wakes a thread for each of them pays more for that than for all else.
const GATHER: Duration = Duration::from_millis(100);
/// Workloads whose span has begun; those beyond have none. One takes about a kilobyte.
const MOST_BEGUN: usize = 16_384;
/// What the source is given for a snapshot.
const SNAPSHOT: Duration = Duration::from_secs(3);

/// A signal's way out.
pub(super) struct Sending {
    lane: Arc<Mutex<Lane>>,
    wake: Arc<Notify>,
    /// What sends, until it is started.
    client: Option<(Client, Arc<Health>)>,
    task: Option<JoinHandle<()>>,
}

impl Sending {
    pub(super) fn new(lane: Lane, client: Client, health: Arc<Health>) -> Self {
        Self {
            lane: Arc::new(Mutex::new(lane)),
            wake: Arc::default(),
            client: Some((client, health)),
            task: None,
        }
    }

    fn start(&mut self) {
        let Some((client, health)) = self.client.take() else { return };
        self.task =
            Some(tokio::spawn(send_all(Arc::clone(&self.lane), Arc::clone(&self.wake), client, health)));
    }

    fn lane(&self) -> MutexGuard<'_, Lane> {
        lock(&self.lane)
    }
}

/// Sends until the lane says that there is nothing left.
async fn send_all(lane: Arc<Mutex<Lane>>, wake: Arc<Notify>, mut client: Client, health: Arc<Health>) {
    let place = client.place();
    loop {
        let next = lock(&lane).next(Instant::now());
        match next {
            Next::Send(request) => {
                let answer = client.send(request).await;
                let signal = lock(&lane).answered(Instant::now(), &answer, rand::random());
                health.note(&place, signal, &answer);
            }
            Next::At(at) => {
                tokio::select! {
                    () = sleep_until(at.into()) => {}
                    () = wake.notified() => {}
                }
            }
            Next::Idle => wake.notified().await,
            Next::Done => return,
        }
    }
}

/// A panic while it was held is one of ours, and the rest of the agent is worth more than this lane.
fn lock(lane: &Mutex<Lane>) -> MutexGuard<'_, Lane> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Worker {
    shared: Arc<Shared>,
    events: Receiver<Arc<Event>>,
    sendings: [Option<Sending>; 3],
    source: Option<Arc<dyn Source>>,
    interval: Duration,
    share: Option<Share>,
    begun: HashMap<WorkloadId, span::Begun>,
    encoder: Encoder,
    started: Duration,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        events: Receiver<Arc<Event>>,
        sendings: [Option<Sending>; 3],
        source: Option<Arc<dyn Source>>,
        interval: Duration,
        share: Option<Share>,
    ) -> Self {
        Self {
            shared,
            events,
            sendings,
            source,
            interval,
            share,
            begun: HashMap::new(),
            encoder: Encoder::default(),
            started: unix_now(),
        }
    }

    pub(super) async fn run(mut self) {
        self.sendings.iter_mut().flatten().for_each(Sending::start);
        let mut measure_at = tokio::time::Instant::now() + self.interval;
        let end = loop {
            if let Some(end) = self.shared.end.lock().unwrap_or_else(PoisonError::into_inner).take() {
                break end;
            }
            self.shared.asleep.store(true, Ordering::SeqCst);
            std::sync::atomic::fence(Ordering::SeqCst);
            if self.events.is_empty() {
                tokio::select! {
                    () = self.shared.wake.notified() => {}
                    () = sleep_until(measure_at) => {}
                }
            }
            self.shared.asleep.store(false, Ordering::SeqCst);
            if tokio::time::Instant::now() >= measure_at {
                measure_at += self.interval;
                // A snapshot that took longer than the interval, or a host that was suspended: no catching up.
                measure_at = measure_at.max(tokio::time::Instant::now());
                self.measure().await;
            }
            if !self.events.is_empty() {
                tokio::select! {
                    () = sleep(GATHER) => {}
                    // Only the end wakes while nobody is asleep.
                    () = self.shared.wake.notified() => {}
                }
                self.take_events();
            }
        };
        self.finish(end).await;
    }

    /// Delivers the rest, as long as there is time.
    async fn finish(mut self, end: End) {
        self.take_events();
        if let Some(snapshot) = end.snapshot {
            self.add_metrics(*snapshot);
        }
        for sending in self.sendings.iter_mut().flatten() {
            sending.lane().close();
            sending.wake.notify_one();
        }
        for sending in self.sendings.iter_mut().flatten() {
            if let Some(task) = &mut sending.task
                && timeout_at(end.until.into(), &mut *task).await.is_err()
            {
                task.abort();
                // It holds the lane no more.
                let _ = task.await;
            }
            sending.lane().give_up();
        }
    }

    async fn measure(&mut self) {
        let Some(source) = self.source.clone() else { return };
        if self.sendings[Signal::Metrics as usize].is_none() {
            return;
        }
        let mut asked = spawn_blocking(move || source.snapshot(SNAPSHOT));
        let answer = loop {
            tokio::select! {
                answer = &mut asked => break answer,
                // Whoever ends the agent does not answer any more, and brings the last numbers along.
                () = self.shared.wake.notified() => if self.is_ending() { return },
            }
        };
        match answer {
            Ok(Some(snapshot)) => self.add_metrics(snapshot),
            Ok(None) | Err(_) => tracing::debug!("the agent did not give its numbers in time"),
        }
    }

    fn is_ending(&self) -> bool {
        self.shared.end.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn add_metrics(&mut self, snapshot: Snapshot) {
        let Some(sending) = &self.sendings[Signal::Metrics as usize] else { return };
        let table = self.encoder.table(snapshot);
        let mut lane = sending.lane();
        lane.supersede();
        let now = Instant::now();
        metrics::metrics(&table, self.started, unix_now(), |bytes, points| {
            lane.add(now, points, true, |out| out.extend_from_slice(bytes));
        });
        lane.shut();
        sending.wake.notify_one();
    }

    fn take_events(&mut self) {
        let (now, observed) = (Instant::now(), nanos(unix_now()));
        let [_, logs, traces] = &self.sendings;
        let mut times = Times::default();
        let mut logs = logs.as_ref().map(Sending::lane);
        let mut traces = traces.as_ref().map(Sending::lane);
        for event in drain(&self.events) {
            let at = times.unix_ns(&event.time).unwrap_or(observed);
            let span = self.share.and_then(|share| span_of(&event, share));
            if let Some(lane) = &mut logs {
                let ids = span.map(|(workload, call)| {
                    (ids::trace(workload), call.map_or(ids::root(workload), u64::to_be_bytes))
                });
                let urgent = log::is_urgent(&event.kind);
                lane.add(now, 1, urgent, |out| log::log(out, &event, at, observed, ids));
            }
            let (Some(lane), Some((workload, call))) = (&mut traces, span) else { continue };
            match (&event.kind, call) {
                (EventKind::Started { workload: of, .. } | EventKind::Identified { workload: of, .. }, _)
                    if self.begun.len() < MOST_BEGUN || self.begun.contains_key(&workload) =>
                {
                    self.begun.insert(workload, span::Begun::new(of));
                }
                (EventKind::Exited { .. }, _) => match self.begun.remove(&workload) {
                    Some(begun) => {
                        lane.add(now, 1, true, |out| span::workload(out, workload, &begun, &event, at))
                    }
                    None => lane.lose(Loss::QueueFull, 1),
                },
                (EventKind::HostCall(of), Some(id)) => lane.add(now, 1, false, |out| {
                    span::call(out, &event, workload, &of.what.what, id, at);
                }),
                _ => {}
            }
        }
        drop((logs, traces));
        for sending in self.sendings[Signal::Logs as usize..].iter().flatten() {
            sending.wake.notify_one();
        }
    }
}

/// The workload that an event belongs to, and the span of the host call that it is, if that is taken.
fn span_of(event: &Event, share: Share) -> Option<(WorkloadId, Option<u64>)> {
    let workload = event.kind.workload()?;
    let call = match &event.kind {
        EventKind::HostCall(of) => Some(ids::call(workload, &of.what.instance, event.monotonic_ns)),
        _ => None,
    };
    Some((workload, call.filter(|id| share.has(*id))))
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
