//! `wasmscope watch`

use crate::{Failure, baseline::BaselineOptions, output, rules::RuleOptions};
use rustix::process::Signal;
use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    os::{fd::AsFd as _, unix::process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use wasmscope_agent::{Ended, HookSocket, Options, Outcome, Queues, Rules, Sink, WatchError, command, watch};
use wasmscope_export::{bind, listen_address};
use wasmscope_model::{Event, boundary::SOCKET};
use wasmscope_otlp::{Config, Flags, parse_share};
use wasmscope_respond::{AtEvent, Plan, SignalKind};
use wasmscope_sensor_kernel::{
    Scope, Settings,
    calls::{number, told_calls},
};

/// Find every WebAssembly workload that runs now or starts later, and follow it.
///
/// Prints a line when a workload starts, when more is known of it, when its memory grows and when it ends; what it does;
/// and what rules state about that (`wasmscope rules list`). Needs root.
/// With COMMAND, starts it and follows it and its descendants only, and ends with its exit status (128 + signal number if
/// it was killed), as strace does. Ctrl-C and SIGTERM end it cleanly; a COMMAND that still runs gets SIGTERM then.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// JSON lines instead of text.
    #[arg(long)]
    json: bool,
    /// Which processes: host, tree:PID (it and its descendants) or cgroup:PATH.
    #[arg(long, value_name = "SCOPE", conflicts_with = "command")]
    scope: Option<String>,
    /// Serve metrics for Prometheus at http://ADDRESS/metrics. A port alone is one of 127.0.0.1; port 0 lets the kernel choose.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    metrics: Option<SocketAddr>,
    /// Send metrics, events and workloads to an OpenTelemetry collector, e.g. http://127.0.0.1:4317.
    ///
    /// With port 4317 by gRPC, else by HTTP with Protocol Buffers. The standard variables (OTEL_EXPORTER_OTLP_ENDPOINT, ..._PROTOCOL,
    /// ..._HEADERS, ..._CERTIFICATE, OTEL_RESOURCE_ATTRIBUTES, ...) say the rest, and also turn it on; this flag wins.
    #[arg(long, value_name = "ENDPOINT")]
    otlp: Option<String>,
    /// Which share of the host calls that hooks tell become spans, 0 to 1; a workload always is one.
    #[arg(long, value_name = "RATIO", value_parser = parse_share)]
    otlp_sample: Option<f64>,
    /// Stop by itself after so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    duration: Option<Duration>,
    /// Tell at most so many calls of each process in a second; the rest is counted (`workload.throttled`).
    ///
    /// Rare ones (ptrace, mount, ...) have a budget of their own. More cost the workload more, and may be lost.
    #[arg(long, value_name = "N", default_value_t = Settings::default().calls_per_second)]
    calls_per_second: u32,
    /// Do not tell which guest functions led to a call, which makes it cheaper to watch.
    #[arg(long)]
    no_stacks: bool,
    /// Let hooks in other processes tell what they see (`wasmscope run --agent`, `AgentSink`), at this local socket.
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true, default_missing_value = SOCKET)]
    hooks: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleOptions,
    /// Do what this file says upon detections: stop or kill the process, execute a command, call a webhook.
    #[arg(long, value_name = "FILE")]
    respond: Option<PathBuf>,
    #[command(flatten)]
    baseline: BaselineOptions,
    /// A command to start and follow, behind `--`.
    #[arg(last = true)]
    command: Vec<OsString>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

