//! The watch loop.

use crate::{
    census::Census,
    clock::{Clock, monotonic},
    command::Held,
    loss::{LossReport, QueueLosses, RegistryLosses, calls_for_census},
    output::{Ended, Output, Sink},
};
use crossbeam_channel::{Receiver, Sender, bounded, never, select, tick};
use std::{
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
    process::ExitStatus,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};
use wasmscope_model::{EventKind, FileVersion, Interest, Record};
use wasmscope_recording::{Header, RecordedRegistry, Recorder};
use wasmscope_sensor_kernel::{LoadError, Rings, Sensor, Settings, Tracker};
use wasmscope_workload::{Control, Looker};

/// Records that may wait for the loop: about 20 MiB at the most.
const RECORDS: usize = 16_384;
/// Records taken in before events are passed on and looks made.
const BATCH: usize = 256;
/// All processes are counted anew so often, for those whose every sign was missed.
const CENSUS_EVERY: Duration = Duration::from_secs(300);
/// Losses are told at most so often.
const LOSSES_EVERY: Duration = Duration::from_secs(1);
/// After the command ended, the kernel's last records need so long to arrive.
const LINGER: Duration = Duration::from_millis(100);

/// What to watch, and how long.
pub struct Options {
    /// Scope and limits of the probes.
    pub settings: Settings,
    /// A held child: watched until it ends.
    pub command: Option<Held>,
    /// What the sink writes to, if it has a reader that may go away: then there is nothing left to do.
    pub reader: Option<OwnedFd>,
    /// Stop by itself after this time.
    pub duration: Option<Duration>,
    /// Where to record everything that is taken in, for [`replay`](crate::replay()).
    pub recording: Option<File>,
}

/// How watching ended.
#[derive(Debug)]
pub struct Outcome {
    /// What became of the output.
    pub output: Ended,
    /// How the command ended, if there was one and it did.
    pub command: Option<ExitStatus>,
    /// Whether the recording, if one was asked for, is whole. The first failure to write it ended the watching.
    pub recording: io::Result<()>,
}

