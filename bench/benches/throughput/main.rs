//! How many events one core takes from the kernel's bytes to JSON lines.
//!
//! The product's own stages, one after the other on one thread, in batches as in the agent: decoding, joining to the
//! workload with its guest stack, writing a line. Only the ring before them and the pipe behind them are left out.

mod host;
mod samples;

use anyhow::{Context as _, Result, ensure};
use crossbeam_channel::bounded;
use host::{Known, NoSensor};
use samples::{PID, samples};
use std::{
    fs::File,
    io::{BufWriter, Write},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};
use wasmscope_agent::{Clock, monotonic};
use wasmscope_bench::{
    bench,
    nest::{Nest, Program},
    report::{Report, Row, median},
    sized,
};
use wasmscope_model::{Event, Record, event::FORMAT};
use wasmscope_sensor_kernel::record::decode;
use wasmscope_testkit::{guest, runtimes};
use wasmscope_workload::{Look, Looker, Registry};

const EVENTS: usize = 200_000;
/// Fewer where each may take long.
const EVENTS_OF_LOOKER: usize = 20_000;
/// A guest has started by then.
const STARTED: Duration = Duration::from_secs(1);
/// As many as the agent takes in before it passes events on.
const BATCH: usize = 256;
const GOAL_PER_SECOND: f64 = 200_000.0;

/// Nanoseconds per event.
#[derive(Default)]
struct Taken {
    decoding: Vec<f64>,
    joining: Vec<f64>,
    writing: Vec<f64>,
    bytes: u64,
}

fn main() -> ExitCode {
    bench("throughput", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    // A live process, so that the looker has somewhere to look.
    let mut nest = Nest::start(env!("CARGO_BIN_EXE_wasmscope-bench-load"))?;
    let live = nest.spawn(Program::of(&runtimes::wasmtime()?.command(&guest("sleeper"), ["3600"])))?;
    thread::sleep(STARTED);
    let (samples, live_samples) = (samples(PID), samples(live));
    let mut cached = known(Known::new(), PID)?;
    let mut asked = known(Looker::new()?, live)?;

    let (mut taken, mut of_looker) = (Taken::default(), Taken::default());
    for round in 0..=sized(25, 5) {
        if round == 1 {
            (taken, of_looker) = Default::default(); // in the first, stacks become known
        }
        once(&samples, &mut cached, EVENTS, &mut taken)?;
        once(&live_samples, &mut asked, EVENTS_OF_LOOKER, &mut of_looker)?;
    }

    let rates = |joining: &[f64]| -> Vec<f64> {
        let others = taken.decoding.iter().zip(&taken.writing);
        others
            .zip(joining)
            .map(|((decoding, writing), joining)| 1e9 / (decoding + joining + writing))
            .collect()
    };
    let row = |name: &str, joining| Row::median(name, "events/s", &rates(joining)).at_least(GOAL_PER_SECOND);
    report.add(row("bytes of the kernel to JSON lines, one core; stacks at hand", &taken.joining));
    report.add(row("the same; the looker asked for each stack", &of_looker.joining));
    for (name, times) in [
        ("decode", &taken.decoding),
        ("join, stacks at hand", &taken.joining),
        ("join, the looker asked", &of_looker.joining),
        ("write", &taken.writing),
    ] {
        report.add(Row::median(format!("{name}: time"), "ns each", times));
        report.add(Row::value(format!("{name}: alone"), "events/s", 1e9 / median(times)));
    }
    report.add(Row::value("length of a line", "bytes", taken.bytes as f64 / EVENTS as f64));
    report.note("events: opens, connects, renames, each with a stack of 8 functions out of 30 candidates; none is lost");
    report.note("at hand: from a cache like the looker's, without the process; asked: the looker itself, of a live process");
    report.note("stacks are known already, as those of a loop are; lines go to /dev/null");
    Ok(())
}

/// A registry that knows this workload.
fn known<L: Look>(looker: L, pid: u32) -> Result<Registry<L, NoSensor>> {
    let mut registry = Registry::new(looker, NoSensor, monotonic());
    registry.adopt(pid, monotonic());
    ensure!(registry.workloads() == 1, "process {pid} is not known as a workload");
    registry.take_events();
    Ok(registry)
}

fn once<L: Look>(
    samples: &[Vec<u8>],
    registry: &mut Registry<L, NoSensor>,
    count: usize,
    taken: &mut Taken,
) -> Result<()> {
    let (send_record, records) = bounded::<Record>(BATCH);
    let (send_event, events) = bounded::<Event>(BATCH);
    let mut output = BufWriter::new(Counted { inner: File::create("/dev/null")?, bytes: 0 });
    let mut clock = Clock::default();
    let (mut times, mut lines) = ([Duration::ZERO; 3], 0);
    let mut incoming = samples.iter().cycle().take(count).peekable();
    while incoming.peek().is_some() {
        let start = Instant::now();
        for sample in incoming.by_ref().take(BATCH) {
            send_record.try_send(decode(sample).context("a sample is not understood")?)?;
        }
        let decoded = Instant::now();
        for record in records.try_iter() {
            registry.record(record, monotonic());
        }
        clock.refresh();
        for (at, kind) in registry.take_events() {
            let monotonic_ns = u64::try_from(at.as_nanos())?;
            send_event.try_send(Event { format: FORMAT, time: clock.wall(at), monotonic_ns, kind })?;
        }
        let joined = Instant::now();
        for event in events.try_iter() {
            let mut line = serde_json::to_vec(&event)?;
            line.push(b'\n');
            output.write_all(&line)?;
            lines += 1;
        }
        output.flush()?;
        let ends = [decoded - start, joined - decoded, joined.elapsed()];
        times.iter_mut().zip(ends).for_each(|(time, more)| *time += more);
    }
    ensure!(lines == count, "{lines} of {count} events were written");
    let [decoding, joining, writing] = times.map(|time| time.as_nanos() as f64 / count as f64);
    taken.decoding.push(decoding);
    taken.joining.push(joining);
    taken.writing.push(writing);
    taken.bytes = output.get_ref().bytes;
    Ok(())
}

/// How much was written.
struct Counted<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
