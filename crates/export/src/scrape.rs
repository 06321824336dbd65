//! From a scrape to the source and back: one snapshot at a time, however many ask.

use crate::{
    Snapshot,
    encode::{Encoder, prometheus_text},
    negotiate::Format,
};
use axum::body::Bytes;
use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep_until, timeout},
};

/// What the source is given for a snapshot. Prometheus gives up after 10 s unless told otherwise.
const SNAPSHOT: Duration = Duration::from_secs(3);
/// What a client is kept waiting for a page, encoding included.
const WAIT: Duration = Duration::from_secs(5);
/// A page this young is good for everybody who asks. Any process of the host can reach the port, so this
/// is what keeps a flood of requests from costing the agent more than four snapshots a second.
const FRESH: Duration = Duration::from_millis(250);

/// Where snapshots come from.
pub trait Source: Send + Sync {
    /// Everything known now; `None` when that cannot be had within `timeout`.
    ///
    /// Called on a thread where it may block, never twice at a time, and at most four times a second:
    /// requests in between share an answer. When it takes longer than it may, scrapes are answered with
    /// status 503 until it returns.
    fn snapshot(&self, timeout: Duration) -> Option<Snapshot>;
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    #[error("the agent did not answer in time")]
    Timeout,
    #[error("the agent failed while it answered")]
    Failed,
}

/// A page in all formats.
#[derive(Debug)]
pub(crate) struct Page {
    openmetrics: Bytes,
    /// Made when first asked for: a host is usually scraped in one format only.
    prometheus: OnceLock<Bytes>,
}

impl Page {
    pub(crate) fn body(&self, format: Format) -> Bytes {
        match format {
            Format::OpenMetrics => self.openmetrics.clone(),
            Format::Prometheus => self.prometheus.get_or_init(|| self.to_prometheus()).clone(),
        }
    }

    fn to_prometheus(&self) -> Bytes {
        prometheus_text(&String::from_utf8_lossy(&self.openmetrics)).into()
    }
}

type Answer = Result<Arc<Page>, Unavailable>;

/// Gets pages from the source.
pub(crate) struct Scraper {
    source: Arc<dyn Source>,
    encoder: Mutex<Encoder>,
    /// The answer that is awaited, or fresh.
    current: Mutex<Option<watch::Receiver<Option<Answer>>>>,
}

impl Scraper {
    pub(crate) fn new(source: Arc<dyn Source>) -> Arc<Self> {
        Arc::new(Self { source, encoder: Mutex::default(), current: Mutex::default() })
    }

    /// A page that was begun at most [`FRESH`] ago or is still being made.
    pub(crate) async fn page(self: &Arc<Self>) -> Answer {
        let mut current = self.current();
        match timeout(WAIT, current.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or(Err(Unavailable::Failed)),
            Ok(Err(_)) => Err(Unavailable::Failed),
            Err(_) => Err(Unavailable::Timeout),
        }
    }

    fn current(self: &Arc<Self>) -> watch::Receiver<Option<Answer>> {
        lock(&self.current).get_or_insert_with(|| self.begin()).clone()
    }

    fn begin(self: &Arc<Self>) -> watch::Receiver<Option<Answer>> {
        let (tell, current) = watch::channel(None);
        let scraper = Arc::clone(self);
        tokio::spawn(async move {
            let fresh_until = Instant::now() + FRESH;
            let blocking = Arc::clone(&scraper);
            // An error is a panic of the source.
            let answer = spawn_blocking(move || blocking.get()).await.unwrap_or(Err(Unavailable::Failed));
            let _ = tell.send(Some(answer));
            sleep_until(fresh_until).await;
            // Megabytes are not kept from one scrape to the next.
            *lock(&scraper.current) = None;
        });
        current
    }

    fn get(&self) -> Answer {
        let snapshot = self.source.snapshot(SNAPSHOT).ok_or(Unavailable::Timeout)?;
        let openmetrics = lock(&self.encoder).openmetrics(snapshot).into();
        Ok(Arc::new(Page { openmetrics, prometheus: OnceLock::new() }))
    }
}

/// A panic while it was held leaves nothing half done that would matter more than no metrics at all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
