//! The whole of it: every guest in every runtime from every vantage point.

use crate::{
    EvaluateError, Kind, Runtime, Vantage,
    corpus::{Corpus, Workload},
    judge::{Question, Tried},
    report::{Cell, ClassUsed, Evaluation, FORMAT, GuestResult, Host, RuntimeUsed, Summary, Verdict},
    runtime::absolute,
    soak::soak,
    vantage::{self, Bench, Place},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
    time::Instant,
};

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The executable of wasmscope.
    pub wasmscope: PathBuf,
    /// Folder of guests.
    pub corpus: PathBuf,
    /// Where guests lie that are built from source.
    pub built: PathBuf,
    /// Runtimes.
    pub runtimes: Vec<Runtime>,
    /// Only these guests; all if there are none.
    pub guests: Vec<String>,
    /// From where to look.
    pub vantage_points: Vec<Vantage>,
    /// How often each guest is run.
    pub repeat: usize,
    /// So long ordinary guests are run side by side in each runtime, seconds; 0 for not at all.
    pub benign_seconds: f64,
    /// Names that stand in commands of native programs.
    pub names: BTreeMap<String, String>,
}

/// Runs everything. `progress` is told what comes next.
///
/// # Errors
/// There is no evaluation: the corpus is wrong, nothing is in it, or this host cannot watch.
pub fn evaluate(options: &Options, progress: &mut dyn FnMut(&str)) -> Result<Evaluation, EvaluateError> {
    let (began, clock) = (jiff::Timestamp::now(), Instant::now());
    let corpus = Corpus::load(&options.corpus, &options.built)?;
    let chosen = choose(&corpus, options)?;
    let bench = Bench::new(&options.wasmscope)?;
    let mut names: BTreeMap<_, _> =
        options.names.iter().map(|(name, value)| (name.clone(), absolute(value))).collect();
    names.insert("built".into(), options.built.to_string_lossy().into_owned());
    let work = Work { options, corpus: &corpus, bench: &bench, names };
    let mut guests = Vec::new();
    for (n, workload) in chosen.iter().enumerate() {
        progress(&format!("{} of {}: {}", n + 1, chosen.len(), workload.name));
        guests.push(work.guest(workload)?);
    }
    let benign: Vec<_> = chosen.iter().copied().filter(|workload| workload.kind == Kind::Benign).collect();
    let mut soaks = Vec::new();
    let soaking = options.benign_seconds > 0.0 && options.vantage_points.contains(&Vantage::Kernel);
    for runtime in options.runtimes.iter().filter(|_| soaking && !benign.is_empty()) {
        progress(&format!("ordinary guests side by side in {}", runtime.name));
        let runs = |workload: &&Workload| ran_in(&guests, &workload.name, &runtime.name);
        let able: Vec<_> = benign.iter().copied().filter(runs).collect();
        soaks.push(soak(&bench, &able, runtime, options.benign_seconds)?);
    }
    let shown: BTreeSet<_> = guests.iter().flat_map(|guest| &guest.threats).cloned().collect();
    let classes = corpus.classes.iter().filter(|(id, _)| shown.contains(*id));
    let classes = classes
        .map(|(id, class)| (id.clone(), ClassUsed { title: class.title.clone(), sees: class.sees.clone() }));
    Ok(Evaluation {
        format: FORMAT,
        wasmscope: version(&options.wasmscope),
        began: began.to_string(),
        seconds: clock.elapsed().as_secs_f64(),
        host: host(),
        vantage_points: options.vantage_points.clone(),
        repeat: options.repeat,
        runtimes: options.runtimes.iter().map(used).collect(),
        classes: classes.collect(),
        summary: Summary::of(&guests, &soaks),
        guests,
        soaks,
    })
}

/// Whether it ran there when it ran alone.
fn ran_in(guests: &[GuestResult], name: &str, runtime: &str) -> bool {
    let cells = guests.iter().filter(|guest| guest.name == name).flat_map(|guest| &guest.cells);
    cells.filter(|cell| cell.runtime.as_deref() == Some(runtime)).any(|cell| cell.verdict != Verdict::NotRun)
}

fn choose<'a>(corpus: &'a Corpus, options: &Options) -> Result<Vec<&'a Workload>, EvaluateError> {
    // A name is that of a guest, or of all its cases.
    let is = |workload: &Workload, name: &str| {
        workload.name == name || workload.name.split_once('/').is_some_and(|(guest, _)| guest == name)
    };
    for name in &options.guests {
        if !corpus.workloads.iter().any(|workload| is(workload, name)) {
            let known: Vec<_> = corpus.workloads.iter().map(|workload| workload.name.as_str()).collect();
            return Err(EvaluateError::NoSuchGuest(name.clone(), known.join(", ")));
        }
    }
    let wanted = |workload: &&Workload| {
        options.guests.is_empty() || options.guests.iter().any(|name| is(workload, name))
    };
    let chosen: Vec<_> = corpus.workloads.iter().filter(wanted).collect();
    if chosen.is_empty() {
        return Err(EvaluateError::Empty(options.corpus.clone()));
    }
    Ok(chosen)
}

