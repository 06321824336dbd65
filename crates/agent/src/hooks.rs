//! The local socket at which hooks in other processes tell what they see: one JSON line per event.
//!
//! Who tells is not what the line says but the credentials of the connection. A peer that tells more than its budget, or more
//! than the watch loop takes, is not read for a while; its own sink counts what it drops then. So nothing is lost here, nobody
//! waits for anybody but itself, and no peer takes more memory than one line.

mod peer;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use peer::{Peer, Read};
use rustix::event::{PollFd, PollFlags, poll};
use std::{
    fs,
    io::{self, PipeReader},
    os::{
        fd::AsFd as _,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use wasmscope_model::{ProcessKey, boundary::HookLine};

/// Most processes that tell at the same time; others are not connected until one ends.
const MOST_PEERS: usize = 256;
/// Looks so soon again at peers that have used up their budget, or that the watch loop was too slow for.
const PAUSE: Duration = Duration::from_millis(10);

/// At the end, what has arrived is waited for so long.
const FINISH: Duration = Duration::from_secs(1);

/// A line, and whose it is.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) process: ProcessKey,
    pub(crate) line: Box<HookLine>,
}

/// Counts, where they happen.
#[derive(Debug, Default)]
pub(crate) struct HookCounts {
    /// Lines read.
    pub(crate) received: AtomicU64,
    /// Lines that are no event.
    pub(crate) undecodable: AtomicU64,
    /// Lines that the watch loop took.
    pub(crate) taken: AtomicU64,
}

/// A socket that hooks can connect to. It is removed when this is dropped.
#[derive(Debug)]
pub struct HookSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// Why there is no socket for hooks.
#[derive(Debug, thiserror::Error)]
pub enum HookSocketError {
    /// Another agent listens there.
    #[error("another agent listens at {0:?}: stop it, or name another socket (--hooks=PATH)")]
    InUse(PathBuf),
    /// Something is there that is no socket.
    #[error("{0:?} is no socket: name another place (--hooks=PATH)")]
    Occupied(PathBuf),
    /// It could not be made.
    #[error("cannot listen at {0:?}: {1}")]
    Io(PathBuf, io::Error),
}

impl HookSocket {
    /// Listens at `path`. A socket that an agent left behind is replaced; its directory is made if only that is missing.
    /// Every user may connect: what a process tells is joined to nothing but itself.
    ///
    /// # Errors
    /// See [`HookSocketError`].
    pub fn bind(path: &Path) -> Result<Self, HookSocketError> {
        let failed = |error| HookSocketError::Io(path.into(), error);
        if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty() && !d.exists()) {
            fs::create_dir(directory).map_err(failed)?;
        }
        if let Ok(there) = fs::symlink_metadata(path) {
            use std::os::unix::fs::FileTypeExt as _;
            if !there.file_type().is_socket() {
                return Err(HookSocketError::Occupied(path.into()));
            }
            if UnixStream::connect(path).is_ok() {
                return Err(HookSocketError::InUse(path.into()));
            }
            fs::remove_file(path).map_err(failed)?;
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let socket = Self { listener, path: path.into() };
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).map_err(failed)?;
        socket.listener.set_nonblocking(true).map_err(failed)?;
        Ok(socket)
    }

    /// Reads on a thread of its own until `stop` is closed by its other side; then what has arrived is taken in.
    pub(crate) fn serve(
        self,
        stop: PipeReader,
        hooks: Sender<Hook>,
        counts: Arc<HookCounts>,
    ) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("hooks".into()).spawn(move || {
            Server { socket: self, peers: Vec::new(), hooks, counts }.run(&stop);
        })
    }
}

impl Drop for HookSocket {
    fn drop(&mut self) {
        // Whoever removed it already has done this.
        let _ = fs::remove_file(&self.path);
    }
}

struct Server {
    socket: HookSocket,
    peers: Vec<Peer>,
    hooks: Sender<Hook>,
    counts: Arc<HookCounts>,
}

impl Server {
    fn run(mut self, stop: &PipeReader) {
        loop {
            let mut paused = false;
            let ended = {
                let room = self.peers.len() < MOST_PEERS;
                let mut fds = vec![PollFd::new(stop, PollFlags::empty())];
                fds.extend(room.then(|| PollFd::new(&self.socket.listener, PollFlags::IN)));
                for peer in &self.peers {
                    let ready = peer.may_read();
                    paused |= !ready;
                    fds.extend(ready.then(|| PollFd::from_borrowed_fd(peer.as_fd(), PollFlags::IN)));
                }
                let wait =
                    paused.then(|| rustix::time::Timespec { tv_sec: 0, tv_nsec: PAUSE.as_nanos() as _ });
                if poll(&mut fds, wait.as_ref()).is_err_and(|error| error != rustix::io::Errno::INTR) {
                    return;
                }
                !fds[0].revents().is_empty()
            };
            self.accept();
            self.read();
            if ended {
                return self.finish();
            }
        }
    }

    /// What has arrived is taken in, as long as the watch loop takes it.
    fn finish(mut self) {
        let until = Instant::now() + FINISH;
        while self.peers.iter().any(Peer::waits) && Instant::now() < until {
            thread::sleep(PAUSE);
            self.read();
        }
    }

    fn accept(&mut self) {
        while self.peers.len() < MOST_PEERS {
            let Ok((stream, _)) = self.socket.listener.accept() else { return };
            match Peer::new(stream) {
                Ok(peer) => self.peers.push(peer),
                // It is in a PID namespace that is not seen from here.
                Err(error) => tracing::debug!(%error, "a hook that cannot be told apart"),
            }
        }
    }

    fn read(&mut self) {
        let (hooks, counts) = (&self.hooks, &*self.counts);
        self.peers.retain_mut(|peer| {
            let process = peer.process;
            let read = peer.read(|line| match serde_json::from_slice::<HookLine>(line) {
                Ok(line) => match hooks.try_send(Hook { process, line: Box::new(line) }) {
                    Ok(()) => {
                        counts.received.fetch_add(1, Relaxed);
                        true
                    }
                    Err(TrySendError::Full(_)) => false,
                    Err(TrySendError::Disconnected(_)) => true,
                },
                Err(_) => {
                    counts.received.fetch_add(1, Relaxed);
                    counts.undecodable.fetch_add(1, Relaxed);
                    true
                }
            });
            match read {
                Read::Later => true,
                Read::Ended => false,
                // What comes after a line without an end cannot be told apart from it.
                Read::TooLong => {
                    counts.received.fetch_add(1, Relaxed);
                    counts.undecodable.fetch_add(1, Relaxed);
                    tracing::warn!(pid = process.pid.0, "a hook wrote a line without an end: no longer read");
                    false
                }
            }
        });
    }
}

/// A channel for lines.
pub(crate) fn channel() -> (Sender<Hook>, Receiver<Hook>) {
    crossbeam_channel::bounded(4096)
}
