//! Writing a recording: lines are made where they arise, in memory, and written by a thread of their own.
//!
//! A recording with a gap cannot be replayed, so nothing is dropped: when the disk is slow, whoever records waits, up to
//! [`PATIENCE`], and what is lost meanwhile is lost in front of it, where it is counted. After that, and after the first
//! failed write, nothing more is recorded, and the owner is told to end.

use crate::{
    line::{Header, Line},
    read::MOST_LINE_BYTES,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use std::{
    cell::RefCell,
    fs::File,
    io::{self, Write as _},
    rc::Rc,
    thread,
    time::Duration,
};

/// Bytes that are handed over at the latest.
const CHUNK_BYTES: usize = 1 << 20;
/// Chunks that may wait for the disk.
const CHUNKS: usize = 32;
/// A disk that takes nothing for so long is as good as full.
const PATIENCE: Duration = Duration::from_secs(10);

/// A recording being written.
#[derive(Debug)]
pub struct Recorder {
    log: Log,
    ended: Receiver<io::Result<()>>,
}

impl Recorder {
    /// Begins to record into `file`, whose content goes. `on_end` is told when the recording cannot go on.
    ///
    /// # Errors
    /// Not even the first line can be written.
    pub fn start(mut file: File, header: &Header, on_end: Sender<()>) -> io::Result<Self> {
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        let mut first = serde_json::to_vec(header)?;
        first.push(b'\n');
        file.write_all(&first)?;
        let (chunks, to_write) = bounded::<Vec<u8>>(CHUNKS);
        let (tell_ended, ended) = bounded(1);
        let on_failure = on_end.clone();
        thread::Builder::new().name("record".into()).spawn(move || {
            let result = to_write.iter().try_for_each(|chunk| file.write_all(&chunk));
            let failed = result.is_err();
            let _ = tell_ended.send(result);
            if failed {
                let _ = on_failure.try_send(());
            }
        })?;
        let open = Open { bytes: Vec::new(), chunks, on_end };
        Ok(Self { log: Log(Some(Rc::new(RefCell::new(State::Open(open))))), ended })
    }

    /// Where to write lines to.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// Writes the last line, and waits until all is with the operating system.
    ///
    /// # Errors
    /// The recording is not whole, and why.
    pub fn finish(self) -> io::Result<()> {
        self.log.line(&Line::End {});
        self.log.hand_over();
        let state = self.log.0.expect("a recorder's log is one").replace(State::Ended);
        match state {
            State::Failed(error) => return Err(error),
            State::Open(open) => drop(open), // no more chunks follow
            State::Ended => {}
        }
        match self.ended.recv_timeout(PATIENCE) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(stalled()),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the recording thread panicked")),
        }
    }
}

fn stalled() -> io::Error {
    let text = format!("it took nothing for {} seconds", PATIENCE.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, text)
}

/// Takes lines; the default one forgets them. Clones write to the same recording.
#[derive(Debug, Clone, Default)]
pub struct Log(Option<Rc<RefCell<State>>>);

#[derive(Debug)]
enum State {
    Open(Open),
    Failed(io::Error),
    /// The thread has failed and says why, or all was written.
    Ended,
}

#[derive(Debug)]
struct Open {
    bytes: Vec<u8>,
    chunks: Sender<Vec<u8>>,
    on_end: Sender<()>,
}

impl Log {
    /// Whether somebody wants to know.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn line(&self, line: &Line<'_>) {
        self.with(|open| open.line(line));
    }

    /// Lets the disk have what there is; to be called when nothing else is to do.
    pub fn hand_over(&self) {
        self.with(Open::hand_over);
    }

    fn with(&self, act: impl FnOnce(&mut Open) -> Result<(), Failure>) {
        let Some(state) = &self.0 else { return };
        let mut state = state.borrow_mut();
        let State::Open(open) = &mut *state else { return };
        let Err(failure) = act(open) else { return };
        let _ = open.on_end.try_send(());
        *state = match failure {
            Failure::Here(error) => State::Failed(error),
            Failure::OfThread => State::Ended,
        };
    }
}

enum Failure {
    Here(io::Error),
    /// It tells by itself.
    OfThread,
}

impl Open {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let start = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, line).map_err(|e| Failure::Here(e.into()))?;
        if self.bytes.len() - start > MOST_LINE_BYTES {
            let text = format!("{line} has more than {MOST_LINE_BYTES} bytes");
            return Err(Failure::Here(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        self.bytes.push(b'\n');
        if self.bytes.len() >= CHUNK_BYTES { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.chunks.send_timeout(std::mem::take(&mut self.bytes), PATIENCE).map_err(|error| match error {
            SendTimeoutError::Timeout(_) => Failure::Here(stalled()),
            SendTimeoutError::Disconnected(_) => Failure::OfThread,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_at_once_and_at_the_end() {
        let header = Header::new("boot".into(), "now".into(), Duration::ZERO);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (on_end, told) = bounded(1);
        let error = Recorder::start(full, &header, on_end.clone()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);

        // A pipe without a reader fails at the second write as a disk does that becomes full.
        let (reader, writer) = io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let recorder = Recorder::start(file, &header, on_end).unwrap();
        drop(reader);
        let log = recorder.log();
        log.line(&Line::Tick { now: Duration::ZERO.into() });
        log.hand_over();
        assert!(told.recv_timeout(Duration::from_secs(10)).is_ok());
        log.line(&Line::Tick { now: Duration::ZERO.into() });
        assert_eq!(recorder.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn whole_lines_arrive_in_order_and_the_end_is_marked() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "what was there before, and is longer".repeat(100)).unwrap();
        let header = Header::new("boot".into(), "now".into(), Duration::ZERO);
        let writer = File::options().write(true).open(file.path()).unwrap();
        let recorder = Recorder::start(writer, &header, bounded(1).0).unwrap();
        let log = recorder.log();
        for now in 0..100_000 {
            log.line(&Line::Tick { now: Duration::from_nanos(now).into() });
        }
        recorder.finish().unwrap();
        log.line(&Line::End {}); // too late: forgotten
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 100_002);
        assert_eq!(text.lines().nth(100_000), Some(r#"{"tick":{"now":99999}}"#));
        assert!(text.ends_with("\n{\"end\":{}}\n"));
    }
}
