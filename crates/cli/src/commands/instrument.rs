//! `wasmscope instrument`

use super::files;
use crate::{Failure, output};
use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use serde::Serialize;
use std::{fmt::Write as _, fs, ops::Range, path::PathBuf};
use wasmscope_instrument::{
    Instrumented, OffsetMap, OnViolation, Plan, Refused, Report, Selection, Settings, Storage, instrument,
    instrument_component, is_component, passes,
};
use wasmscope_model::text::{bytes as size, shown, shown_within};

/// Reasons quote names of the module.
const REASON_CHARS: usize = 400;

/// Rewrite a module so that it counts and checks itself, in any runtime.
///
/// Reads a core module or a component, and writes another one that does the same, counts what it does, and finds what goes
/// wrong in its memory. Results are read through its exports, from its own memory, or from outside while it runs. Needs no
/// root. OUT appears when it is complete and valid, or not at all.
///
/// Exit status: 0 if OUT was written, 2 if it was not.
#[derive(Debug, clap::Args)]
#[command(after_help = passes_help())]
pub(crate) struct Instrument {
    /// The module or component.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where to write the instrumented one.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What to count and check; see below.
    #[arg(long = "pass", value_name = "PASS", required = true, value_delimiter = ',')]
    passes: Vec<String>,
    /// Where results are kept: in a memory of their own, or in globals, for runtimes without multi-memory.
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Results::Memory)]
    results: Results,
    /// What happens when a check fails: end by a trap, only record it, or call the import `wasmscope.violation`.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Violation::Trap)]
    on_violation: Violation,
    /// Only functions of this name; `*` stands for any text, `#12` for an index. May be given more than once.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// No functions of this name.
    #[arg(long, value_name = "NAME")]
    except: Vec<String>,
    /// Only what can be reached from this function.
    #[arg(long, value_name = "NAME")]
    reachable_from: Vec<String>,
    /// Only functions whose code has at least so many bytes.
    #[arg(long, value_name = "BYTES")]
    min_size: Option<u64>,
    /// Only functions whose code has at most so many bytes.
    #[arg(long, value_name = "BYTES")]
    max_size: Option<u64>,
    /// For `indirect`: a file of the edges that are allowed, as lines `caller -> callee`.
    #[arg(long, value_name = "FILE")]
    allow_list: Option<PathBuf>,
    /// For `canaries` and `shadow-stack`: the global that is the stack pointer.
    #[arg(long, value_name = "GLOBAL")]
    stack_pointer: Option<u32>,
    /// For `constants`: addresses that must not change, as `0x400..0x8a0`.
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    constants: Vec<Range<u64>>,
    /// For `red-zones`: a function of the allocator, as `malloc=my_alloc`.
    #[arg(long, value_name = "ROLE=NAME", value_parser = role)]
    allocator: Vec<(String, String)>,
    /// Write where code went; without it, OUT.map if debug information had to be dropped.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Say what was done as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Results {
    Memory,
    Globals,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Violation {
    Trap,
    Record,
    Call,
}

fn passes_help() -> String {
    let mut text = "Passes:".to_owned();
    for pass in passes::PASSES {
        let _ = write!(text, "\n  {:13} {}", pass.name, pass.summary);
    }
    text
}

/// What was made.
struct Made {
    bytes: Vec<u8>,
    modules: Vec<Module>,
}

#[derive(Serialize)]
struct Module {
    /// Where the module stands in a component.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    skipped: Vec<String>,
    #[serde(skip)]
    map: Option<OffsetMap>,
}

