//! The thread that writes events, and what happens when nobody reads them.

use crate::ledger::QueueCounts;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use rustix::event::{PollFd, PollFlags, poll};
use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use wasmscope_model::Event;

/// Who asks us to end does not wait longer than this for a reader that does not read.
const GRACE: Duration = Duration::from_secs(1);

/// Where events go. Called from one thread only.
pub trait Sink: Send {
    /// Writes one event, whole.
    ///
    /// # Errors
    /// The output is closed, full or broken: nothing more is written to it.
    fn write(&mut self, event: &Event) -> io::Result<()>;

    /// Nothing waits: what was written should be seen now.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    fn flush(&mut self) -> io::Result<()>;
}

/// How the output ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was written.
    Complete,
    /// The reader closed the pipe, as `head` does: no error.
    Closed,
    /// The output failed, e.g. a full disk.
    Failed(io::Error),
    /// Nobody read it, and we were asked to end: the last events are not written.
    Unread,
}

/// The sending side.
#[derive(Debug)]
pub(crate) struct Output {
    queue: Sender<Arc<Event>>,
    ended: Receiver<Ended>,
    counts: Arc<QueueCounts>,
}

impl Output {
    /// Starts the thread; `on_end` is told when the output cannot take any more.
    pub(crate) fn start(
        mut sink: Box<dyn Sink>,
        reader: Option<OwnedFd>,
        capacity: usize,
        counts: Arc<QueueCounts>,
        on_end: Sender<()>,
    ) -> io::Result<Self> {
        if let Some(reader) = reader {
            let on_end = on_end.clone();
            thread::Builder::new().name("reader".into()).spawn(move || {
                if wait_until_closed(&reader) {
                    let _ = on_end.try_send(());
                }
            })?;
        }
        let (queue, events) = bounded(capacity);
        let (tell_ended, ended) = bounded(1);
        let written = Arc::clone(&counts);
        thread::Builder::new().name("output".into()).spawn(move || {
            let _ = tell_ended.send(write_all(&events, sink.as_mut(), &written.told));
            let _ = on_end.try_send(());
        })?;
        Ok(Self { queue, ended, counts })
    }

    /// Events that wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Events that may wait.
    pub(crate) fn capacity(&self) -> Option<usize> {
        self.queue.capacity()
    }

    pub(crate) fn send(&self, event: Arc<Event>) {
        self.counts.made.fetch_add(1, Ordering::Relaxed);
        match self.queue.try_send(event) {
            Ok(()) => {}
            // That nobody reads any more is told by its own way; the event is lost all the same.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.counts.output.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until everything is written, however slowly it is read; once `stop` asks, only a moment longer.
    pub(crate) fn finish(self, asked: bool, stop: &Receiver<()>) -> Ended {
        drop(self.queue);
        let panicked = |_| Ended::Failed(io::Error::other("the output thread panicked"));
        if !asked {
            select! {
                recv(self.ended) -> ended => return ended.unwrap_or_else(panicked),
                recv(stop) -> _ => {}
            }
        }
        match self.ended.recv_timeout(GRACE) {
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => Ended::Unread,
            ended => ended.unwrap_or_else(|_| panicked(crossbeam_channel::RecvError)),
        }
    }
}

/// Waits until nobody can read what is written to `fd` any more; a quiet host would not make us try for hours.
/// Never returns for files and terminals that stay; the thread ends with the process.
fn wait_until_closed(fd: &OwnedFd) -> bool {
    loop {
        let mut fds = [PollFd::new(fd, PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
        }
    }
}

fn write_all(events: &Receiver<Arc<Event>>, sink: &mut dyn Sink, told: &AtomicU64) -> Ended {
    let result = (|| {
        while let Ok(event) = events.recv() {
            sink.write(&event)?;
            told.fetch_add(1, Ordering::Relaxed);
            while let Ok(event) = events.try_recv() {
                sink.write(&event)?;
                told.fetch_add(1, Ordering::Relaxed);
            }
            sink.flush()?;
        }
        sink.flush()
    })();
    match result {
        Ok(()) => Ended::Complete,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ended::Closed,
        Err(e) => Ended::Failed(e),
    }
}
