//! JSON lines, written by a thread of their own.

use crate::{Event, Sink, clock::monotonic_ns};
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TryRecvError, bounded};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// So long the writer sleeps when there is nothing: one that waited in the queue would have to be woken by the guest's
/// thread, with a system call.
const PAUSE: Duration = Duration::from_millis(2);

/// Writes each event as one line of JSON. The guest never waits for the writer: when that blocks or fails, events are
/// dropped and counted, and the next line that gets through says how many (`sensor.lost`).
///
/// ```
/// use wasmscope_sensor_wasmtime::{LinesSink, Sensor};
///
/// let (sink, writer) = LinesSink::start(std::io::stderr(), 4096).unwrap();
/// let sensor = Sensor::builder().sink(sink).build();
/// drop(sensor.instance("plugin"));
/// drop(sensor);
/// writer.finish().unwrap(); // when guests have ended: waits until everything is written
/// ```
#[derive(Debug)]
pub struct LinesSink {
    sender: Sender<Message>,
    lost: Arc<Lost>,
}

/// The thread that writes.
#[derive(Debug)]
pub struct LineWriter {
    sender: Sender<Message>,
    thread: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "all but one are events")]
enum Message {
    Event(Event),
    Finish,
}

/// What did not get through.
#[derive(Debug, Default)]
struct Lost {
    /// The queue was full, or nobody took from it any more.
    queue: AtomicU64,
    /// The writer failed: what it had not passed on by then, and what came later.
    writer: AtomicU64,
}

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "wasmscope.format")]
    format: u32,
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

/// Says what is missing.
#[derive(Serialize)]
struct LostLine {
    #[serde(rename = "wasmscope.format")]
    format: u32,
    time: String,
    #[serde(rename = "time.monotonic_ns")]
    monotonic_ns: u64,
    #[serde(rename = "event.name")]
    name: &'static str,
    #[serde(rename = "loss.family")]
    family: &'static str,
    #[serde(rename = "loss.stage")]
    stage: &'static str,
    #[serde(rename = "loss.count")]
    count: u64,
}

impl LinesSink {
    /// Starts a thread that writes to `writer`, with room for `capacity` events that wait.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn start(writer: impl Write + Send + 'static, capacity: usize) -> io::Result<(Self, LineWriter)> {
        let (sender, receiver) = bounded(capacity);
        let lost = Arc::new(Lost::default());
        let seen = Arc::clone(&lost);
        let thread = thread::Builder::new()
            .name("wasmscope-lines".into())
            .spawn(move || write(io::BufWriter::new(writer), &receiver, &seen))?;
        Ok((Self { sender: sender.clone(), lost }, LineWriter { sender, thread }))
    }
}

impl Sink for LinesSink {
    fn take(&self, event: Event) {
        if self.sender.try_send(Message::Event(event)).is_err() {
            self.lost.queue.fetch_add(1, Relaxed);
        }
    }

    fn lost(&self) -> u64 {
        self.lost.queue.load(Relaxed) + self.lost.writer.load(Relaxed)
    }
}

impl LineWriter {
    /// Waits until what was taken so far is written. Blocks as long as the writer does.
    ///
    /// # Errors
    /// The first error of the writer, if it failed at any time.
    pub fn finish(self) -> io::Result<()> {
        // Fails only where the thread has ended already.
        _ = self.sender.send(Message::Finish);
        self.joined()
    }

    /// As [`finish`](Self::finish), but gives up when the writer blocks for longer than `patience`: what it had not
    /// written by then is lost. Its thread is left to itself.
    ///
    /// # Errors
    /// As there; [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn finish_within(self, patience: Duration) -> io::Result<()> {
        let end = Instant::now() + patience;
        let told = self.sender.send_timeout(Message::Finish, patience);
        while !matches!(told, Err(SendTimeoutError::Timeout(_))) && Instant::now() < end {
            if self.thread.is_finished() {
                return self.joined();
            }
            thread::sleep(PAUSE);
        }
        let lost =
            format!("nobody takes the events: {} of them wait, and more that were begun", self.sender.len());
        Err(io::Error::new(io::ErrorKind::TimedOut, lost))
    }

    fn joined(self) -> io::Result<()> {
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writer panicked")))
    }
}

/// Writes until told to stop, or until there is no sender any more. After an error it only counts.
fn write(mut writer: impl Write, receiver: &Receiver<Message>, lost: &Lost) -> io::Result<()> {
    let mut outcome = Ok(());
    let mut told = 0;
    // Lines since the last flush: some of them may have been passed on, but nobody knows how many.
    let mut waiting = 0;
    loop {
        let message = receiver.try_recv();
        let ends = matches!(message, Ok(Message::Finish) | Err(TryRecvError::Disconnected));
        if let Ok(Message::Event(_)) = message {
            waiting += 1;
        }
        if outcome.is_ok() {
            outcome = match message {
                Ok(Message::Event(event)) => line(&mut writer, &event, lost, &mut told),
                Err(TryRecvError::Empty) if waiting == 0 => Ok(()),
                Err(TryRecvError::Empty) => writer.flush().map(|()| waiting = 0),
                _ => tell_lost(&mut writer, lost, &mut told)
                    .and_then(|()| writer.flush())
                    .map(|()| waiting = 0),
            };
        }
        if outcome.is_err() {
            lost.writer.fetch_add(std::mem::take(&mut waiting), Relaxed);
        }
        if ends {
            return outcome;
        }
        if receiver.is_empty() {
            thread::sleep(PAUSE);
        }
    }
}

fn line(writer: &mut impl Write, event: &Event, lost: &Lost, told: &mut u64) -> io::Result<()> {
    tell_lost(writer, lost, told)?;
    let time = wall_clock(event.monotonic_ns);
    serde_json::to_writer(&mut *writer, &Line { format: wasmscope_model::event::FORMAT, time, event })?;
    writer.write_all(b"\n")
}

fn tell_lost(writer: &mut impl Write, lost: &Lost, told: &mut u64) -> io::Result<()> {
    let now = lost.queue.load(Relaxed);
    let count = now - *told;
    if count == 0 {
        return Ok(());
    }
    *told = now;
    let monotonic_ns = monotonic_ns();
    let line = LostLine {
        format: wasmscope_model::event::FORMAT,
        time: wall_clock(monotonic_ns),
        monotonic_ns,
        name: "sensor.lost",
        family: "event",
        stage: "output",
        count,
    };
    serde_json::to_writer(&mut *writer, &line)?;
    writer.write_all(b"\n")
}

/// The wall clock at a monotonic time that was a moment ago.
fn wall_clock(ns: u64) -> String {
    let ago = monotonic_ns().saturating_sub(ns);
    let now = Timestamp::now();
    let then =
        now.checked_sub(SignedDuration::from_nanos(i64::try_from(ago).unwrap_or(i64::MAX))).unwrap_or(now);
    format!("{then:.6}")
}
