//! What instrumented modules cost in an unmodified Wasmtime, beside its fuel and beside the crate `wasm-instrument`; and how
//! fast modules are rewritten.
//!
//! Modules are compiled ahead of time (`wasmtime compile`), so what is compared is running. All kinds of one program run in
//! turns, and each is paired with its neighbour of the same round.

use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};
use wasm_instrument::{
    gas_metering::{self, ConstantCostRules, mutable_global::Injector},
    parity_wasm::{self, elements::InitExpr, elements::Instruction},
};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row, median},
    sized,
};
use wasmscope_instrument::{Plan, Settings, instrument, passes};
use wasmscope_testkit::{Runtime, real_guest, runtimes, target_dir, variants};

/// More than any of the programs takes.
const FUEL: &str = "fuel=1000000000000000";
const SPEED_GOAL: f64 = 20.0;

fn main() -> ExitCode {
    bench_without_root("instrument", measure)
}

/// One build of a program.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Fuel,
    Pass(&'static str),
    /// Gas metering of `wasm-instrument`, in a global.
    Gas,
}

const KINDS: [Kind; 7] = [
    Kind::Plain,
    Kind::Fuel,
    Kind::Pass("instructions"),
    Kind::Pass("calls"),
    Kind::Pass("canaries"),
    Kind::Pass("coverage"),
    Kind::Gas,
];

/// A program, and the arguments for its job.
struct Program {
    name: String,
    module: PathBuf,
    args: Vec<String>,
}

fn programs(folder: &Path, runtime: &Runtime) -> Result<Vec<Program>> {
    let module = variants("compute")?.pop().context("compute has a variant")?.1;
    let kernels =
        [("calls", 8000), ("loop", 4000), ("float", 6000), ("sort", 1000), ("mix", 2000), ("scan", 20_000)];
    let mut programs: Vec<Program> = kernels
        .into_iter()
        .map(|(kind, times)| Program {
            name: format!("compute {kind}"),
            module: module.clone(),
            args: vec![kind.to_owned(), sized(times, times / 4).to_string()],
        })
        .collect();
    for name in ["quickjs", "resvg", "cpython"] {
        let guest = match real_guest(name) {
            Ok(guest) => guest,
            Err(missing) => bail!("{missing}"),
        };
        // The job's own command says which arguments come after the module; it also puts the job's files into the folder.
        let command = guest.job(runtime, folder);
        let module = guest.find_module().context("it is there")?;
        let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
        let args = args.skip_while(|arg| Path::new(arg) != module).skip(1).collect();
        programs.push(Program { name: name.to_owned(), module, args });
    }
    Ok(programs)
}

fn measure(report: &mut Report) -> Result<()> {
    let runtime = runtimes::wasmtime().map_err(|missing| anyhow::anyhow!("{missing}"))?;
    let scratch = tempfile::tempdir()?;
    let mut ratios: Vec<(Kind, Vec<f64>)> = KINDS.iter().map(|kind| (*kind, Vec::new())).collect();
    let mut rows = Vec::new();
    for program in programs(scratch.path(), &runtime)? {
        let mut times: Vec<(Kind, Vec<f64>)> = Vec::new();
        let mut compiled = Vec::new();
        for kind in KINDS {
            match compile(&program, kind, &runtime, scratch.path()) {
                Ok(path) => {
                    compiled.push((kind, path));
                    times.push((kind, Vec::new()));
                }
                Err(error) => report.note(format!("{}, {}: {error:#}", program.name, name(kind))),
            }
        }
        for round in 0..sized(9, 3) {
            for turn in 0..compiled.len() {
                let at = (round + turn) % compiled.len();
                let (kind, path) = &compiled[at];
                times[at].1.push(run(&runtime, *kind, path, &program, scratch.path())?);
            }
        }
        let of = |kind: Kind| times.iter().find(|(k, _)| *k == kind).map(|(_, times)| times);
        let plain = of(Kind::Plain).context("the original runs")?;
        for (kind, values) in times.iter().filter(|(kind, _)| *kind != Kind::Plain) {
            let pairs: Vec<_> = values.iter().copied().zip(plain.iter().copied()).collect();
            let each: Vec<_> = pairs.iter().map(|(ours, peer)| ours / peer).collect();
            ratios.iter_mut().filter(|(k, _)| k == kind).for_each(|(_, all)| all.push(median(&each)));
            rows.push(Row::pairs(format!("{}: {}", program.name, name(*kind)), "s", &pairs));
        }
    }
    let mean = |kind: Kind| {
        let of =
            ratios.iter().find(|(k, _)| *k == kind).map(|(_, ratios)| ratios.as_slice()).unwrap_or_default();
        (of.iter().map(|ratio| ratio.ln()).sum::<f64>() / of.len() as f64).exp()
    };
    let bound = |kind: Kind| match kind {
        Kind::Pass("instructions") => Some(mean(Kind::Fuel)),
        Kind::Pass("calls" | "canaries") => Some(1.10),
        Kind::Pass("coverage") => Some(1.25),
        _ => None,
    };
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Plain) {
        let row = Row::value(format!("geometric mean of slowdowns: {}", name(kind)), "times", mean(kind));
        report.add(match bound(kind) {
            Some(bound) => row.below(bound),
            None => row,
        });
    }
    rows.into_iter().for_each(|row| report.add(row));
    report.note("seconds of CPU in user mode, `wasmtime run --allow-precompiled`; the start of the runtime is part of them");
    report.note("wasm-instrument counts without classes, and knows WebAssembly 1.0 only");
    speed(report)
}

