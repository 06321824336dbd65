//! The `wasmscope` command.
//!
//! Exit status: 0 clean, 1 findings at or above `--fail-on`, 2 usage or input error, 3 the host cannot do it.

mod baseline;
mod commands;
mod output;
mod rules;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Make standalone WebAssembly workloads visible: which modules run here, in which runtimes, with nothing modified.
#[derive(Debug, Parser)]
#[command(name = "wasmscope", version, max_term_width = 100, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say on standard error what is going on (-v, -vv).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXIT_STATUS: &str =
    "Exit status: 0 clean, 2 usage or input error, 3 this host cannot do it; `run` passes on its guest's.";

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(commands::doctor::Doctor),
    Ps(commands::ps::Ps),
    Inspect(commands::inspect::Inspect),
    Watch(commands::watch::Watch),
    Record(commands::record::Record),
    Replay(commands::replay::Replay),
    Scan(commands::scan::Scan),
    Rules(commands::rules::Rules),
    Baseline(commands::baseline::Baseline),
    Run(Box<commands::run::Run>),
    Serve(Box<commands::serve::Serve>),
    Instrument(commands::instrument::Instrument),
    Dashboards(commands::dashboards::Dashboards),
    Evaluate(commands::evaluate::Evaluate),
}

/// A failure and its exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    error: anyhow::Error,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl Failure {
    /// Status 2: usage or input.
    pub(crate) fn input(error: impl Into<anyhow::Error>) -> Self {
        Self { status: 2, error: error.into() }
    }

    /// Status 3: this host cannot do it.
    pub(crate) fn host(error: impl Into<anyhow::Error>) -> Self {
        Self { status: 3, error: error.into() }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = match cli.verbose {
        // As `wasmtime` does: standard error is the guest's.
        0 if matches!(cli.command, Command::Run(_) | Command::Serve(_)) => tracing::Level::ERROR,
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false).init();
    let result = match cli.command {
        Command::Doctor(command) => command.run(),
        Command::Ps(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Watch(command) => command.run(),
        Command::Record(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Scan(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Baseline(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Instrument(command) => command.run(),
        Command::Dashboards(command) => command.run(),
        Command::Evaluate(command) => command.run(),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("wasmscope: {failure}");
            ExitCode::from(failure.status)
        }
    }
}
