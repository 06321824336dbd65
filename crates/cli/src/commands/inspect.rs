//! `wasmscope inspect`

use crate::{Failure, output};
use serde::Serialize;
use std::time::{Duration, Instant};
use wasmscope_model::{Function, Workload};
use wasmscope_runtimes::wasmtime::functions;
use wasmscope_sensor_proc::{Process, ProcessError};
use wasmscope_view::inspect::{ImageFunctions, page};
use wasmscope_workload::{Hints, Look as _, LookError, Looker};

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
            output::json(&Report { workload: &sight.workload, functions: functions.collect() })?;
        } else {
            output::text(&page(&sight.workload, &listed))?;
        }
        Ok(0)
    }
}

fn failure(error: LookError) -> Failure {
    match error {
        LookError::Process(ProcessError::Denied(_)) => Failure::host(error),
        other => Failure::input(other),
    }
}
