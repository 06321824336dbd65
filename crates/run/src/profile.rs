//! Where the guest spends its time, as a flame graph.
//!
//! A thread moves the engine's epoch on every millisecond. Guest code compares the epoch at function entries and loop heads, and
//! calls back here, on its own thread and with its stack as it is: no signal, no privilege, and names from the module. Time in
//! host calls is not sampled; a wait in one gives a single sample of its caller. The comparison itself makes the guest somewhat
//! slower.

use crate::host::Host;
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};
use wasmscope_model::text::lossy_within;
use wasmtime::{AsContext, Engine, Store, Trap, UpdateDeadline, WasmBacktrace};

/// Between two samples.
const INTERVAL: Duration = Duration::from_millis(1);

/// Different stacks that are kept; samples of further ones are counted only.
const STACKS: usize = 65_536;

/// Frames of a stack, from the outermost on.
const FRAMES: usize = 128;

/// Longest name that is kept of a function, in bytes.
const NAME_BYTES: usize = 200;

/// Stacks, as `outermost;…;innermost`, and how often each was seen.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    stacks: HashMap<String, u64>,
    taken: u64,
    lost: u64,
}

impl Samples {
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes what another store had.
    pub(crate) fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.lost += other.lost;
        for (stack, count) in other.stacks {
            self.count(stack, count);
        }
    }

    fn take(&mut self, store: impl AsContext) {
        let backtrace = WasmBacktrace::force_capture(store);
        let mut stack = String::new();
        for frame in backtrace.frames().iter().rev().take(FRAMES) {
            if !stack.is_empty() {
                stack.push(';');
            }
            match frame.func_name() {
                Some(name) => stack.extend(lossy_within(name.as_bytes(), NAME_BYTES).chars().map(harmless)),
                None => _ = write!(stack, "function[{}]", frame.func_index()),
            }
        }
        self.taken += 1;
        self.count(stack, 1);
    }

    fn count(&mut self, stack: String, count: u64) {
        if self.stacks.len() >= STACKS && !self.stacks.contains_key(&stack) {
            self.lost += count;
        } else {
            *self.stacks.entry(stack).or_default() += count;
        }
    }

    /// Writes the flame graph. One without a sample says so.
    pub(crate) fn write(self, file: File, title: &str) -> io::Result<()> {
        let mut lines: Vec<_> = self.stacks.iter().map(|(stack, count)| format!("{stack} {count}")).collect();
        lines.sort();
        if lines.is_empty() {
            lines.push("no sample: the guest ran for less than a millisecond 1".into());
        }
        let mut options = inferno::flamegraph::Options::default();
        options.title = title.chars().map(harmless).collect();
        options.count_name = "samples".into();
        let mut out = BufWriter::new(file);
        inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut out)
            .map_err(io::Error::other)?;
        out.flush()
    }
}

/// The separators of the folded form, and what no picture should have, become underscores; inferno escapes the rest.
fn harmless(letter: char) -> char {
    if letter == ';' || letter.is_control() || letter.is_whitespace() { '_' } else { letter }
}

/// Moves the epoch on until it is dropped.
pub(crate) struct Ticker(Arc<AtomicBool>);

impl Ticker {
    pub(crate) fn start(engine: Engine, interval: Duration) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::Builder::new().name("wasmscope-epoch".into()).spawn(move || {
            while !stopped.load(Relaxed) {
                thread::sleep(interval);
                engine.increment_epoch();
            }
        })?;
        Ok(Self(stop))
    }

    pub(crate) fn sampling(engine: Engine) -> io::Result<Self> {
        Self::start(engine, INTERVAL)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Samples the store's guest whenever the epoch moves on, until `deadline`.
pub(crate) fn sample(store: &mut Store<Host>, deadline: Option<Instant>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut store| {
        let mut samples = std::mem::take(&mut store.data_mut().samples);
        samples.take(&store);
        store.data_mut().samples = samples;
        let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let decision = if over { return Err(Trap::Interrupt.into()) } else { UpdateDeadline::Continue(1) };
        Ok(store.data_mut().hooks.epoch(decision))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_beyond_the_bound_are_counted() {
        let mut samples = Samples::default();
        for n in 0..STACKS + 3 {
            samples.count(format!("f{n}"), 2);
        }
        samples.count("f0".into(), 1);
        assert_eq!((samples.stacks.len(), samples.lost), (STACKS, 6));
        assert_eq!(samples.stacks["f0"], 3);
    }

    #[test]
    fn no_name_can_break_out_of_the_picture() {
        let mut samples = Samples::default();
        let name: String = "a;b\n<script>\u{1b}[2J 7".chars().map(harmless).collect();
        samples.count(name, 1);
        let mut file = tempfile::tempfile().unwrap();
        samples.write(file.try_clone().unwrap(), "<title>").unwrap();
        let mut svg = String::new();
        io::Seek::rewind(&mut file).unwrap();
        io::Read::read_to_string(&mut file, &mut svg).unwrap();
        assert!(svg.contains("a_b_&lt;script&gt;_[2J_7"), "{svg}");
        assert!(!svg.contains("<script>\u{1b}") && svg.contains("&lt;title&gt;"));
    }
}