struct Work<'a> {
    options: &'a Options,
    corpus: &'a Corpus,
    bench: &'a Bench,
    names: BTreeMap<String, String>,
}

impl Work<'_> {
    fn guest(&self, workload: &Workload) -> Result<GuestResult, EvaluateError> {
        let mut cells = Vec::new();
        for vantage in &self.options.vantage_points {
            match vantage {
                Vantage::Kernel if workload.is_native() => {
                    cells.push(self.kernel(workload, Place::Own(&self.names), None)?);
                }
                _ if workload.is_native() => {
                    let reason = "it is a native program: there is no guest to look at from here";
                    let question = self.question(workload, *vantage, None);
                    cells.push(question.not_applicable(Some(reason.into())));
                }
                Vantage::Kernel => {
                    for runtime in &self.options.runtimes {
                        let place = Place::Runtime(runtime);
                        cells.push(self.kernel(workload, place, Some(&runtime.name))?);
                    }
                }
                Vantage::Boundary => cells.push(self.boundary(workload)?),
                Vantage::Module => cells.push(self.module(workload)?),
                Vantage::Guest => {
                    for runtime in &self.options.runtimes {
                        cells.push(self.instrumented(workload, runtime)?);
                    }
                }
            }
        }
        let metadata = workload.metadata.as_ref();
        Ok(GuestResult {
            name: workload.name.clone(),
            kind: workload.kind,
            title: metadata.map(|metadata| metadata.title.clone()),
            threats: workload.threats().to_vec(),
            attack: metadata.map_or_else(Vec::new, |metadata| metadata.attack.clone()),
            cells,
        })
    }

    fn question<'q>(
        &'q self,
        workload: &'q Workload,
        vantage: Vantage,
        runtime: Option<&'q str>,
    ) -> Question<'q> {
        Question { corpus: self.corpus, workload, vantage, runtime }
    }

    /// Watched and, for ordinary guests, unwatched in turns, each first in every other pair.
    fn kernel(
        &self,
        workload: &Workload,
        place: Place<'_>,
        runtime: Option<&str>,
    ) -> Result<Cell, EvaluateError> {
        let question = self.question(workload, Vantage::Kernel, runtime);
        let mut runs = Vec::new();
        let compare = workload.kind == Kind::Benign;
        for n in 0..self.options.repeat {
            let bare = || vantage::unwatched(self.bench, workload, place);
            let before = if compare && n % 2 == 0 { bare()? } else { None };
            let mut tried = match vantage::kernel(self.bench, workload, place)? {
                Ok(tried) => tried,
                Err(reason) => return Ok(question.not_run(reason)),
            };
            tried.unwatched_seconds = if compare && n % 2 == 1 { bare()? } else { before };
            if tried.unwatched_seconds.is_none() && compare {
                tried.seconds = None;
            }
            runs.push(tried);
        }
        Ok(question.judge(&runs))
    }

    fn boundary(&self, workload: &Workload) -> Result<Cell, EvaluateError> {
        let question = self.question(workload, Vantage::Boundary, None);
        self.repeated(&question, self.options.repeat, || vantage::boundary(self.bench, workload))
    }

    fn module(&self, workload: &Workload) -> Result<Cell, EvaluateError> {
        let question = self.question(workload, Vantage::Module, None);
        // The same bytes give the same findings.
        self.repeated(&question, 1, || vantage::module(self.bench, workload))
    }

    fn instrumented(&self, workload: &Workload, runtime: &Runtime) -> Result<Cell, EvaluateError> {
        let question = self.question(workload, Vantage::Guest, Some(&runtime.name));
        if workload.kind == Kind::Attack && !question.is_marked() && question.expected().is_empty() {
            return Ok(question.not_applicable(None));
        }
        match vantage::guest(self.bench, workload, runtime)? {
            Ok(tried) => Ok(question.judge(&[tried])),
            Err(vantage::Unable::NotRun(reason)) => Ok(question.not_run(reason)),
            Err(vantage::Unable::Nothing(reason)) => Ok(question.not_applicable(Some(reason))),
        }
    }

    fn repeated(
        &self,
        question: &Question<'_>,
        times: usize,
        run: impl Fn() -> Result<Result<Tried, String>, EvaluateError>,
    ) -> Result<Cell, EvaluateError> {
        let mut runs = Vec::new();
        for _ in 0..times {
            match run()? {
                Ok(tried) => runs.push(tried),
                Err(reason) => return Ok(question.not_run(reason)),
            }
        }
        Ok(question.judge(&runs))
    }
}

fn used(runtime: &Runtime) -> RuntimeUsed {
    RuntimeUsed { name: runtime.name.clone(), version: runtime.version().unwrap_or_default() }
}

fn version(wasmscope: &PathBuf) -> String {
    let output = Command::new(wasmscope).arg("--version").output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn host() -> Host {
    Host {
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}
