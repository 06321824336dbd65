//! The sensor, and the files that it and the sampler write.

use crate::{Options, Report, SetupError, guard::Guard};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use std::{
    fs::{File, OpenOptions},
    io,
    os::{fd::AsFd, unix::fs::OpenOptionsExt as _},
    path::Path,
    time::{Duration, Instant},
};
use wasmscope_sensor_wasmtime::{AgentSink, LineWriter, LinesSink, Mode, Sensor};

/// Events that wait for the file, at most. Each takes some 300 bytes.
const QUEUE: usize = 1 << 16;

/// So long a reader of the events that takes none may hold up the end of this process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What watches one run.
pub(crate) struct Watching {
    pub(crate) sensor: Sensor,
    /// The threads that write events, and where to.
    writers: Vec<(&'static str, LineWriter)>,
    profile: Option<File>,
    began: Instant,
    wanted: bool,
}

impl Watching {
    pub(crate) fn begin(options: &Options, guard: &Guard, began: Instant) -> Result<Self, SetupError> {
        let watch = &options.watch;
        let mode = match (watch.events.is_some() || watch.agent.is_some(), watch.summary) {
            (true, _) => Mode::Events,
            (false, true) => Mode::Time,
            (false, false) => Mode::Off,
        };
        // A command may be over before another clock is calibrated.
        let mut builder = Sensor::builder().kernel_clock().modes(mode).gate(guard.gate());
        let profile = watch.profile.as_deref().map(|path| output("the flame graph", path)).transpose()?;
        let mut writers = Vec::new();
        if let Some(path) = &watch.events {
            let file = output("events", path)?;
            let (sink, thread) = LinesSink::start(file, QUEUE).map_err(SetupError::Start)?;
            builder = builder.sink(sink);
            writers.push(("events", thread));
        }
        if let Some(path) = &watch.agent {
            let failed = |error| SetupError::Agent { path: path.clone(), error };
            let (sink, thread) = AgentSink::connect(path, QUEUE).map_err(failed)?;
            builder = builder.sink(sink);
            writers.push(("what the agent was to be told", thread));
        }
        let wanted = mode != Mode::Off || profile.is_some() || watch.instrument.is_some();
        Ok(Self { sensor: builder.build(), writers, profile, began, wanted })
    }

    /// When all stores are gone.
    pub(crate) fn end(
        self,
        samples: Option<crate::profile::Samples>,
        title: &str,
    ) -> (Option<Report>, Vec<(&'static str, io::Error)>) {
        let Self { sensor, writers, profile, began, wanted } = self;
        let elapsed = began.elapsed();
        let mut unwritten = Vec::new();
        for (what, writer) in writers {
            if let Err(error) = writer.finish_within(PATIENCE) {
                unwritten.push((what, error));
            }
        }
        let mut counted = None;
        if let Some((file, samples)) = profile.zip(samples) {
            counted = Some((samples.taken(), samples.lost()));
            if let Err(error) = samples.write(file, title) {
                unwritten.push(("the flame graph", error));
            }
        }
        let report = wanted.then(|| Report {
            summary: sensor.summary(),
            lost_events: sensor.lost(),
            samples: counted,
            counted: None,
            elapsed,
        });
        (report, unwritten)
    }
}

/// Opens a file of ours. The guest's output is never mixed with it, and nobody waits for a reader that does not come.
fn output(what: &'static str, path: &Path) -> Result<File, SetupError> {
    let failed = |error: io::Error| SetupError::Output { what, path: path.into(), error };
    if path == Path::new("-") {
        return Err(failed(io::Error::other("standard output is the guest's: name a file")));
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
                failed(io::Error::other("nobody reads this pipe: start the reader first"))
            }
            _ => failed(error),
        })?;
    let shared = [same(&file, &io::stdout()), same(&file, &io::stderr())];
    for shared in shared {
        if shared.map_err(failed)? {
            return Err(failed(io::Error::other("it is where the guest's output goes: name another file")));
        }
    }
    let flags = fcntl_getfl(&file).map_err(|error| failed(error.into()))?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK).map_err(|error| failed(error.into()))?;
    Ok(file)
}

/// Whether both are the same file, and what is written to it is kept or read by somebody.
fn same(a: &impl AsFd, b: &impl AsFd) -> io::Result<bool> {
    let (a, b) = (fstat(a)?, fstat(b)?);
    let null = rustix::fs::stat("/dev/null")?;
    let is = |one: &rustix::fs::Stat, other: &rustix::fs::Stat| {
        (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
    };
    Ok(is(&a, &b) && !(FileType::from_raw_mode(a.st_mode) == FileType::CharacterDevice && is(&a, &null)))
}
