//! What `run` and `serve` have in common: options that are those of `wasmtime`, options of ours, and how an outcome is told.

use crate::Failure;
use anyhow::anyhow;
use std::{
    fs::File,
    io::{self, Write as _},
    path::PathBuf,
};
use wasmscope_model::{boundary::SOCKET, text::shown};
use wasmscope_run::{CommonOptions, Instrument, Options, Outcome, SetupError, Watch, summary_text};

/// Options that are those of `wasmtime run` and `wasmtime serve`.
#[derive(clap::Args)]
pub(super) struct Wasmtime {
    #[command(flatten)]
    common: CommonOptions,
    /// Allow files that Wasmtime compiled before (`*.cwasm`). They are trusted with everything.
    #[arg(long)]
    allow_precompiled: bool,
    /// Give the guest a directory of the host, under another name if one is given.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = dir)]
    dirs: Vec<(String, String)>,
    /// Give the guest an environment variable; without a value, that of this process.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = variable)]
    env: Vec<(String, Option<String>)>,
}

/// Options of ours.
#[derive(clap::Args)]
pub(super) struct Watched {
    /// Hold the module against this policy, and refuse calls beyond the capabilities that it allows.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Write every call, growth, trap and end as JSON lines.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Tell a running `wasmscope watch --hooks` what happens, which joins it to what the kernel says of this process.
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true, default_missing_value = SOCKET)]
    agent: Option<PathBuf>,
    /// Tell at the end which calls the guest made, as `strace -c` does: on standard error, or with `=FILE` in a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    summary: Option<Option<PathBuf>>,
    /// Have the guest count and check itself (`wasmscope instrument` lists passes); what it counted is told with the summary.
    #[arg(long, value_name = "PASS", value_delimiter = ',')]
    instrument: Vec<String>,
    /// With `--instrument`: when a check fails, go on instead of trapping.
    #[arg(long, requires = "instrument")]
    record_violations: bool,
    /// Write a flame graph of the guest's functions, as SVG.
    ///
    /// Unlike `wasmtime run --profile`, which takes a strategy.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

fn dir(text: &str) -> Result<(String, String), std::convert::Infallible> {
    let mut parts = text.split("::");
    let host = parts.next().unwrap_or_default();
    Ok((host.into(), parts.next().unwrap_or(host).into()))
}

fn variable(text: &str) -> Result<(String, Option<String>), std::convert::Infallible> {
    Ok(match text.split_once('=') {
        Some((name, value)) => (name.into(), Some(value.into())),
        None => (text.into(), None),
    })
}

impl Watched {
    /// The options for the library, without those that only one of the commands has; and where the summary goes.
    pub(super) fn options(self, wasmtime: Wasmtime, module: std::ffi::OsString) -> (Options, Summary) {
        let Wasmtime { common, allow_precompiled, dirs, env } = wasmtime;
        let watch = Watch {
            policy: self.policy,
            events: self.events,
            agent: self.agent,
            summary: self.summary.is_some() || !self.instrument.is_empty(),
            instrument: (!self.instrument.is_empty())
                .then_some(Instrument { passes: self.instrument, record: self.record_violations }),
            profile: self.profile,
        };
        let options =
            Options { wasmtime: common, allow_precompiled, dirs, env, watch, ..Options::new(module) };
        (options, Summary(self.summary.flatten()))
    }
}

/// Where the summary goes: a file, or standard error.
pub(super) struct Summary(Option<PathBuf>);

impl Summary {
    /// Tells how it ended in the words of `wasmtime`, then what was seen. The guest's exit status, or that of its trap.
    pub(super) fn conclude(self, outcome: Outcome, wanted: bool) -> Result<u8, Failure> {
        if let Some(error) = outcome.end.error() {
            eprintln!("Error: {error:?}");
        }
        if let Some(report) = outcome.report.as_ref().filter(|_| wanted) {
            let text = summary_text(report);
            match &self.0 {
                None => eprint!("{text}"),
                Some(path) => File::create(path)
                    .and_then(|mut file| file.write_all(text.as_bytes()))
                    .map_err(|error| unwritten("the summary", Some(path), &error))?,
            }
        }
        if let Some(report) = outcome.report.as_ref().filter(|report| report.lost_events > 0) {
            eprintln!(
                "wasmscope: {} events are missing: they came faster than they were written",
                report.lost_events
            );
        }
        for (what, error) in &outcome.unwritten {
            let failure = unwritten(what, None, error);
            eprintln!("wasmscope: {:#}", failure.error);
        }
        // What the parent of a process sees of its status.
        Ok(outcome.end.status() as u8)
    }
}

fn unwritten(what: &str, path: Option<&PathBuf>, error: &io::Error) -> Failure {
    Failure::input(match path {
        Some(path) => anyhow!("cannot write {what} to {}: {error}", path.display()),
        None => anyhow!("{what} could not be written to the end: {error}"),
    })
}

/// What is wrong before the guest runs. A refusal has its reasons on standard error, and status 1.
pub(super) fn refused(error: SetupError) -> Result<u8, Failure> {
    match error {
        SetupError::Refused { module, violations } => {
            for violation in &violations {
                let clause = &violation.policy;
                eprintln!(
                    "wasmscope: {}: {}: {} (line {}: {})",
                    shown(&module),
                    violation.kind.as_str(),
                    shown(&violation.message),
                    clause.line,
                    shown(&clause.says)
                );
            }
            eprintln!("wasmscope: the policy refuses {}: it was not run", shown(&module));
            Ok(1)
        }
        SetupError::Start(_) => Err(Failure::host(error)),
        _ => Err(Failure::input(anyhow!("{}", first_line(&error.to_string())))),
    }
}

/// Errors may quote the module.
fn first_line(text: &str) -> String {
    shown(text.lines().next().unwrap_or_default()).to_string()
}
