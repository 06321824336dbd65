//! `wasmscope scan`

mod analysis;
mod pool;
mod progress;
mod size;
mod stop;

use crate::{Failure, output};
use pool::Outcome;
use progress::Progress;
use serde::Serialize;
use std::{num::NonZeroUsize, ops::ControlFlow, path::PathBuf, thread};
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::text::shown_within;
use wasmscope_sources::Options;
use wasmscope_view::scan::{page, why};

/// A name tells the way through archives and image layers, so it may be longer than other names.
const NAME_CHARS: usize = 1024;

/// Say what modules can do before they run: capabilities, imports, memories, origin, and which function leads where.
///
/// Reads core modules, components and the text format; what lies in tar archives (also compressed with gzip or zstd), in zip
/// archives and in OCI image layouts; and of a directory every file below it that begins as a module does, without following
/// symbolic links. `-` is standard input. Needs no root and writes nothing. What cannot be read or analysed is one error on
/// standard error and exit status 2; the rest is analysed all the same.
#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// One JSON object per file and line instead of text.
    #[arg(long)]
    json: bool,
    /// Show only how this capability can be reached: by which functions, from which export.
    #[arg(long, value_name = "CAPABILITY", conflicts_with = "json")]
    why: Option<Capability>,
    /// Also open the archives that lie in directories.
    #[arg(long)]
    archives: bool,
    /// Refuse larger modules. Memory is three times the largest one, and 64 MiB for each job.
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = size::parse)]
    max_size: u64,
    /// Analyse so many modules at the same time; without it, as many as there are processors.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Files, directories, archives, image layouts, or `-`.
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

/// What is told of one module.
struct Told {
    name: String,
    text: Result<String, String>,
}

impl Outcome for Told {
    fn size(&self) -> usize {
        self.name.len() + self.text.as_ref().map_or_else(String::len, String::len)
    }

    fn of_panic(name: String) -> Self {
        Self { name, text: Err("a defect of wasmscope: its analysis panicked; please report it".into()) }
    }
}

impl Scan {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let options = Options {
            most_bytes: self.max_size,
            // One more, to see that it is too long.
            most_other_bytes: analysis::TEXT_BYTES + 1,
            archives_in_directories: self.archives,
        };
        let jobs = self.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let mut progress = Progress::new();
        stop::on_signals(progress.ending()).map_err(Failure::host)?;
        let (mut failed, mut broken) = (false, None);
        let work = |found: wasmscope_sources::Found| {
            let text = analysis::facts(found.content).and_then(|facts| self.show(&found.name, &facts));
            Told { name: found.name, text }
        };
        pool::in_order(&self.paths, &options, jobs, work, |told| {
            let written = progress.aside(|| match &told.text {
                Ok(text) => output::while_read(text),
                Err(reason) => {
                    failed = true;
                    eprintln!("wasmscope: {}: {reason}", shown_within(&told.name, NAME_CHARS));
                    Ok(ControlFlow::Continue(()))
                }
            });
            progress.advance();
            written.unwrap_or_else(|failure| {
                broken = Some(failure);
                ControlFlow::Break(())
            })
        });
        match broken {
            Some(failure) => Err(failure),
            None => Ok(if failed { 2 } else { 0 }),
        }
    }

    fn show(&self, path: &str, facts: &Facts) -> Result<String, String> {
        if let Some(capability) = self.why {
            return Ok(why(path, facts, capability));
        }
        if !self.json {
            return Ok(page(path, facts));
        }
        let mut line = serde_json::to_string(&Line { path, facts }).map_err(|error| error.to_string())?;
        line.push('\n');
        Ok(line)
    }
}
