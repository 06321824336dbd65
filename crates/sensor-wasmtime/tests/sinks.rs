//! Sinks lose rather than wait, and know how much.

mod common;

use common::core;
use serde_json::Value;
use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};
use wasmscope_sensor_wasmtime::{ChannelSink, Class, LinesSink, Mode, Sensor, SensorBuilder};
use wasmtime::Result;

/// Calls `sched_yield` so many times.
const YIELDS: &str = r#"(module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (func (export "go") (param i32)
        (loop $again
            (drop (call $yield))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

fn go(builder: SensorBuilder, calls: i32) -> Result<Sensor> {
    let sensor = builder.lifecycle(false).build();
    let (mut store, instance) = core(&sensor, YIELDS, |_| {})?;
    instance.get_typed_func::<i32, ()>(&mut store, "go")?.call(&mut store, calls)?;
    Ok(sensor)
}

/// Blocks until told to go on.
struct Blocked(Receiver<()>, Arc<Mutex<Vec<u8>>>);

impl Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An error means that nobody blocks us any more.
        _ = self.0.recv();
        self.1.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_blocked_writer_blocks_no_guest_and_every_event_is_written_or_counted() -> Result<()> {
    let (unblock, blocked) = channel();
    let written = Arc::default();
    let (sink, writer) = LinesSink::start(Blocked(blocked, Arc::clone(&written)), 64)?;
    let sensor = go(Sensor::builder().modes(Mode::Events).sink(sink), 10_000)?;
    let lost = sensor.lost();
    assert!(lost > 0);
    drop(unblock);
    writer.finish()?;

    let text = String::from_utf8(written.lock().unwrap().clone())?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (losses, calls): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line["event.name"] == "sensor.lost");
    let told: u64 = losses.iter().map(|line| line["loss.count"].as_u64().unwrap()).sum();
    assert_eq!(told, lost);
    assert_eq!(calls.len() as u64 + lost, 10_000);
    let first = calls[0];
    assert_eq!(first["event.name"], "boundary.call");
    assert_eq!(first["wasi.call.name"], "sched_yield");
    assert_eq!(first["wasi.call.outcome"], "ok");
    assert_eq!(first["wasm.instance.name"], "guest");
    assert_eq!(first["wasmscope.format"], 1);
    assert_eq!(first["time"].as_str().unwrap().len(), "2026-11-22T21:41:55.041648Z".len());
    Ok(())
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_is_told_at_the_end() -> Result<()> {
    let (sink, writer) = LinesSink::start(Full, 1 << 16)?;
    let sensor = go(Sensor::builder().modes(Mode::Events).sink(sink), 10_000)?;
    assert_eq!(writer.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(sensor.lost(), 10_000, "what waited in the buffer included");
    Ok(())
}

#[test]
fn a_writer_that_blocks_for_good_is_given_up() -> Result<()> {
    let (unblock, blocked) = channel();
    let (sink, writer) = LinesSink::start(Blocked(blocked, Arc::default()), 64)?;
    go(Sensor::builder().modes(Mode::Events).sink(sink), 10_000)?;
    let given_up = writer.finish_within(Duration::from_millis(20)).unwrap_err();
    assert_eq!(given_up.kind(), io::ErrorKind::TimedOut);
    drop(unblock);
    Ok(())
}

#[test]
fn a_receiver_that_went_away_is_counted() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(8);
    drop(events);
    assert_eq!(go(Sensor::builder().modes(Mode::Events).sink(sink), 100)?.lost(), 100);
    Ok(())
}

#[test]
fn a_full_channel_keeps_the_oldest_and_counts_the_rest() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(8);
    let sensor = go(Sensor::builder().modes(Mode::Events).sink(sink), 100)?;
    assert_eq!((events.len() as u64, sensor.lost()), (8, 92));
    Ok(())
}

#[test]
fn several_sinks_get_the_same() -> Result<()> {
    let (one, first) = ChannelSink::bounded(128);
    let (two, second) = ChannelSink::bounded(128);
    let _sensor = go(Sensor::builder().modes(Mode::Events).sink(one).sink(two), 100)?;
    assert_eq!((first.len(), second.len()), (100, 100));
    Ok(())
}

#[test]
fn a_mode_decides_how_much_is_told_and_all_count() -> Result<()> {
    for (mode, told, counted) in [
        (Mode::Off, 0, 0),
        (Mode::Count, 0, 100),
        (Mode::Time, 0, 100),
        (Mode::Sample(0), 0, 100),
        (Mode::Sample(30), 4, 100),
        (Mode::Sample(1), 100, 100),
        (Mode::Events, 100, 100),
    ] {
        let (sink, events) = ChannelSink::bounded(128);
        let builder = Sensor::builder().modes(Mode::Off).mode(Class::Process, mode);
        let sensor = go(builder.sink(sink), 100)?;
        assert_eq!((events.len(), sensor.summary().calls()), (told, counted), "{mode:?}");
        let timed = sensor.summary().function("sched_yield").is_some_and(|total| total.ns > 0);
        assert_eq!(timed, counted > 0 && mode != Mode::Count, "{mode:?}");
    }
    Ok(())
}
