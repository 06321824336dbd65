//! `wasmscope inspect`

use crate::{Failure, output};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use wasmscope_model::{Function, Workload, text::shown};
use wasmscope_runtimes::wasmtime::functions;
use wasmscope_sensor_proc::{Process, ProcessError};
use wasmscope_view::inspect::{Counted, ImageFunctions, counted, page};
use wasmscope_workload::{CounterReader, GuestCounters, Hints, Look as _, LookError, Looker};

/// Show one process: runtime and evidence, modules, linear memories, code images and their functions.
///
/// Reads the process's memory, maps and files; the process is not stopped, changed or slowed down.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The process.
    pid: u32,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// How many functions of each code image to list, or `all`.
    #[arg(long, default_value = "25", value_name = "N", value_parser = parse_limit)]
    functions: usize,
}

/// Most functions that are ever kept, of all images together: the process decides how many there are, and how long
/// their names. All are counted.
const MOST_FUNCTIONS: usize = 1_000_000;

/// Listing functions may take this long, of all images together: a hostile process can enlarge them while they are read.
const MOST_TIME: Duration = Duration::from_secs(10);

fn parse_limit(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(MOST_FUNCTIONS),
        number => number.parse().map_err(|_| format!("{number:?} is neither a number nor `all`")),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    workload: &'a Workload,
    #[serde(rename = "wasm.functions")]
    functions: Vec<Functions<'a>>,
    /// Of instrumented modules.
    #[serde(rename = "wasm.counters", skip_serializing_if = "Vec::is_empty")]
    counters: Vec<Counters<'a>>,
}

#[derive(Serialize)]
struct Counters<'a> {
    #[serde(rename = "wasm.memory.base")]
    memory: u64,
    /// SHA-256 of the module before it was instrumented.
    #[serde(rename = "wasm.module.sha256")]
    original: &'a str,
    passes: &'a [String],
    results: BTreeMap<&'a str, u64>,
    violations: Vec<Violation<'a>>,
}

#[derive(Serialize)]
struct Violation<'a> {
    kind: &'a str,
    #[serde(rename = "wasm.function.index")]
    function: u32,
    #[serde(rename = "wasm.function.offset")]
    offset: u32,
    value: u64,
}

impl<'a> From<&'a GuestCounters> for Counters<'a> {
    fn from(counters: &'a GuestCounters) -> Self {
        let GuestCounters { memory, original, passes, reading } = counters;
        let violations = reading.violations.iter().map(|v| Violation {
            kind: &v.kind,
            function: v.function,
            offset: v.offset,
            value: v.value,
        });
        let results = reading.results.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Self { memory: *memory, original, passes, results, violations: violations.collect() }
    }
}

#[derive(Serialize)]
struct Functions<'a> {
    #[serde(rename = "wasm.image.base")]
    image: u64,
    functions: &'a [Function],
    problems: &'a [String],
}

impl Inspect {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let mut looker = Looker::new().map_err(Failure::host)?;
        let hints = Hints { thorough: true, ..Hints::default() };
        let sight = looker.look(self.pid, &hints).map_err(failure)?;
        let process = Process::open(self.pid).map_err(|e| failure(e.into()))?;
        let memory = process.memory().map_err(|e| failure(e.into()))?;
        let mut room = MOST_FUNCTIONS;
        let deadline = Instant::now() + MOST_TIME;
        let listed: Vec<_> = sight
            .workload
            .images
            .iter()
            .map(|image| {
                if Instant::now() > deadline {
                    let problem = format!("functions not listed: the images before took {MOST_TIME:?}");
                    return ImageFunctions { functions: Vec::new(), problems: vec![problem] };
                }
                let scan = functions(image, &memory, self.functions.min(room));
                room -= scan.functions.len();
                ImageFunctions { functions: scan.functions, problems: scan.problems }
            })
            .collect();
        let counters = CounterReader::default().read(sight.key, &memory, &sight.workload.memories);
        let mut unread = Vec::new();
        let counters: Vec<_> = counters
            .into_iter()
            .filter_map(|read| read.map_err(|(base, why)| unread.push((base, why.to_string()))).ok())
            .collect();
        if *process.key() != sight.key {
            return Err(failure(LookError::Changed(self.pid)));
        }
        if self.json {
            let images = &sight.workload.images;
            let functions = images.iter().zip(&listed).map(|(image, listed)| Functions {
                image: image.base,
                functions: &listed.functions,
                problems: &listed.problems,
            });
            let counters = counters.iter().map(Counters::from).collect();
            output::json(&Report { workload: &sight.workload, functions: functions.collect(), counters })?;
        } else {
            let mut text = page(&sight.workload, &listed);
            counters.iter().for_each(|counters| text.push_str(&counted(&told(counters))));
            for (base, why) in unread {
                text.push_str(&format!("\nCounters at {base:#x} cannot be read: {}\n", shown(&why)));
            }
            output::text(&text)?;
        }
        Ok(0)
    }
}

fn told(counters: &GuestCounters) -> Counted<'_> {
    Counted {
        memory: counters.memory,
        original: &counters.original,
        passes: &counters.passes,
        results: &counters.reading.results,
        violations: counters
            .reading
            .violations
            .iter()
            .map(|v| (v.kind.as_str(), v.function, v.offset, v.value))
            .collect(),
    }
}

fn failure(error: LookError) -> Failure {
    match error {
        LookError::Process(ProcessError::Denied(_)) => Failure::host(error),
        other => Failure::input(other),
    }
}
