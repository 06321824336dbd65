//! Ordinary guests side by side, each again when it has ended: how often something is told that is none.

use crate::{
    EvaluateError,
    corpus::Workload,
    report::{Alarm, Soak},
    runtime::Runtime,
    shell::{Shell, line},
    vantage::{Bench, Place, Scratch},
    watch::Watch,
};
use std::{collections::BTreeMap, path::Path, thread, time::Duration};

/// Runs them for so long, in one shell under one `watch`.
pub(crate) fn soak(
    bench: &Bench,
    guests: &[&Workload],
    runtime: &Runtime,
    seconds: f64,
) -> Result<Soak, EvaluateError> {
    let io = |error| EvaluateError::Io("run a shell", error);
    let whole = Scratch::new()?;
    let mut shell = Shell::start(&whole.inner, bench.home.path()).map_err(io)?;
    let (mut names, mut left_out, mut script) = (BTreeMap::new(), BTreeMap::new(), String::new());
    let mut scratches = Vec::new();
    for workload in guests {
        let scratch = Scratch::new()?;
        if let Some(reason) = workload.run().alone {
            left_out.insert(workload.name.clone(), reason);
            continue;
        }
        let job = match Place::Runtime(runtime).job(workload, &scratch.inner) {
            Ok(job) => job,
            Err(reason) => {
                left_out.insert(workload.name.clone(), reason);
                continue;
            }
        };
        let limit = job.open_files.map_or(String::new(), |most| format!("ulimit -n {most}; "));
        let directory = line(&[scratch.inner.to_string_lossy().into_owned()]);
        let command = line(&job.words);
        script += &format!(
            "(cd {directory}; {limit}while :; do {command} </dev/null >/dev/null 2>&1; sleep 1; done) &\n"
        );
        let module = workload.module.clone().unwrap_or_default();
        names.insert(module.to_string_lossy().into_owned(), workload.name.clone());
        scratches.push(scratch);
    }
    let watch = Watch::start(&bench.wasmscope, shell.pid(), None)?;
    shell.say(&script).map_err(io)?;
    thread::sleep(Duration::from_secs_f64(seconds));
    drop(shell);
    let seen = watch.finish();
    let mut alarms: BTreeMap<(String, _, String), u64> = BTreeMap::new();
    for detection in seen.detections {
        let module = detection.module.unwrap_or_default();
        let guest = names.get(&module).cloned().unwrap_or_else(|| {
            Path::new(&module).file_name().unwrap_or_default().to_string_lossy().into_owned()
        });
        *alarms.entry((detection.rule, detection.severity, guest)).or_default() += 1;
    }
    let alarm = |((rule, severity, guest), times)| Alarm { rule, severity, guest, times };
    Ok(Soak {
        runtime: runtime.name.clone(),
        seconds,
        workload_seconds: seen.workload_seconds,
        workloads: seen.exited,
        guests: names.into_values().collect(),
        left_out,
        alarms: alarms.into_iter().map(alarm).collect(),
        lost: seen.lost + seen.unreadable + seen.detections_not_kept,
    })
}