fn name(kind: Kind) -> String {
    match kind {
        Kind::Plain => "as it is".into(),
        Kind::Fuel => "Wasmtime's fuel".into(),
        Kind::Pass(pass) => pass.into(),
        Kind::Gas => "wasm-instrument's gas".into(),
    }
}

fn compile(program: &Program, kind: Kind, runtime: &Runtime, folder: &Path) -> Result<PathBuf> {
    let original = fs::read(&program.module)?;
    let bytes = match kind {
        Kind::Plain | Kind::Fuel => original,
        Kind::Pass(pass) => {
            let passes = vec![passes::named(pass, &Settings::default())?];
            instrument(&original, Plan { passes, ..Plan::default() })?.bytes
        }
        Kind::Gas => metered(&original)?,
    };
    let stem = format!("{}-{}", program.name, name(kind)).replace(' ', "-");
    let (module, output) = (folder.join(format!("{stem}.wasm")), folder.join(format!("{stem}.cwasm")));
    fs::write(&module, bytes)?;
    let mut command = runtime.bare_command();
    command.arg("compile");
    if kind == Kind::Fuel {
        command.args(["-W", FUEL]);
    }
    let done = command.arg(&module).arg("-o").arg(&output).output()?;
    ensure!(done.status.success(), "wasmtime compile: {}", String::from_utf8_lossy(&done.stderr));
    Ok(output)
}

/// The module with `wasm-instrument`'s gas metering, and as much gas as there is.
fn metered(original: &[u8]) -> Result<Vec<u8>> {
    let module = parity_wasm::deserialize_buffer(original).context("wasm-instrument cannot read it")?;
    let injected = gas_metering::inject(module, Injector::new("gas_left"), &ConstantCostRules::default());
    let Ok(mut module) = injected else { bail!("wasm-instrument cannot meter it") };
    let global = module.global_section_mut().and_then(|globals| globals.entries_mut().last_mut());
    *global.context("it adds a global")?.init_expr_mut() =
        InitExpr::new(vec![Instruction::I64Const(i64::MAX), Instruction::End]);
    Ok(parity_wasm::serialize(module)?)
}

/// User CPU time of one run, in seconds.
fn run(runtime: &Runtime, kind: Kind, module: &Path, program: &Program, folder: &Path) -> Result<f64> {
    let mut command: Command = runtime.bare_command();
    command.args(["run", "--allow-precompiled", "--dir", "."]).current_dir(folder);
    if kind == Kind::Fuel {
        command.args(["-W", FUEL]);
    }
    command.arg(module).args(&program.args).stdout(Stdio::null()).stderr(Stdio::piped());
    let before = children_seconds();
    let done = command.output()?;
    ensure!(
        done.status.success(),
        "{} with {}: {}",
        program.name,
        name(kind),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(children_seconds() - before)
}

/// User CPU time of all children that have ended.
fn children_seconds() -> f64 {
    // SAFETY: an all-zero rusage is valid, and the pointer is to a local that outlives the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    usage.ru_utime.tv_sec as f64 + usage.ru_utime.tv_usec as f64 / 1e6
}

/// Rewriting of all public modules, one thread.
fn speed(report: &mut Report) -> Result<()> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(target_dir().join("real-modules")).context("cargo xtask real-modules")? {
        modules.push(fs::read(entry?.path())?);
    }
    let bytes: usize = modules.iter().map(Vec::len).sum();
    for names in
        [&["instructions"][..], &["coverage"], &["calls", "instructions", "memory", "host-calls", "coverage"]]
    {
        let mut speeds = Vec::new();
        for _ in 0..sized(5, 2) {
            let start = Instant::now();
            for module in &modules {
                let passes = names.iter().map(|name| passes::named(name, &Settings::default()));
                let passes = passes.collect::<Result<_, _>>()?;
                std::hint::black_box(instrument(module, Plan { passes, ..Plan::default() })?);
            }
            speeds.push(bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
        }
        let what = format!("rewriting {} modules with {}", modules.len(), names.join(", "));
        report.add(Row::median(what, "MB/s", &speeds).at_least(SPEED_GOAL));
    }
    Ok(())
}
