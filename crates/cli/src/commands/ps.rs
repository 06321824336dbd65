//! `wasmscope ps`

use crate::{Failure, output};
use anyhow::Context as _;
use std::collections::HashSet;
use wasmscope_agent::census::Census;
use wasmscope_model::{Verdict, Workload};
use wasmscope_sensor_kernel::{Scope, Settings};
use wasmscope_sensor_proc::ProcessError;
use wasmscope_workload::{Hints, Look as _, LookError, Looker};

/// List the WebAssembly workloads that run now.
///
/// MODULE ends with `?` where only the command line names it. SURE is a heuristic: `inspect PID` shows the evidence.
/// Without root, only processes of your own user can be looked into.
#[derive(Debug, clap::Args)]
pub(crate) struct Ps {
    /// One JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// Also list runtimes that run no module now (Node without Wasm, an idle FaaS host).
    #[arg(long)]
    all: bool,
    /// Which processes: host, tree:PID (it and its descendants) or cgroup:PATH.
    #[arg(long, default_value = "host", value_name = "SCOPE")]
    scope: String,
}

impl Ps {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let scope = Scope::parse(&self.scope).map_err(Failure::input)?;
        let settings = Settings { scope, ..Settings::default() };
        let found = scan(&settings, if self.all { Verdict::Host } else { Verdict::Workload })?;
        if found.denied > 0 {
            eprintln!(
                "wasmscope: {} processes of other users were not looked into: run as root to see them",
                found.denied
            );
        }
        if self.json {
            output::json(&found.workloads)?;
        } else {
            let now = std::time::UNIX_EPOCH.elapsed().map_or(0.0, |t| t.as_secs_f64());
            output::text(&wasmscope_view::table::workloads(&found.workloads, now))?;
        }
        Ok(0)
    }
}

struct Found {
    workloads: Vec<Workload>,
    denied: usize,
}

fn scan(settings: &Settings, least: Verdict) -> Result<Found, Failure> {
    let mut looker = Looker::new().context("cannot read /proc").map_err(Failure::host)?;
    let mut census = Census::take(settings).context("cannot read /proc").map_err(Failure::host)?;
    if census.cut {
        eprintln!("wasmscope: too many mappings on this host: not all processes were looked at");
    }
    let mut seen = HashSet::new();
    let mut found = Found { workloads: Vec::new(), denied: 0 };
    loop {
        while let Some(pid) = census.promising.pop_front() {
            if !seen.insert(pid) {
                continue;
            }
            match looker.look(pid, &Hints::default()) {
                Ok(sight) if sight.workload.recognition.verdict >= least => {
                    found.workloads.push(sight.workload)
                }
                Err(LookError::Process(ProcessError::Denied(_))) => found.denied += 1,
                Ok(_) | Err(_) => {} // no workload, or it ended while it was looked at
            }
        }
        if !census.step(&mut looker) {
            break;
        }
    }
    found.workloads.sort_by_key(|w| w.pid);
    Ok(found)
}
