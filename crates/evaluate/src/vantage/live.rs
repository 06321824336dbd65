//! Kernel and boundary: a guest runs, and `watch` says what it sees.

use super::{Bench, Scratch};
use crate::{
    EvaluateError,
    corpus::{Run, Workload},
    judge::{Told, Tried},
    runtime::{Runtime, is_component},
    shell::{Ended, Job, Shell},
    watch::{Detection, Seen, Watch, ms},
};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Longest part of a guest's last words that is kept, characters.
const WORDS: usize = 200;

/// By what a guest is run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// A runtime.
    Runtime(&'a Runtime),
    /// A native program that has one in it; names that stand in its command.
    Own(&'a BTreeMap<String, String>),
}

impl Place<'_> {
    /// The command, or why there is none.
    pub(crate) fn job(self, workload: &Workload, dir: &Path) -> Result<Job, String> {
        let run = workload.run();
        let words = match self {
            Self::Own(names) => native(&run, names)?,
            Self::Runtime(runtime) => {
                let module = workload.module.as_deref().ok_or("it has no module")?;
                if !module.is_file() {
                    return Err(format!("it is not built: there is no {}", module.display()));
                }
                let component = is_component(module);
                if !runtime.takes(component) {
                    return Err(format!("it is a component; {} runs core modules here", runtime.name));
                }
                runtime.command(module, component, dir, &run.arguments)
            }
        };
        Ok(Job { words, times: run.times, open_files: run.open_files })
    }
}

/// The words of a native program's command.
fn native(run: &Run, names: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let fill = |word: &String| {
        let mut word = word.clone();
        while let Some((before, rest)) = word.split_once('{') {
            let (name, after) =
                rest.split_once('}').ok_or_else(|| format!("{word:?} has no closing brace"))?;
            let value = names.get(name).ok_or_else(|| format!("it needs --set {name}=VALUE"))?;
            word = format!("{before}{value}{after}");
        }
        Ok(word)
    };
    let words: Result<Vec<_>, String> = run.command.iter().chain(&run.arguments).map(fill).collect();
    let words = words?;
    match words.first().filter(|program| !Path::new(program).is_file()) {
        Some(missing) => Err(format!("it is not built: there is no {missing}")),
        None => Ok(words),
    }
}

/// Runs it with nobody watching; the seconds that it took.
pub(crate) fn unwatched(
    bench: &Bench,
    workload: &Workload,
    place: Place<'_>,
) -> Result<Option<f64>, EvaluateError> {
    let scratch = Scratch::new()?;
    let Ok(job) = place.job(workload, &scratch.inner) else { return Ok(None) };
    let ended = start(bench, &scratch)?.run(&job, limit(workload)).map_err(shell)?;
    Ok((!ended.hung).then_some(ended.seconds))
}

/// Runs it in an unmodified runtime, under `watch`.
pub(crate) fn kernel(
    bench: &Bench,
    workload: &Workload,
    place: Place<'_>,
) -> Result<Result<Tried, String>, EvaluateError> {
    let scratch = Scratch::new()?;
    let job = match place.job(workload, &scratch.inner) {
        Ok(job) => job,
        Err(reason) => return Ok(Err(reason)),
    };
    let shell = start(bench, &scratch)?;
    let watch = Watch::start(&bench.wasmscope, shell.pid(), None)?;
    watched(shell, watch, workload, &job, |_| true).map(Ok)
}

/// Runs it in `wasmscope run`, whose hooks tell a `watch`.
pub(crate) fn boundary(bench: &Bench, workload: &Workload) -> Result<Result<Tried, String>, EvaluateError> {
    let scratch = Scratch::new()?;
    let Some(module) = workload.module.as_deref().filter(|module| module.is_file()) else {
        return Ok(Err("there is no module that `wasmscope run` could run".into()));
    };
    let run = workload.run();
    let socket = bench.home.path().join("hooks.sock");
    let mut words = vec![
        bench.wasmscope.to_string_lossy().into_owned(),
        "run".to_owned(),
        format!("--agent={}", socket.display()),
        format!("--dir={}::.", scratch.inner.display()),
    ];
    if is_component(module) {
        words.push("-Sinherit-network".to_owned());
    }
    words.push(module.to_string_lossy().into_owned());
    words.extend(run.arguments);
    let job = Job { words, times: run.times, open_files: run.open_files };
    let shell = start(bench, &scratch)?;
    let watch = Watch::start(&bench.wasmscope, shell.pid(), Some(&socket))?;
    watched(shell, watch, workload, &job, |detection| detection.of_hooks).map(Ok)
}

fn start(bench: &Bench, scratch: &Scratch) -> Result<Shell, EvaluateError> {
    Shell::start(&scratch.inner, bench.home.path()).map_err(shell)
}

fn shell(error: std::io::Error) -> EvaluateError {
    EvaluateError::Io("run a shell", error)
}

fn limit(workload: &Workload) -> Duration {
    Duration::from_secs_f64(workload.run().seconds)
}

fn watched(
    shell: Shell,
    watch: Watch,
    workload: &Workload,
    job: &Job,
    wanted: impl Fn(&Detection) -> bool,
) -> Result<Tried, EvaluateError> {
    let ended = shell.run(job, limit(workload)).map_err(self::shell)?;
    let seen = watch.finish();
    Ok(tried(workload, &ended, &seen, wanted))
}

fn tried(workload: &Workload, ended: &Ended, seen: &Seen, wanted: impl Fn(&Detection) -> bool) -> Tried {
    let told = seen.detections.iter().filter(|detection| wanted(detection)).map(|detection| Told {
        name: detection.rule.clone(),
        severity: detection.severity,
        threats: detection.threats.clone(),
        act_ms: Some(ms(detection.event_ns, detection.read_ns)),
        start_ms: Some(ms(ended.began_ns, detection.read_ns)),
    });
    Tried {
        told: told.collect(),
        seconds: (!ended.hung).then_some(ended.seconds),
        unwatched_seconds: None,
        workload_seconds: seen.workload_seconds,
        lost: seen.lost + seen.unreadable + seen.detections_not_kept,
        hung: ended.hung,
        failed: failure(workload, ended),
    }
}

/// Why this was no run of the guest as it should be. One that nobody recognised has run all the same.
fn failure(workload: &Workload, ended: &Ended) -> Option<String> {
    if ended.hung || workload.metadata.is_none() || workload.run().fails {
        return None;
    }
    let status = ended.statuses.iter().find(|status| **status != 0)?;
    Some(format!("it ended with status {status}: {}", last_words(&ended.stderr)))
}

/// The last line of a message that says something.
pub(super) fn last_words(stderr: &str) -> String {
    let line = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("it says nothing").chars().take(WORDS).collect()
}