impl Watch {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        conclude(self.follow(None)?)
    }

    /// Watches to the end, recording all of it if there is a file for that.
    pub(crate) fn follow(self, recording: Option<File>) -> Result<Outcome, Failure> {
        let rules = self.rules.load(true)?;
        let respond = self.respond.as_deref().map(|file| self.plan(file, rules.as_ref())).transpose()?;
        let baseline = self.baseline.load()?;
        let cannot_run = |error: io::Error| {
            let program = self.command.first().cloned().unwrap_or_default();
            Failure::input(anyhow::Error::new(error).context(format!("cannot run {program:?}")))
        };
        let held = match self.command.split_first() {
            Some((program, args)) => Some(command::hold(program, args).map_err(cannot_run)?),
            None => None,
        };
        let scope = match (&held, &self.scope) {
            (Some(held), _) => Scope::Tree(vec![held.pid]),
            (None, Some(text)) => Scope::parse(text).map_err(Failure::input)?,
            (None, None) => Scope::Host,
        };
        let settings = Settings {
            scope,
            calls_per_second: self.calls_per_second,
            guest_stacks: !self.no_stacks,
            signals: respond.as_ref().map(signals).unwrap_or_default(),
            ..Settings::default()
        };
        let hooks = self.hooks.as_deref().map(HookSocket::bind).transpose().map_err(Failure::input)?;
        let sink = standard_output(self.json);
        let reader = io::stdout().as_fd().try_clone_to_owned().ok();
        let metrics = self.metrics.map(bind).transpose().map_err(Failure::input)?;
        if let Some(listener) = &metrics {
            eprintln!("wasmscope: metrics at http://{}/metrics", listener.address());
        }
        let flags = Flags { endpoint: self.otlp, sample: self.otlp_sample };
        let otlp = Config::new(&flags, &|name| std::env::var_os(name)).map_err(Failure::input)?;
        for destination in otlp.iter().flat_map(Config::destinations) {
            eprintln!("wasmscope: OpenTelemetry: {destination}");
        }
        let options = Options {
            settings,
            command: held,
            reader,
            duration: self.duration,
            metrics,
            recording,
            otlp,
            hooks,
            rules,
            respond,
            baseline,
            queues: Queues::default(),
        };
        let mut outcome = watch(options, sink).map_err(|e| match e {
            WatchError::Command(error) => cannot_run(error),
            other => Failure::host(other),
        })?;
        self.baseline.save(outcome.learnt.take())?;
        Ok(outcome)
    }
}

impl Watch {
    fn plan(&self, file: &Path, rules: Option<&Rules>) -> Result<Plan, Failure> {
        let ids: Vec<&str> =
            rules.iter().flat_map(|rules| rules.set.rules()).map(|rule| rule.id.as_str()).collect();
        Plan::read(file, &ids, &told_calls()).map_err(Failure::input)
    }
}

/// What the kernel is to do itself.
fn signals(plan: &Plan) -> Vec<(usize, u8)> {
    let of = |at: &AtEvent| {
        let signal = match at.signal {
            SignalKind::Kill => Signal::KILL,
            SignalKind::Stop => Signal::STOP,
        };
        let calls = at.calls.iter().filter_map(|call| number(call));
        calls.map(|call| (call, signal.as_raw() as u8)).collect::<Vec<_>>()
    };
    plan.at_event.iter().flat_map(of).collect()
}

/// The exit status after watching.
pub(crate) fn conclude(outcome: Outcome) -> Result<u8, Failure> {
    match outcome.output {
        Ended::Complete | Ended::Closed => {}
        Ended::Failed(error) => output::finish(Err(error))?,
        Ended::Unread => {
            return Err(Failure::host(anyhow::anyhow!(
                "standard output is not read: the last events are lost"
            )));
        }
    }
    Ok(outcome.command.map_or(0, exit_status))
}

/// Where events go, one line each.
pub(crate) fn standard_output(json: bool) -> Box<dyn Sink> {
    let out = BufWriter::new(io::stdout());
    if json { Box::new(Json(out)) } else { Box::new(Text(out)) }
}

/// As shells and strace pass it on.
fn exit_status(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128 + signal as u8,
        (None, None) => 0,
    }
}

struct Json<W>(W);

impl<W: Write + Send> Sink for Json<W> {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Text<W>(W);

impl<W: Write + Send> Sink for Text<W> {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        writeln!(self.0, "{}", wasmscope_view::event::line(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
