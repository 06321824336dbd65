//! Guests as they are: an interpreter with files, one that computes, a renderer.

use crate::{LOAD, Stage, in_turn};
use anyhow::{Context as _, Result, anyhow, ensure};
use std::{fs, time::Duration};
use wasmscope_bench::{
    loads::{Load, Time},
    nest::Nest,
    report::{Report, Row},
    sized,
};
use wasmscope_testkit::real_guest;

const UNWATCHED: usize = 0;
const WATCHED: usize = 1;
/// The events of a guest that has ended have come.
const TOLD: Duration = Duration::from_secs(1);

pub(crate) fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    for name in ["cpython", "quickjs", "resvg"] {
        let mut load = load(stage, name)?;
        let mut own = Vec::new();
        // Compiles it into the cache; the time counts for nothing.
        load.run(&mut Nest::start(LOAD)?, usize::MAX)?;
        for round in 0..sized(25, 3) {
            for state in in_turn(&[UNWATCHED, WATCHED], round) {
                let mut nest = Nest::start(LOAD)?;
                let agent = (state == WATCHED).then(|| stage.agent(&nest, &[])).transpose()?;
                let before = agent.as_ref().map(|agent| agent.cpu()).transpose()?;
                load.run(&mut nest, state)?;
                if let (Some(agent), Some(before)) = (agent, before) {
                    own.push((agent.cpu()? - before).as_secs_f64() * 1e3);
                    let told = agent.drain(TOLD).any(|line| line.started().is_some());
                    ensure!(told, "{name} was not told");
                }
            }
        }
        for (what, time) in [("elapsed", Time::Elapsed), ("its CPU time", Time::Cpu)] {
            let pairs = load.pairs(time, WATCHED, UNWATCHED);
            report.add(Row::pairs(format!("{name}: {what}"), load.unit, &pairs).at_most(1.01));
            report.add(Row::least(format!("{name}: {what}, at the least"), load.unit, &pairs).at_most(1.01));
        }
        report.add(Row::median(format!("{name}: wasmscope's own CPU time"), "ms", &own));
    }
    report.note("real guests: compiled code from Wasmtime's cache; elapsed times include wasmscope's work on the same cores");
    Ok(())
}

fn load(stage: &Stage, name: &'static str) -> Result<Load> {
    let folder = stage.folder().join(name);
    fs::create_dir_all(&folder)?;
    let guest = real_guest(name).map_err(|missing| anyhow!("{missing}")).context("real guests")?;
    let mut job = guest.job(&stage.wasmtime, &folder);
    job.env("XDG_CACHE_HOME", stage.folder());
    Ok(Load::program(name, LOAD, 1, &job))
}
