//! The watch loop.

use crate::{
    census::Census,
    clock::{Clock, monotonic},
    command::Held,
    detect::{Baseline, Detector, Learnt, Rules},
    hooks::{self, Hook, HookCounts, HookSocket},
    ledger::{LossReport, QueueCounts, RegistryCounts, Row, calls_for_census, rows},
    meter::{Meter, Scraper},
    output::{Ended, Output, Sink},
    traits::traits,
};
use crossbeam_channel::{Receiver, Sender, bounded, never, select, tick};
use std::{
    collections::HashMap,
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
    process::ExitStatus,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};
use wasmscope_export::{Listener, ServeError, Snapshot, Source};
use wasmscope_model::{Event, EventKind, FileVersion, Interest, Record, Response};
use wasmscope_otlp::{Config, Count, Exporter};
use wasmscope_recording::{Header, RecordedRegistry, Recorder};
use wasmscope_respond::{Plan, Responder};
use wasmscope_sensor_kernel::{Family, LoadError, Rings, Sensor, Settings, Tracker, Usage};
use wasmscope_workload::{Control, Inspector, Look as _, Looker};

/// Records taken in before events are passed on and looks made.
const BATCH: usize = 256;
/// All processes are counted anew so often, for those whose every sign was missed.
const CENSUS_EVERY: Duration = Duration::from_secs(300);
/// Samples of CPU time are taken out of their ring so often; it has room for more than ten times that.
const SAMPLES_EVERY: Duration = Duration::from_secs(1);
/// Losses are told at most so often.
const LOSSES_EVERY: Duration = Duration::from_secs(1);
/// A collector that does not answer is waited for so long at the end, and so long if somebody asked us to end.
const DELIVER: Duration = Duration::from_secs(5);
const DELIVER_ASKED: Duration = Duration::from_secs(2);
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
    /// Where metrics are asked for; without it nothing is measured beyond what the kernel counts anyway.
    pub metrics: Option<Listener>,
    /// Where an OpenTelemetry collector is.
    pub otlp: Option<Config>,
    /// Where hooks in other processes tell what they see.
    pub hooks: Option<HookSocket>,
    /// Rules to ask of every event.
    pub rules: Option<Rules>,
    /// What to do upon detections.
    pub respond: Option<Plan>,
    /// What is usual for modules, to ask of every event and to learn.
    pub baseline: Option<Baseline>,
    /// Sizes of the queues between the agent's threads.
    pub queues: Queues,
}

/// How much may wait between two threads; more is dropped and counted.
#[derive(Debug, Clone, Copy)]
pub struct Queues {
    /// Records for the watch loop.
    pub records: usize,
    /// Events for the output.
    pub events: usize,
}

impl Default for Queues {
    /// About 20 MiB of records and 64 MiB of events at the most.
    fn default() -> Self {
        Self { records: 16_384, events: 16_384 }
    }
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
    /// What became of the baseline, if there was one.
    pub learnt: Option<Learnt>,
    /// What became of every record and event.
    pub ledger: Vec<Row>,
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
    /// Metrics cannot be served.
    #[error(transparent)]
    Metrics(#[from] ServeError),
    /// A map of the loaded probes cannot be used.
    #[error("cannot use the kernel's maps: {0}")]
    Maps(String),
}

/// Passes the registry's wishes to the sensor.
#[derive(Debug)]
pub(crate) struct SensorControl {
    pub(crate) tracker: Tracker,
    pub(crate) sensor: Sensor,
    /// What workloads had done when they ended, until the meter takes it.
    pub(crate) settled: HashMap<u32, Usage>,
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

