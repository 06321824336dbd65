//! How fast `scan` is beside validation alone, what it takes in memory, and what several processors are worth.

use anyhow::{Context as _, Result, ensure};
use std::{
    collections::BTreeMap,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};
use wasmparser::{Validator, WasmFeatures};
use wasmscope_analyze::{Options, analyze};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row, median},
    sized,
    usage::usage,
    wasmscope,
};
use wasmscope_findings::find;
use wasmscope_testkit::target_dir;

/// Analysis decodes once what validation decodes, and may take as long again for the rest.
const SPEED_GOAL: f64 = 0.5;
const MEMORY_TIMES: f64 = 3.0;
const MEMORY_MORE_MIB: f64 = 64.0;
const MOST_OF_A_PACKAGE: usize = 4;

fn main() -> ExitCode {
    bench_without_root("scan", measure)
}

struct Module {
    name: String,
    path: PathBuf,
    bytes: u64,
}

fn measure(report: &mut Report) -> Result<()> {
    let folder = target_dir().join("real-modules");
    let modules = modules(&folder)?;
    let wasmscope = wasmscope()?;
    // First, while this process is small: what a child is said to have taken begins with what its parent had.
    memory(&wasmscope, &modules, report)?;
    processors(&wasmscope, &folder, &modules, report)?;
    speed(&modules, report)?;
    report.note(
        "peer of the speed: wasmparser's Validator with all features, one core, like `wasm-tools validate`",
    );
    report.note("memory: ru_maxrss of a fresh `wasmscope scan --json --jobs 1`, the program itself included");
    Ok(())
}

fn modules(folder: &Path) -> Result<Vec<Module>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("no {}: cargo xtask real-modules", folder.display()))?;
    let mut modules = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        modules.push(Module { name, path: entry.path(), bytes: entry.metadata()?.len() });
    }
    ensure!(!modules.is_empty(), "{} is empty: cargo xtask real-modules", folder.display());
    modules.sort_by_key(|module| module.bytes);
    Ok(modules)
}

/// Processor time of this thread, in milliseconds: what else runs on the machine matters less to it.
fn cpu_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A few of each package: the many of one (36 grammars) would say the same thing over and over.
fn varied(modules: &[Module]) -> Vec<&Module> {
    let mut taken = BTreeMap::<&str, usize>::new();
    let mut few = Vec::new();
    for module in modules {
        let package = module.name.split("--").nth(1).unwrap_or(&module.name);
        let n = taken.entry(package).or_default();
        *n += 1;
        if *n <= MOST_OF_A_PACKAGE {
            few.push(module);
        }
    }
    few
}

fn speed(modules: &[Module], report: &mut Report) -> Result<()> {
    let modules = varied(modules);
    let (mut rows, mut logarithms) = (Vec::new(), 0.0);
    for module in &modules {
        let bytes = fs::read(&module.path)?;
        let mut pairs = Vec::new();
        for _ in 0..sized(11, 3) {
            let start = cpu_ms();
            let facts = analyze(&bytes, &Options::default())?;
            black_box(find(&facts));
            let ours = cpu_ms() - start;
            let start = cpu_ms();
            let valid =
                black_box(Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes)).is_ok();
            pairs.push((ours, cpu_ms() - start));
            ensure!(facts.validation.valid == valid, "{}: {:?}", module.name, facts.validation);
        }
        let name = format!("{} ({})", module.name, wasmscope_model::text::bytes(module.bytes));
        let ratios: Vec<_> = pairs.iter().map(|(ours, peer)| peer / ours).collect();
        logarithms += median(&ratios).ln();
        rows.push(Row::pairs(name, "ms", &pairs));
    }
    let mean = (logarithms / modules.len() as f64).exp();
    let name = format!("speed beside validation, geometric mean of {} modules", modules.len());
    report.add(Row::value(name, "times", mean).at_least(SPEED_GOAL));
    rows.into_iter().for_each(|row| report.add(row));
    Ok(())
}

/// One row for the module that comes nearest to its bound, one for the largest.
fn memory(wasmscope: &Path, modules: &[Module], report: &mut Report) -> Result<()> {
    let mut taken = Vec::new();
    for module in modules {
        let peak = peak_mib(wasmscope, &module.path)?;
        let bound = MEMORY_TIMES * module.bytes as f64 / f64::from(1 << 20) + MEMORY_MORE_MIB;
        taken.push((peak, bound, module));
    }
    let nearest = taken.iter().max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    for (what, found) in [("nearest to its bound", nearest), ("of the largest", taken.last())] {
        let (peak, bound, module) = found.context("no modules")?;
        report.add(Row::value(format!("peak memory, {what}: {}", module.name), "MiB", *peak).below(*bound));
    }
    Ok(())
}

fn peak_mib(wasmscope: &Path, module: &Path) -> Result<f64> {
    let mut command = Command::new(wasmscope);
    command.args(["scan", "--json", "--jobs", "1"]).arg(module).stdout(Stdio::null());
    let took = usage(&mut command)?;
    ensure!(took.status.success(), "{} ended with {}", module.display(), took.status);
    Ok(took.peak as f64 / f64::from(1 << 20))
}

fn processors(wasmscope: &Path, folder: &Path, modules: &[Module], report: &mut Report) -> Result<()> {
    let time = |jobs: &[&str]| -> Result<f64> {
        let mut command = Command::new(wasmscope);
        command.args(["scan", "--json"]).args(jobs).arg(folder).stdout(Stdio::null());
        let start = Instant::now();
        ensure!(command.status()?.success(), "scanning {} failed", folder.display());
        Ok(start.elapsed().as_secs_f64())
    };
    let mut pairs = Vec::new();
    for _ in 0..sized(7, 2) {
        pairs.push((time(&[])?, time(&["--jobs", "1"])?));
    }
    let count = std::thread::available_parallelism()?;
    report.add(Row::pairs(
        format!("{} files on {count} processors; peer: --jobs 1", modules.len()),
        "s",
        &pairs,
    ));
    Ok(())
}
