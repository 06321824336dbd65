//! A running `wasmscope watch`: what it says, and what it takes.

use crate::monotonic;
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// Loading the probes takes a fraction of a second; on a loaded machine, more.
const START: Duration = Duration::from_secs(30);
/// After its first line, the agent takes in the processes of its scope and falls asleep.
const SETTLE: Duration = Duration::from_millis(300);

/// One event, and when it could be read from the pipe, on `CLOCK_MONOTONIC`.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it arrived.
    pub arrived: Duration,
    /// What it says.
    pub event: Value,
}

impl Line {
    /// The process, if a workload starts here.
    pub fn started(&self) -> Option<u32> {
        self.is("workload.started").then_some(())?;
        self.pid()
    }

    /// The process that it speaks of, if it does of one.
    pub fn pid(&self) -> Option<u32> {
        self.event["process.pid"].as_u64()?.try_into().ok()
    }

    /// Whether it is an event of this name.
    pub fn is(&self, name: &str) -> bool {
        self.event["event.name"] == name
    }
}

/// What makes `watch` do all that it can: the options of this kind that this version has.
///
/// # Errors
/// There is no such program.
pub fn everything_on(wasmscope: &Path) -> Result<Vec<&'static str>> {
    let help = Command::new(wasmscope).args(["watch", "--help"]).output()?;
    let help = String::from_utf8_lossy(&help.stdout);
    Ok(if help.contains("--metrics") { vec!["--metrics", "127.0.0.1:0"] } else { Vec::new() })
}

/// An agent that watches one process tree. Dropped, it ends.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    lines: Receiver<Line>,
}

/// What an agent occupies.
#[derive(Debug, Clone, Copy)]
pub struct Occupied {
    /// Resident, MiB.
    pub resident: f64,
    /// Its own share of it, MiB.
    pub proportional: f64,
    /// Of it not backed by a file, MiB.
    pub anonymous: f64,
    /// Held by the kernel for its maps and programs, MiB.
    pub kernel: f64,
}

impl Agent {
    /// Starts watching `tree`, and returns when the probes are attached and it is at rest.
    ///
    /// # Errors
    /// It does not start.
    pub fn watch(wasmscope: &Path, tree: u32) -> Result<Self> {
        Self::watch_with(wasmscope, tree, &[])
    }

    /// The same, with more arguments.
    ///
    /// # Errors
    /// As for [`watch`](Self::watch).
    pub fn watch_with(wasmscope: &Path, tree: u32, arguments: &[&str]) -> Result<Self> {
        let agent = Self::start_with(wasmscope, tree, arguments)?;
        agent.next(START).context("wasmscope watch says nothing")?;
        thread::sleep(SETTLE);
        Ok(agent)
    }

    /// Starts watching `tree`, and returns at once.
    ///
    /// # Errors
    /// There is no such program.
    pub fn start(wasmscope: &Path, tree: u32) -> Result<Self> {
        Self::start_with(wasmscope, tree, &[])
    }

    fn start_with(wasmscope: &Path, tree: u32, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(wasmscope)
            .args(["watch", "--json", "--scope", &format!("tree:{tree}")])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", wasmscope.display()))?;
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let arrived = monotonic();
                // A line that is no JSON would be missed by whoever waits for it, with a message.
                let Ok(event) = serde_json::from_str(&line) else { continue };
                if send.send(Line { arrived, event }).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// The next event.
    ///
    /// # Errors
    /// There is none in this time, or the agent has ended.
    pub fn next(&self, timeout: Duration) -> Result<Line> {
        match self.lines.recv_timeout(timeout) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("nothing within {timeout:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("wasmscope watch has ended"),
        }
    }

    /// The events that have come so far, or do within this time.
    pub fn drain(&self, timeout: Duration) -> impl Iterator<Item = Line> {
        let until = Instant::now() + timeout;
        std::iter::from_fn(move || self.next(until.saturating_duration_since(Instant::now())).ok())
    }

    /// Reads until all these processes were reported as started workloads, and gives those reports.
    ///
    /// # Errors
    /// Some were not in this time.
    pub fn wait_started(&self, pids: &[u32], timeout: Duration) -> Result<HashMap<u32, Line>> {
        let until = Instant::now() + timeout;
        let mut started = HashMap::new();
        while pids.iter().any(|pid| !started.contains_key(pid)) {
            let line = self.next(until.saturating_duration_since(Instant::now())).with_context(|| {
                let missing = pids.iter().filter(|pid| !started.contains_key(*pid)).count();
                format!("{missing} of {} workloads were not reported", pids.len())
            })?;
            if let Some(pid) = line.started() {
                started.insert(pid, line);
            }
        }
        Ok(started)
    }

    /// CPU time of all its threads so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // Nanoseconds on a CPU, nanoseconds waiting for one, times scheduled. Clock ticks, which `stat` counts
            // in, are as long as the whole of what is measured here.
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let nanoseconds = text.split(' ').next().unwrap_or_default().parse().context("schedstat")?;
            total += Duration::from_nanos(nanoseconds);
        }
        Ok(total)
    }

    /// The memory that it occupies now.
    ///
    /// # Errors
    /// It has ended.
    pub fn occupied(&self) -> Result<Occupied> {
        let pid = self.child.id();
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let mib = |name: &str| field(&rollup, name).context("smaps_rollup").map(|kib| kib / 1024.0);
        let mut kernel = HashMap::new();
        for descriptor in fs::read_dir(format!("/proc/{pid}/fdinfo"))? {
            let text = fs::read_to_string(descriptor?.path()).unwrap_or_default();
            // Several descriptors may lead to one map.
            let ids = ["map_id:", "prog_id:"].map(|id| field(&text, id).map(|value| value as u64));
            if let ([Some(_), None] | [None, Some(_)], Some(bytes)) = (ids, field(&text, "memlock:")) {
                kernel.insert(ids, bytes);
            }
        }
        Ok(Occupied {
            resident: mib("Rss:")?,
            proportional: mib("Pss:")?,
            anonymous: mib("Anonymous:")?,
            kernel: kernel.values().sum::<f64>() / f64::from(1 << 20),
        })
    }
}

/// The number behind a name at the start of a line.
fn field(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let _ = self.child.wait();
    }
}
