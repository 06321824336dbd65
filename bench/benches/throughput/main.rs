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
    time::{Duration, Instant},
};
use wasmscope_agent::{Clock, monotonic};
use wasmscope_bench::{
    bench,
    report::{Report, Row, median},
    sized,
};
use wasmscope_model::{Event, Record, event::FORMAT};
use wasmscope_sensor_kernel::record::decode;
use wasmscope_workload::Registry;

const EVENTS: usize = 200_000;
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
    let samples = samples();
    let mut registry = Registry::new(Known::new(), NoSensor, monotonic());
    registry.adopt(PID, monotonic());
    ensure!(registry.workloads() == 1, "the workload is not known");
    registry.take_events();
    let mut taken = Taken::default();
    once(&samples, &mut registry, &mut Taken::default())?; // until every stack is known
    for _ in 0..sized(25, 5) {
        once(&samples, &mut registry, &mut taken)?;
    }
    ensure!(registry.filtered() == 0, "{} records were nobody's", registry.filtered());

    let stages = [("decode", &taken.decoding), ("join", &taken.joining), ("write", &taken.writing)];
    let whole = |n: usize| stages.iter().map(|(_, times)| times[n]).sum::<f64>();
    let rates: Vec<_> = (0..taken.decoding.len()).map(|n| 1e9 / whole(n)).collect();
    let row = Row::median("bytes of the kernel to JSON lines, one core", "events/s", &rates);
    report.add(row.at_least(GOAL_PER_SECOND));
    for (name, times) in stages {
        report.add(Row::median(format!("{name}: time"), "ns each", times));
        report.add(Row::value(format!("{name}: alone"), "events/s", 1e9 / median(times)));
    }
    report.add(Row::value("length of a line", "bytes", taken.bytes as f64 / EVENTS as f64));
    report.note("events: opens, connects, renames, each with a stack of 8 functions out of 30 candidates; none is lost");
    report.note("stacks are known already, as those of a loop are; lines go to /dev/null");
    Ok(())
}

fn once(samples: &[Vec<u8>], registry: &mut Registry<Known, NoSensor>, taken: &mut Taken) -> Result<()> {
    let (send_record, records) = bounded::<Record>(BATCH);
    let (send_event, events) = bounded::<Event>(BATCH);
    let mut output = BufWriter::new(Counted { inner: File::create("/dev/null")?, bytes: 0 });
    let mut clock = Clock::default();
    let (mut times, mut lines) = ([Duration::ZERO; 3], 0);
    let mut incoming = samples.iter().cycle().take(EVENTS).peekable();
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
        for (time, (from, to)) in
            times.iter_mut().zip([(start, decoded), (decoded, joined), (joined, Instant::now())])
        {
            *time += to - from;
        }
    }
    ensure!(lines == EVENTS, "{lines} of {EVENTS} events were written");
    let [decoding, joining, writing] = times.map(|time| time.as_nanos() as f64 / EVENTS as f64);
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