    fn ended(&mut self, pid: u32) {
        if let Some(usage) = self.tracker.settle(pid) {
            self.settled.insert(pid, usage);
        }
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

    let counts = Arc::new(QueueCounts::default());
    let (output_end, output_ended) = bounded(1);
    let now = monotonic();
    let clock = Clock::default();
    let recorder = options.recording.map(|file| {
        let boot = wasmscope_sensor_proc::boot_id()?.0;
        Recorder::start(file, &Header::new(boot, clock.wall(now), now), output_end.clone())
    });
    let recorder = recorder.transpose().map_err(WatchError::Recording)?;
    let output = Output::start(sink, options.reader, options.queues.events, Arc::clone(&counts), output_end)?;
    let (drain_stop, stopped) = io::pipe()?;
    let (record_send, records) = bounded(options.queues.records);
    let drain = start_drain(rings, OwnedFd::from(drain_stop), record_send, Arc::clone(&counts))?;

    let (hook_send, hooked) = hooks::channel();
    let hook_counts = options.hooks.is_some().then(|| Arc::new(HookCounts::default()));
    let (hooks_stop, hooks_stopped) = io::pipe()?;
    let hooks = match (options.hooks, &hook_counts) {
        (Some(socket), Some(counts)) => Some(socket.serve(hooks_stop, hook_send, Arc::clone(counts))?),
        _ => None,
    };
    // A channel that nobody can send to would be ready all the time.
    let hooked = if hooks.is_some() { hooked } else { never() };

    let control = SensorControl { tracker, sensor, settled: HashMap::new() };
    let log = recorder.as_ref().map(Recorder::log).unwrap_or_default();
    let mut watch = Watch {
        registry: RecordedRegistry::new(
            Looker::new()?.inspecting(Inspector::start(traits)?),
            control,
            now,
            log,
        ),
        clock,
        census: Census::default(),
        loss_report: LossReport::default(),
        counts,
        output,
        settings: options.settings,
        meter: (options.metrics.is_some() || options.otlp.is_some()).then(Meter::new),
        exporter: None,
        detector: Detector::new(options.rules, options.baseline),
        responder: options.respond.map(Responder::start).transpose()?,
        hook_counts,
    };
    let (ask, asked) = bounded(0);
    let scraper: Arc<dyn Source> = Arc::new(Scraper { ask });
    if let Some(config) = &options.otlp {
        watch.exporter = Some(Exporter::start(config, Some(Arc::clone(&scraper)))?);
    }
    for report in reports {
        watch.tell(now, EventKind::Sensor(report));
    }
    if let Some(meter) = &mut watch.meter {
        for report in meter.start() {
            watch.tell(now, EventKind::Sensor(report));
        }
    }
    let server = options.metrics.map(|listener| listener.serve(Arc::clone(&scraper))).transpose()?;
    watch.take_census()?;
    // Asked to end while loading: a command that nobody will watch is not begun.
    let held = options.command.filter(|_| stop.is_empty());
    let command = held.map(Held::start).transpose().map_err(WatchError::Command)?;
    let command_ended = command.as_ref().map_or_else(never, |c| c.ended.clone());
    let timeout = options.duration.map_or_else(never, crossbeam_channel::after);
    let ended = watch.run(&records, &hooked, &[&stop, &output_ended], &timeout, &command_ended, &asked);
    if ended == End::Command {
        watch.linger(&records);
    }

    drop(stopped); // the drain thread sees the closed pipe, delivers the rest and ends
    drop(hooks_stopped);
    watch.finish_hooks(hooks, &hooked);
    watch.finish_records(&records);
    let _ = drain.join();
    let follows = watch.detector.at_end();
    watch.send_following(follows);
    watch.finish_responses();
    let command = match command {
        Some(command) if ended == End::Command => command.status(),
        Some(command) => {
            command.terminate();
            None
        }
        None => None,
    };
    let deliver = if ended == End::Asked { DELIVER_ASKED } else { DELIVER };
    let exported = watch.finish_export(&records, deliver);
    // Nobody answers a scrape any more.
    drop((asked, server, scraper));
    let Watch { registry, counts, hook_counts, output, detector, .. } = watch;
    let output = output.finish(ended == End::Asked, &stop);
    let ledger = ledger_of(&registry, &counts, hook_counts.as_deref(), None, &exported);
    signals.close();
    let recording = recorder.map_or(Ok(()), Recorder::finish);
    Ok(Outcome { output, command, ledger, recording, learnt: detector.finish() })
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
    counts: Arc<QueueCounts>,
    output: Output,
    settings: Settings,
    meter: Option<Meter>,
    exporter: Option<Exporter>,
    detector: Detector,
    responder: Option<Responder>,
    hook_counts: Option<Arc<HookCounts>>,
}

impl Watch {
    fn run(
        &mut self,
        records: &Receiver<(Family, Record)>,
        hooked: &Receiver<Hook>,
        stops: &[&Receiver<()>; 2],
        timeout: &Receiver<std::time::Instant>,
        command: &Receiver<()>,
        asked: &Receiver<Sender<Snapshot>>,
    ) -> End {
        let recount = tick(CENSUS_EVERY);
        let sample = if self.meter.is_some() { tick(SAMPLES_EVERY) } else { never() };
        let outcomes = self.responder.as_ref().map_or_else(never, |responder| responder.outcomes.clone());
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
                    self.take(record);
                    for record in records.try_iter().take(BATCH) {
                        self.take(record);
                    }
                    losses_due.get_or_insert(monotonic() + LOSSES_EVERY);
                },
                recv(hooked) -> hook => {
                    for hook in hook.into_iter().chain(hooked.try_iter().take(BATCH)) {
                        self.take_hook(hook);
                    }
                },
                recv(stops[0]) -> _ => return End::Asked,
                recv(stops[1]) -> _ => return End::Done,
                recv(timeout) -> _ => return End::Done,
                recv(command) -> _ => return End::Command,
                recv(self.detector.changed) -> rules => match rules {
                    Ok(rules) => self.detector.replace(rules),
                    Err(_) => self.detector.changed = never(),
                },
                recv(outcomes) -> response => response.into_iter().for_each(|response| self.responded(response)),
                recv(recount) -> _ => self.recount(),
                recv(sample) -> _ => self.meter.iter_mut().for_each(Meter::take_samples),
                recv(asked) -> asker => if let Ok(asker) = asker {
                    let _ = asker.send(self.snapshot(records));
                },
                default(wait) => self.census_step(),
            }
            self.registry.tick(monotonic());
            self.pass_on();
            // What hooks tell in vain, or a collector does not take, comes to no channel of this loop.
            if self.hook_counts.is_some() || self.exporter.is_some() {
                losses_due.get_or_insert(monotonic() + LOSSES_EVERY);
            }
            if losses_due.is_some_and(|at| at <= monotonic()) {
                losses_due = None;
                self.tell_losses();
            }
        }
    }

    fn take(&mut self, (family, record): (Family, Record)) {
        self.counts.taken[family as usize].fetch_add(1, Ordering::Relaxed);
        self.registry.record(record, monotonic());
    }

    fn take_hook(&mut self, Hook { process, line }: Hook) {
        if let Some(counts) = &self.hook_counts {
            counts.taken.fetch_add(1, Ordering::Relaxed);
        }
        self.registry.hooked(process, *line, monotonic());
    }

    /// What is known at this moment, for a scrape.
    fn snapshot(&mut self, records: &Receiver<(Family, Record)>) -> Snapshot {
        // What has happened before the scrape is in it.
        for record in records.try_iter().take(BATCH) {
            self.take(record);
        }
        self.pass_on();
        let exported = self.exported();
        let Some(meter) = &mut self.meter else { return Snapshot::default() };
        let ledger =
            ledger_of(&self.registry, &self.counts, self.hook_counts.as_deref(), Some(meter), &exported);
        let mut queues = vec![
            ("records", records.len(), records.capacity()),
            ("events", self.output.waiting(), self.output.capacity()),
        ];
        queues.extend(self.exporter.iter().map(|to| ("otlp", to.waiting(), to.capacity())));
        let mut snapshot = meter.snapshot(&mut self.registry, &ledger, &queues);
        let counts = self.detector.counts();
        snapshot.agent.detection_evictions = Some(counts.evicted);
        snapshot.agent.undecided_acts = self.hook_counts.is_some().then_some(counts.undecided);
        snapshot.agent.rules = self.detector.rules();
        snapshot
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
        // Children of workloads have counters before they are known; whose end was lost would keep them for ever.
        for pid in self.registry.control().tracker.measured() {
            if !self.registry.knows(pid) && !self.registry.looker().is_alive(pid) {
                self.registry.control().tracker.forget(pid);
            }
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
    fn linger(&mut self, records: &Receiver<(Family, Record)>) {
        let until = std::time::Instant::now() + LINGER;
        while let Ok(record) = records.recv_deadline(until) {
            self.take(record);
            self.registry.tick(monotonic());
        }
        self.pass_on();
    }

    /// Takes in what has arrived at the socket, until its thread is gone.
    fn finish_hooks(&mut self, server: Option<JoinHandle<()>>, hooked: &Receiver<Hook>) {
        let Some(server) = server else { return };
        // Its sender goes with it.
        while let Ok(hook) = hooked.recv() {
            self.take_hook(hook);
        }
        let _ = server.join();
        self.pass_on();
    }

    /// Takes in all that is left, until the drain thread is gone.
    fn finish_records(&mut self, records: &Receiver<(Family, Record)>) {
        while let Ok(record) = records.recv() {
            self.take(record);
        }
        self.pass_on();
        self.tell_losses();
    }

    fn tell_losses(&mut self) {
        let exported = self.exported();
        self.tell_losses_of(&exported);
    }

    fn tell_losses_of(&mut self, exported: &[Count]) {
        let rows = ledger_of(
            &self.registry,
            &self.counts,
            self.hook_counts.as_deref(),
            self.meter.as_ref(),
            exported,
        );
        let news = self.loss_report.news(&rows);
        let recount = news.iter().any(calls_for_census);
        for loss in news {
            self.tell(monotonic(), EventKind::Lost(loss));
        }
        if recount {
            self.recount();
        }
    }

    fn exported(&self) -> Vec<Count> {
        self.exporter.as_ref().map(Exporter::counts).unwrap_or_default()
    }

    /// Gives the collector the rest, for so long at most, and tells what it did not take.
    fn finish_export(&mut self, records: &Receiver<(Family, Record)>, within: Duration) -> Vec<Count> {
        if self.exporter.is_none() {
            return Vec::new();
        }
        let snapshot = self.snapshot(records);
        let Some(exporter) = self.exporter.take() else { return Vec::new() };
        let exported = exporter.finish(Some(snapshot), within);
        self.tell_losses_of(&exported);
        exported
    }

    fn pass_on(&mut self) {
        self.clock.refresh();
        for (at, kind) in self.registry.take_events(self.clock.offset()) {
            if let EventKind::Exited { id, pid, .. } = &kind
                && let Some(ended) = self.registry.control().settled.get(&pid.0).and_then(|usage| usage.ended)
            {
                self.detector.cost(*id, ended.run_time);
            }
            if let Some(meter) = &mut self.meter {
                meter.observe(&kind, at, self.clock.offset(), &mut self.registry);
            }
            self.send(at, kind);
        }
        self.registry.control_mut().settled.clear();
    }

    /// Tells what no registry knows of.
    fn tell(&mut self, at: Duration, kind: EventKind) {
        self.registry.told(at, self.clock.offset(), &kind);
        self.send(at, kind);
    }

    fn send(&mut self, at: Duration, kind: EventKind) {
        if let Some(meter) = &mut self.meter {
            meter.count(&kind);
        }
        let event = self.clock.event(at, kind);
        let follows = self.detector.observe(&event);
        self.send_out(event);
        self.send_following(follows);
    }

    fn send_following(&mut self, follows: Vec<Event>) {
        for event in follows {
            if let Some(meter) = &mut self.meter {
                meter.count(&event.kind);
            }
            let responses = self.responder.as_mut().map(|responder| responder.observe(&event));
            self.send_out(event);
            responses.into_iter().flatten().for_each(|response| self.responded(response));
        }
    }

    /// Tells what became of a response. No part of a recording: a replay does nothing.
    fn responded(&mut self, response: Response) {
        let kind = EventKind::Responded(Box::new(response));
        if let Some(meter) = &mut self.meter {
            meter.count(&kind);
        }
        self.send_out(self.clock.event(monotonic(), kind));
    }

    fn finish_responses(&mut self) {
        let rest = self.responder.as_mut().map(Responder::finish);
        rest.into_iter().flatten().for_each(|response| self.responded(response));
    }

    fn send_out(&self, event: Event) {
        let event = Arc::new(event);
        if let Some(exporter) = &self.exporter {
            exporter.send(&event);
        }
        self.output.send(event);
    }
}

fn ledger_of(
    registry: &RecordedRegistry<Looker, SensorControl>,
    counts: &QueueCounts,
    hooks: Option<&HookCounts>,
    meter: Option<&Meter>,
    exported: &[Count],
) -> Vec<Row> {
    let (hook_sender, unclaimed) = registry.hook_losses();
    let lost = RegistryCounts {
        not_followed: registry.overflow(),
        ended_unseen: registry.ended_unseen(),
        filtered: registry.filtered(),
        hook_sender,
        unclaimed,
    };
    let control = registry.control();
    let samples = meter.and_then(Meter::sample_ledger);
    rows(&control.sensor, &control.tracker, counts, hooks, lost, samples, exported)
}

fn start_drain(
    rings: Rings,
    stop: OwnedFd,
    records: Sender<(Family, Record)>,
    counts: Arc<QueueCounts>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("drain".into()).spawn(move || {
        let drained = rings.drain(stop.as_fd(), |family, record| {
            if records.try_send((family, record)).is_err() {
                counts.dropped[family as usize].fetch_add(1, Ordering::Relaxed);
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
