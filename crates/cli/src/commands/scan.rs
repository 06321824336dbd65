//! `wasmscope scan`

mod files;

use crate::{Failure, output};
use files::{Found, Input};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
};
use wasmscope_analyze::{AnalyzeError, Capability, ErrorKind, Facts, Options, analyze};
use wasmscope_view::scan::{page, why};

/// Say what modules can do before they run: capabilities, imports, memories, origin, and which function leads where.
///
/// Reads core modules, components and the text format. Of a directory, every file below it that begins as a module does;
/// symbolic links are not followed. `-` is standard input. Needs no root. A file that cannot be read or analysed is one error
/// on standard error and exit status 2; the others are analysed all the same.
#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// One JSON object per file and line instead of text.
    #[arg(long)]
    json: bool,
    /// Show only how this capability can be reached: by which functions, from which export.
    #[arg(long, value_name = "CAPABILITY", conflicts_with = "json")]
    why: Option<Capability>,
    /// Files, directories, or `-`.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    #[serde(flatten)]
    facts: &'a Facts,
}

impl Scan {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let inputs = files::find(&self.paths);
        let mut failed = false;
        in_order(&inputs, |path, result| {
            match result {
                Ok(facts) => output::text(&self.show(path, &facts)?)?,
                Err(reason) => {
                    failed = true;
                    eprintln!("wasmscope: {}: {reason}", wasmscope_model::text::shown(path));
                }
            }
            Ok(())
        })?;
        Ok(if failed { 2 } else { 0 })
    }

    fn show(&self, path: &str, facts: &Facts) -> Result<String, Failure> {
        if let Some(capability) = self.why {
            return Ok(why(path, facts, capability));
        }
        if !self.json {
            return Ok(page(path, facts));
        }
        let mut line = serde_json::to_string(&Line { path, facts }).map_err(Failure::host)?;
        line.push('\n');
        Ok(line)
    }
}

/// Analyses all inputs on all processors, and hands the results over in the order of the inputs.
fn in_order(
    inputs: &[Input],
    mut each: impl FnMut(&str, Result<Facts, String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(inputs.len());
    thread::scope(|scope| {
        let (send, results) = channel();
        for _ in 0..workers {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((at, input)) = take(inputs, next) {
                    if send.send((at, facts(input))).is_err() {
                        return; // nobody reads the output any more
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (at, result) in results {
            early.insert(at, result);
            while let Some(result) = early.remove(&due) {
                each(&inputs[due].name, result)?;
                due += 1;
            }
        }
        Ok(())
    })
}

fn take<'a>(inputs: &'a [Input], next: &AtomicUsize) -> Option<(usize, &'a Input)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    inputs.get(at).map(|input| (at, input))
}

fn facts(input: &Input) -> Result<Facts, String> {
    let bytes = match &input.found {
        Found::Bytes(bytes) => bytes,
        Found::File(path) => &files::read(path)?,
        Found::Not(reason) => return Err(reason.clone()),
    };
    match analyze(bytes, &Options::default()) {
        Err(AnalyzeError { kind: ErrorKind::Text, .. }) => {
            let binary = wat::parse_bytes(bytes).map_err(|error| first_lines(&error.to_string()))?;
            analyze(&binary, &Options::default()).map_err(|error| shown(&error))
        }
        result => result.map_err(|error| shown(&error)),
    }
}

fn shown(error: &AnalyzeError) -> String {
    wasmscope_model::text::shown(&error.to_string()).to_string()
}

/// An error of the text format quotes the line and points into it.
fn first_lines(text: &str) -> String {
    let lines: Vec<_> =
        text.lines().take(6).map(|line| wasmscope_model::text::shown(line).to_string()).collect();
    lines.join("\n")
}
