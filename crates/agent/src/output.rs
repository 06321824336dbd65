//! The thread that writes events, and what happens when nobody reads them.

use crate::loss::QueueLosses;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use rustix::event::{PollFd, PollFlags, poll};
use std::{
    io,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};
use wasmscope_model::Event;

/// Events that may wait for the output: about 64 MiB at the most.
const QUEUE: usize = 16_384;
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
    queue: Sender<Event>,
    ended: Receiver<Ended>,
    losses: Arc<QueueLosses>,
}

impl Output {
    /// Starts the thread; `on_end` is told when the output cannot take any more.
    pub(crate) fn start(
        mut sink: Box<dyn Sink>,
        reader: Option<OwnedFd>,
        losses: Arc<QueueLosses>,
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
        let (queue, events) = bounded(QUEUE);
        let (tell_ended, ended) = bounded(1);
        thread::Builder::new().name("output".into()).spawn(move || {
            let _ = tell_ended.send(write_all(&events, sink.as_mut()));
            let _ = on_end.try_send(());
        })?;
        Ok(Self { queue, ended, losses })
    }

    pub(crate) fn send(&self, event: Event) {
        match self.queue.try_send(event) {
            // Disconnected: the end of the output is told by its own way.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.losses.output.fetch_add(1, Ordering::Relaxed);
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

fn write_all(events: &Receiver<Event>, sink: &mut dyn Sink) -> Ended {
    let result = (|| {
        while let Ok(event) = events.recv() {
            sink.write(&event)?;
            while let Ok(event) = events.try_recv() {
                sink.write(&event)?;
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
