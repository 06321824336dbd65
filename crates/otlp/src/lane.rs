//! What waits of one signal: a state machine without I/O or a clock of its own.

use crate::{
    Signal,
    counts::{Counts, Loss, Tally},
    encode::Envelope,
    retry::Backoff,
    send::Answer,
};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// How much may wait, and how long is waited for what.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Events that the exporter has not looked at yet.
    pub events: usize,
    /// Items of a signal that wait. Of logs, the last quarter is for warnings, errors and detections only.
    pub items: u64,
    /// Their bytes.
    pub bytes: usize,
    /// Items in one request.
    pub batch_items: u64,
    /// Their bytes. Collectors take 4 MiB in gRPC unless told otherwise, and many a proxy before one takes 1 MiB.
    pub batch_bytes: usize,
    /// After this time a request goes out with what there is.
    pub delay: Duration,
    /// When to try again.
    pub backoff: Backoff,
}

impl Default for Limits {
    /// 16 MiB of each signal; an outage of the collector of half a minute at 2,000 events a second loses nothing.
    fn default() -> Self {
        Self {
            events: 16_384,
            items: 65_536,
            bytes: 16 << 20,
            batch_items: 4096,
            batch_bytes: 512 << 10,
            delay: Duration::from_secs(1),
            backoff: Backoff::default(),
        }
    }
}

/// Items, encoded with their tags.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    items: u64,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this, and [`answered`](Lane::answered).
    Send(Bytes),
    /// Nothing before this time, unless something is added.
    At(Instant),
    /// Nothing, until something is added.
    Idle,
    /// Nothing any more.
    Done,
}

/// What waits of one signal.
#[derive(Debug)]
pub(crate) struct Lane {
    signal: Signal,
    envelope: Envelope,
    limits: Limits,
    counts: Arc<Counts>,
    /// The one that grows, and when its first item came.
    open: Batch,
    opened: Option<Instant>,
    ready: VecDeque<Batch>,
    /// The request that is sent, or will be again, its items and its bytes.
    sending: Option<(Bytes, u64)>,
    failures: u32,
    not_before: Option<Instant>,
    closing: bool,
    /// Of all that wait.
    items: u64,
    bytes: usize,
}

impl Lane {
    pub(crate) fn new(signal: Signal, envelope: Envelope, limits: Limits, counts: Arc<Counts>) -> Self {
        Self {
            signal,
            envelope,
            limits,
            counts,
            open: Batch::default(),
            opened: None,
            ready: VecDeque::new(),
            sending: None,
            failures: 0,
            not_before: None,
            closing: false,
            items: 0,
            bytes: 0,
        }
    }

    fn tally(&self) -> &Tally {
        self.counts.of(self.signal)
    }

    /// Takes what `write` writes, which counts as so many items; or loses it, where there is no room. What is not urgent may
    /// not take the last quarter of the room.
    pub(crate) fn add(&mut self, now: Instant, items: u64, urgent: bool, write: impl FnOnce(&mut Vec<u8>)) {
        self.tally().made(items);
        let share = |all: u64| if urgent { all } else { all - all / 4 };
        let begun = self.open.bytes.len();
        write(&mut self.open.bytes);
        let bytes = self.open.bytes.len() - begun;
        let fits = self.items + items <= share(self.limits.items)
            && (self.bytes + bytes) as u64 <= share(self.limits.bytes as u64);
        if !fits {
            self.open.bytes.truncate(begun);
            self.tally().lost(Loss::QueueFull, items);
            return;
        }
        self.items += items;
        self.bytes += bytes;
        if begun > 0 && begun + bytes > self.limits.batch_bytes {
            let last = self.open.bytes.split_off(begun);
            self.shut();
            self.open.bytes = last;
        }
        self.open.items += items;
        self.opened.get_or_insert(now);
        if self.open.items >= self.limits.batch_items || self.open.bytes.len() >= self.limits.batch_bytes {
            self.shut();
        }
    }

    /// Everything that waits is of no use any more, because what comes now says the same and more. What is being sent stays.
    pub(crate) fn supersede(&mut self) {
        self.shut();
        for old in self.ready.drain(..) {
            self.items -= old.items;
            self.bytes -= old.bytes.len();
            self.counts.of(self.signal).lost(Loss::Superseded, old.items);
        }
    }

    /// The growing batch grows no more.
    pub(crate) fn shut(&mut self) {
        self.opened = None;
        if self.open.items > 0 {
            let full = std::mem::take(&mut self.open);
            // The next one will be as large.
            self.open.bytes.reserve(full.bytes.len().min(self.limits.batch_bytes / 4));
            self.ready.push_back(full);
        }
    }

    /// Nothing will be added.
    pub(crate) fn close(&mut self) {
        self.shut();
        self.closing = true;
    }

    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            return Next::At(at);
        }
        if let Some((request, _)) = &self.sending {
            return Next::Send(request.clone());
        }
        if self.ready.is_empty() {
            match self.opened.map(|opened| opened + self.limits.delay) {
                Some(due) if due > now => return Next::At(due),
                Some(_) => self.shut(),
                None => {}
            }
        }
        let Some(batch) = self.ready.pop_front() else {
            return if self.closing { Next::Done } else { Next::Idle };
        };
        let request = self.envelope.request(&batch.bytes);
        self.bytes = self.bytes - batch.bytes.len() + request.len();
        self.sending = Some((request.clone(), batch.items));
        Next::Send(request)
    }

    /// Items that came to nothing before they were written.
    pub(crate) fn lose(&self, why: Loss, items: u64) {
        self.tally().made(items);
        self.tally().lost(why, items);
    }

    /// What became of the request. `random` from 0 to 1. Gives the signal, for what is said about it.
    pub(crate) fn answered(&mut self, now: Instant, answer: &Answer, random: f64) -> Signal {
        if let Answer::Later { after, .. } = answer {
            self.failures = self.failures.saturating_add(1);
            self.not_before = Some(now + self.limits.backoff.wait(self.failures, *after, random));
            return self.signal;
        }
        (self.failures, self.not_before) = (0, None);
        let Some((request, items)) = self.sending.take() else { return self.signal };
        self.items -= items;
        self.bytes -= request.len();
        match answer {
            Answer::Taken { rejected, .. } => {
                let rejected = (*rejected).min(items);
                self.tally().delivered(items - rejected);
                self.tally().lost(Loss::Rejected, rejected);
            }
            Answer::Refused { why, .. } => self.tally().lost(*why, items),
            Answer::Later { .. } => {}
        }
        self.signal
    }

    /// The end: what still waits is lost.
    pub(crate) fn give_up(&mut self) {
        self.shut();
        self.ready.clear();
        self.sending = None;
        self.tally().lost(Loss::Unsent, self.items);
        (self.items, self.bytes) = (0, 0);
    }
}

#[cfg(test)]
mod tests;