impl Instrument {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        files::refuse_same(&self.input, &self.output).map_err(Failure::input)?;
        let path = self.input.display().to_string();
        let input = fs::read(&self.input).with_context(|| format!("cannot read {}", shown(&path)));
        let input = input.map_err(Failure::input)?;
        let settings = self.settings().map_err(Failure::input)?;
        let refused = |refused: Refused| {
            Failure::input(anyhow!("{}: {}", shown(&path), shown_within(&refused.to_string(), REASON_CHARS)))
        };
        let made = self.make(&input, &settings).map_err(refused)?;
        files::write(&self.output, &made.bytes).map_err(Failure::input)?;
        if let Err(error) = self.write_map(&made) {
            // The module without its map would be half of what was asked for.
            let _ = fs::remove_file(&self.output);
            return Err(Failure::input(error));
        }
        match self.json {
            true => output::json(&made.modules)?,
            false => output::text(&text(&made.modules))?,
        }
        Ok(0)
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let read = |path: &PathBuf| {
            fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", shown(&path.display().to_string())))
        };
        Ok(Settings {
            stack_pointer: self.stack_pointer,
            constants: self.constants.clone(),
            allowed_edges: self.allow_list.as_ref().map(read).transpose()?,
            allocator: self.allocator.clone(),
        })
    }

    fn plan(&self, settings: &Settings) -> Result<Plan, Refused> {
        Ok(Plan {
            passes: passes::all_named(&self.passes, settings)?,
            selection: Selection {
                only: self.only.clone(),
                except: self.except.clone(),
                reachable_from: self.reachable_from.clone(),
                min_size: self.min_size,
                max_size: self.max_size,
            },
            storage: match self.results {
                Results::Memory => Storage::Memory,
                Results::Globals => Storage::Globals,
            },
            on_violation: match self.on_violation {
                Violation::Trap => OnViolation::Trap,
                Violation::Record => OnViolation::Record,
                Violation::Call => OnViolation::Call,
            },
            report_at_exit: false,
        })
    }

    fn make(&self, input: &[u8], settings: &Settings) -> Result<Made, Refused> {
        if is_component(input) {
            let made = instrument_component(input, &mut || self.plan(settings))?;
            let modules = made.modules.into_iter().map(|nested| Module {
                offset: Some(nested.original.start),
                report: nested.report,
                skipped: nested.skipped.iter().map(ToString::to_string).collect(),
                map: nested.map,
            });
            return Ok(Made { bytes: made.bytes, modules: modules.collect() });
        }
        let Instrumented { bytes, report, map } = instrument(input, self.plan(settings)?)?;
        let module = Module { offset: None, report: Some(report), skipped: Vec::new(), map: Some(map) };
        Ok(Made { bytes, modules: vec![module] })
    }

    fn write_map(&self, made: &Made) -> anyhow::Result<()> {
        let debug = made.modules.iter().filter_map(|module| module.report.as_ref());
        let dropped = debug.flat_map(|report| &report.dropped).any(|name| name.starts_with(".debug_"));
        let path = match &self.map {
            Some(path) => path.clone(),
            None if dropped => {
                let mut name = self.output.clone().into_os_string();
                name.push(".map");
                name.into()
            }
            None => return Ok(()),
        };
        let maps = made.modules.iter().filter_map(|module| module.map.as_ref());
        let text: String = maps.map(OffsetMap::to_json_lines).collect();
        files::write(&path, text.as_bytes())
    }
}

fn text(modules: &[Module]) -> String {
    let mut text = String::new();
    for module in modules {
        if let Some(offset) = module.offset {
            let _ = writeln!(text, "module at {offset:#x}");
        }
        for reason in &module.skipped {
            let _ = writeln!(text, "skipped: {}", shown_within(reason, REASON_CHARS));
        }
        let Some(report) = &module.report else { continue };
        let (before, after) = (size(report.bytes_before as u64), size(report.bytes_after as u64));
        let _ = writeln!(
            text,
            "{} of {} functions, {before} -> {after}, {} results",
            report.selected,
            report.functions,
            report.schema.results.len()
        );
        if report.needs_multi_memory {
            text.push_str("needs a runtime with multi-memory (--results globals does not)\n");
        }
        if report.shifted > 0 {
            let _ = writeln!(text, "indices of functions moved up by {}", report.shifted);
        }
        if !report.dropped.is_empty() {
            let _ = writeln!(text, "dropped: {}", shown_within(&report.dropped.join(", "), REASON_CHARS));
        }
        for note in &report.notes {
            let _ = writeln!(text, "{}", shown_within(note, REASON_CHARS));
        }
    }
    text
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let parsed = text.split_once("..").and_then(|(from, to)| Some(number(from).ok()?..number(to).ok()?));
    parsed
        .filter(|range| range.start < range.end)
        .ok_or_else(|| "two addresses, such as 0x400..0x8a0".to_owned())
}

fn role(text: &str) -> Result<(String, String), String> {
    let (role, name) =
        text.split_once('=').ok_or_else(|| "a role and a name, such as malloc=my_alloc".to_owned())?;
    Ok((role.to_owned(), name.to_owned()))
}