/// Why watching could not begin.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The kernel refuses the base layer.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The command cannot be executed.
    #[error("cannot run the command")]
    Command(#[source] io::Error),
    /// Something of the host that is always there is not.
    #[error("cannot start")]
    Host(#[from] io::Error),
    /// Not even the first line can be written.
    #[error("cannot write the recording")]
    Recording(#[source] io::Error),
    /// A map of the loaded probes cannot be used.
    #[error("cannot use the kernel's maps: {0}")]
    Maps(String),
}

/// Passes the registry's wishes to the sensor.
#[derive(Debug)]
struct SensorControl {
    tracker: Tracker,
    sensor: Sensor,
}

impl Control for SensorControl {
    fn set(&mut self, pid: u32, interest: Interest) -> Option<Duration> {
        match self.tracker.set(pid, interest) {
            Ok(first) => first.map(Duration::from_nanos),
            Err(error) => {
                tracing::warn!(pid, %error, "the kernel's list of tracked processes is full");
                None
            }
        }
    }

    fn forget(&mut self, pid: u32) {
        self.tracker.forget(pid);
    }

    fn ignore(&mut self, executable: &FileVersion) {
        self.tracker.ignore(executable);
    }

    fn set_code(&mut self, pid: u32, code: Option<(u64, u64)>) {
        self.tracker.set_code(pid, code);
    }

    fn watch_calls(&mut self, on: bool) {
        self.sensor.watch_calls(on);
    }
}

/// Finds and follows workloads until told to stop (SIGINT, SIGTERM, the command's or the output's end).
///
/// # Errors
/// Says what the host lacks; nothing was observed then, and a held command was not run.
pub fn watch(options: Options, sink: Box<dyn Sink>) -> Result<Outcome, WatchError> {
    // Caught before anything else, so that a signal during loading ends as cleanly as a later one.
    let (stop_send, stop) = bounded(1);
    let signals = stop_on_signals(stop_send)?;
    let (sensor, reports) = Sensor::load(&options.settings)?;
    let maps = |e: &dyn std::fmt::Display| WatchError::Maps(e.to_string());
    let tracker = sensor.tracker().map_err(|e| maps(&e))?;
    let rings = sensor.rings().map_err(|e| maps(&e))?;
    release_memory();

    let losses = Arc::new(QueueLosses::default());
    let (output_end, output_ended) = bounded(1);
    let now = monotonic();
    let clock = Clock::default();
    let recorder = options.recording.map(|file| {
        let boot = wasmscope_sensor_proc::boot_id()?.0;
        Recorder::start(file, &Header::new(boot, clock.wall(now), now), output_end.clone())
    });
    let recorder = recorder.transpose().map_err(WatchError::Recording)?;
    let output = Output::start(sink, options.reader, Arc::clone(&losses), output_end)?;
    let (drain_stop, stopped) = io::pipe()?;
    let (record_send, records) = bounded(RECORDS);
    let drain = start_drain(rings, OwnedFd::from(drain_stop), record_send, Arc::clone(&losses))?;

    let control = SensorControl { tracker, sensor };
    let log = recorder.as_ref().map(Recorder::log).unwrap_or_default();
    let mut watch = Watch {
        registry: RecordedRegistry::new(Looker::new()?, control, now, log),
        clock,
        census: Census::default(),
        loss_report: LossReport::default(),
        losses,
        output,
        settings: options.settings,
    };
    for report in reports {
        watch.tell(now, EventKind::Sensor(report));
    }
    watch.take_census()?;
    // Asked to end while loading: a command that nobody will watch is not begun.
    let held = options.command.filter(|_| stop.is_empty());
    let command = held.map(Held::start).transpose().map_err(WatchError::Command)?;
    let command_ended = command.as_ref().map_or_else(never, |c| c.ended.clone());
    let timeout = options.duration.map_or_else(never, crossbeam_channel::after);
    let ended = watch.run(&records, &[&stop, &output_ended], &timeout, &command_ended);
    if ended == End::Command {
        watch.linger(&records);
    }

    drop(stopped); // the drain thread sees the closed pipe, delivers the rest and ends
    watch.finish_records(&records);
    let _ = drain.join();
    let command = match command {
        Some(command) if ended == End::Command => command.status(),
        Some(command) => {
            command.terminate();
            None
        }
        None => None,
    };
    let output = watch.output.finish(ended == End::Asked, &stop);
    signals.close();
    let recording = recorder.map_or(Ok(()), Recorder::finish);
    Ok(Outcome { output, command, recording })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By a signal: whoever sent it does not want to wait.
    Asked,
    /// Time is over, or nobody reads any more.
    Done,
    Command,
}

struct Watch {
    registry: RecordedRegistry<Looker, SensorControl>,
    clock: Clock,
    census: Census,
    loss_report: LossReport,
    losses: Arc<QueueLosses>,
    output: Output,
    settings: Settings,
}

impl Watch {
    fn run(
        &mut self,
        records: &Receiver<Record>,
        stops: &[&Receiver<()>; 2],
        timeout: &Receiver<std::time::Instant>,
        command: &Receiver<()>,
    ) -> End {
        let recount = tick(CENSUS_EVERY);
        let mut losses_due = None;
        loop {
            let wake = [self.registry.next_tick(), losses_due].into_iter().flatten().min();
            let wait = if self.census.is_done() {
                wake.map_or(CENSUS_EVERY, |at| at.saturating_sub(monotonic()))
            } else {
                Duration::ZERO
            };
            select! {
                recv(records) -> record => if let Ok(record) = record {
                    self.registry.record(record, monotonic());
                    for record in records.try_iter().take(BATCH) {
                        self.registry.record(record, monotonic());
                    }
                    losses_due.get_or_insert(monotonic() + LOSSES_EVERY);
                },
                recv(stops[0]) -> _ => return End::Asked,
                recv(stops[1]) -> _ => return End::Done,
                recv(timeout) -> _ => return End::Done,
                recv(command) -> _ => return End::Command,
                recv(recount) -> _ => self.recount(),
                default(wait) => self.census_step(),
            }
            self.registry.tick(monotonic());
            self.pass_on();
            if losses_due.is_some_and(|at| at <= monotonic()) {
                losses_due = None;
                self.tell_losses();
            }
        }
    }

    /// Looks at who runs already; the rest of the work is done by [`census_step`](Self::census_step) in idle moments.
    fn take_census(&mut self) -> io::Result<()> {
        self.census = Census::take(&self.settings)?;
        if let Some(report) = self.census.degraded.take() {
            self.tell(monotonic(), EventKind::Sensor(*report));
        }
        if self.census.cut {
            tracing::warn!("too many mappings on this host: not all running processes were looked at");
        }
        while let Some(pid) = self.census.promising.pop_front() {
            self.registry.adopt(pid, monotonic());
        }
        self.pass_on();
        Ok(())
    }

    fn recount(&mut self) {
        if let Err(error) = self.take_census() {
            tracing::warn!(%error, "cannot list the running processes");
        }
    }

    fn census_step(&mut self) {
        if let Some(pid) = self.census.promising.pop_front() {
            self.registry.adopt(pid, monotonic());
        } else {
            self.census.step(self.registry.looker());
        }
    }

    /// Takes in what the last moments of the command left in the rings.
    fn linger(&mut self, records: &Receiver<Record>) {
        let until = std::time::Instant::now() + LINGER;
        while let Ok(record) = records.recv_deadline(until) {
            self.registry.record(record, monotonic());
            self.registry.tick(monotonic());
        }
        self.pass_on();
    }

    /// Takes in all that is left, until the drain thread is gone.
    fn finish_records(&mut self, records: &Receiver<Record>) {
        while let Ok(record) = records.recv() {
            self.registry.record(record, monotonic());
        }
        self.pass_on();
        self.tell_losses();
    }

    fn tell_losses(&mut self) {
        let sensor = &self.registry.control().sensor;
        let ledger = sensor.ledger().unwrap_or_default();
        let registry = RegistryLosses {
            not_followed: self.registry.overflow(),
            ended_unseen: self.registry.ended_unseen(),
        };
        let news = self.loss_report.news(&ledger, sensor.decode_errors(), &self.losses, registry);
        let recount = news.iter().any(calls_for_census);
        for loss in news {
            self.tell(monotonic(), EventKind::Lost(loss));
        }
        if recount {
            self.recount();
        }
    }

    fn pass_on(&mut self) {
        self.clock.refresh();
        for (at, kind) in self.registry.take_events(self.clock.offset()) {
            self.output.send(self.clock.event(at, kind));
        }
    }

    /// Tells what no registry knows of.
    fn tell(&self, at: Duration, kind: EventKind) {
        self.registry.told(at, self.clock.offset(), &kind);
        self.output.send(self.clock.event(at, kind));
    }
}

fn start_drain(
    rings: Rings,
    stop: OwnedFd,
    records: Sender<Record>,
    losses: Arc<QueueLosses>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("drain".into()).spawn(move || {
        let drained = rings.drain(stop.as_fd(), |record| {
            if records.try_send(record).is_err() {
                losses.records.fetch_add(1, Ordering::Relaxed);
            }
        });
        if let Err(error) = drained {
            tracing::error!(%error, "events are no longer received");
        }
    })
}

fn stop_on_signals(stop: Sender<()>) -> io::Result<signal_hook::iterator::Handle> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            let _ = stop.try_send(());
        }
    })?;
    Ok(handle)
}

/// Loading parses the kernel's type information, tens of megabytes that are free again but not given back.
fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim has no preconditions.
    unsafe {
        libc::malloc_trim(0);
    }
}
