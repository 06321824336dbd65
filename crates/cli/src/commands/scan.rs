//! `wasmscope scan`

mod analysis;
mod compare;
mod gate;
mod pool;
mod progress;
mod report;
mod size;
mod stop;

use crate::{Failure, output};
use gate::Gate;
use pool::Outcome;
use progress::Progress;
use report::{Document, Format};
use std::{num::NonZeroUsize, ops::ControlFlow, path::PathBuf, thread};
use wasmscope_admission::Violation;
use wasmscope_analyze::{Capability, Facts};
use wasmscope_findings::Findings;
use wasmscope_formats::Scanned;
use wasmscope_model::{Severity, text::shown_within};
use wasmscope_sources::Options;

/// A name tells the way through archives and image layers, so it may be longer than other names.
const NAME_CHARS: usize = 1024;

/// Say what modules can do before they run, what speaks against them, and whether a policy allows them.
///
/// Reads core modules, components and the text format; what lies in tar archives (also compressed with gzip or zstd), in zip
/// archives and in OCI image layouts; and of a directory every file below it that begins as a module does, without following
/// symbolic links. `-` is standard input. Needs no root and writes nothing. What cannot be read or analysed is one error on
/// standard error and exit status 2; the rest is analysed all the same.
///
/// Exit status: 0 if nothing speaks against any file, 1 if `--fail-on` or `--policy` refuses one, 2 if one could not be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// What to write: a page for people, JSON Lines, SARIF 2.1.0 or CycloneDX 1.6.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write the JSON Schema of `--format json` and end.
    #[arg(long, exclusive = true)]
    json_schema: bool,
    /// Show only how this capability can be reached: by which functions, from which export.
    #[arg(long, value_name = "CAPABILITY", conflicts_with_all = ["json", "format"])]
    why: Option<Capability>,
    /// Exit with status 1 if there is a finding at least so bad: info, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Show findings from this severity on; the other formats have all.
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    severity: Severity,
    /// Hold each file against this policy; exit with status 1 if one is refused.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Write the least policy that the one module given would pass.
    #[arg(long, conflicts_with_all = ["json", "format", "why", "policy", "diff"])]
    suggest_policy: bool,
    /// Say what changed between the two paths given: an old version and a new one. With `--fail-on`, exit with status 1 if the
    /// new one asks for more.
    #[arg(long, conflicts_with_all = ["why", "policy", "format"])]
    diff: bool,
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
    #[arg(required_unless_present = "json_schema", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What is known of one module.
struct Known {
    facts: Facts,
    findings: Findings,
    /// What the policy holds against it, if there is a policy.
    violations: Option<Vec<Violation>>,
    /// What was not read, so that `--fail-on` cannot be answered.
    unread: Vec<Violation>,
    /// A reason for exit status 1.
    refused: bool,
}

impl Known {
    fn scanned<'a>(&'a self, path: &'a str) -> Scanned<'a> {
        Scanned { path, facts: &self.facts, findings: &self.findings, violations: self.violations.as_deref() }
    }
}

/// What is told of one module.
struct Told {
    name: String,
    result: Result<Shown, String>,
    /// For standard error.
    aside: String,
    refused: bool,
}

enum Shown {
    /// Ready to be written.
    Text(String),
    /// Its place is in a document that is written as a whole.
    Known(Box<Known>),
}

impl Outcome for Told {
    fn size(&self) -> usize {
        let result = match &self.result {
            Ok(Shown::Text(text)) => text.len(),
            // Facts take about as much as the file at most, which the bound on files counts.
            Ok(Shown::Known(known)) => known.facts.size as usize,
            Err(reason) => reason.len(),
        };
        self.name.len() + result
    }

    fn of_panic(name: String) -> Self {
        let reason = "a defect of wasmscope: its analysis panicked; please report it";
        Self { name, result: Err(reason.into()), aside: String::new(), refused: false }
    }
}

impl Scan {
    pub(crate) fn run(mut self) -> Result<u8, Failure> {
        if self.json_schema {
            output::text(&wasmscope_formats::json_schema())?;
            return Ok(0);
        }
        if self.json {
            self.format = Format::Json;
        }
        if self.diff {
            return self.compare();
        }
        let gate = Gate::new(self.policy.as_deref(), self.fail_on)?;
        let mut document = Document::begin(self.format)?;
        let (mut failed, mut refused, mut broken) = (false, false, None);
        let work = |found: wasmscope_sources::Found| {
            let known = analysis::facts(found.content).map(|facts| gate.judge(&found.name, facts));
            let refused = known.as_ref().is_ok_and(|known| known.refused);
            let aside = known.as_ref().map_or_else(|_| String::new(), |known| self.aside(&found.name, known));
            let result = known.and_then(|known| self.show(&found.name, known));
            Told { name: found.name, result, aside, refused }
        };
        self.each(work, |told| {
            refused |= told.refused;
            let name = shown_within(&told.name, NAME_CHARS);
            eprint!("{}", told.aside);
            let written = match &told.result {
                Ok(Shown::Text(text)) => output::while_read(text),
                Ok(Shown::Known(known)) => document.known(&told.name, known),
                Err(reason) => {
                    failed = true;
                    eprintln!("wasmscope: {name}: {reason}");
                    document.failed(&told.name, reason)
                }
            };
            written.unwrap_or_else(|failure| {
                broken = Some(failure);
                ControlFlow::Break(())
            })
        })?;
        if let Some(failure) = broken {
            return Err(failure);
        }
        document.finish()?;
        Ok(if failed { 2 } else { refused.into() })
    }

    /// Does `work` on everything that the paths stand for, and hands the results over in order.
    fn each<T: Outcome>(
        &self,
        work: impl Fn(wasmscope_sources::Found) -> T + Sync,
        mut take: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let options = Options {
            most_bytes: self.max_size,
            // One more, to see that it is too long.
            most_other_bytes: analysis::TEXT_BYTES + 1,
            archives_in_directories: self.archives,
        };
        let jobs = self.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let mut progress = Progress::new();
        stop::on_signals(progress.ending()).map_err(Failure::host)?;
        pool::in_order(&self.paths, &options, jobs, work, |result| {
            let flow = progress.aside(|| take(result));
            progress.advance();
            flow
        });
        Ok(())
    }

    /// What has no place on standard output.
    fn aside(&self, path: &str, known: &Known) -> String {
        let mut aside = String::new();
        if !known.unread.is_empty() {
            aside.push_str(&wasmscope_view::violations::page(path, &known.unread));
        }
        let whole = matches!(self.format, Format::Sarif | Format::Cyclonedx);
        if let Some(violations) = known.violations.as_ref().filter(|all| whole && !all.is_empty()) {
            aside.push_str(&wasmscope_view::violations::page(path, violations));
        }
        aside
    }

    fn show(&self, path: &str, known: Known) -> Result<Shown, String> {
        let text = match (self.why, self.format) {
            (Some(capability), _) => wasmscope_view::scan::why(path, &known.facts, capability),
            _ if self.suggest_policy => wasmscope_admission::suggest(path, &known.facts, &known.findings),
            (None, Format::Text) => {
                let mut text = wasmscope_view::scan::page(path, &known.facts);
                text.push_str(&wasmscope_view::findings::section(&known.findings, self.severity));
                if let Some(violations) = &known.violations {
                    text.push_str(&wasmscope_view::violations::page(path, violations));
                }
                text
            }
            (None, Format::Json) => report::line(path, &known).map_err(|error| error.to_string())?,
            (None, Format::Sarif | Format::Cyclonedx) => return Ok(Shown::Known(Box::new(known))),
        };
        Ok(Shown::Text(text))
    }
}
