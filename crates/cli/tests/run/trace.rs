//! Our events and Wasmtime's own trace of an unmodified CLI tell of the same calls, in the same order, with the same results.

use crate::side_by_side::Job;
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{component, guest, require_runtime, runtimes, wasmscope};

/// A call: the function, and its error if it gave one.
type Call = (String, Option<String>);

/// What `WASMTIME_LOG=wasmtime_wasi=trace` says. Calls of preview 1 have two lines, arguments and `result=`; of preview 2,
/// `call` and `return result=`.
fn traced(job: &Job, wasmtime: &Path, dir: &Path) -> Vec<Call> {
    let output = Command::new(wasmtime)
        .arg("run")
        .args(&job.options)
        .arg(&job.module)
        .args(&job.args)
        .current_dir(dir)
        .env("WASMTIME_LOG", "wasmtime_wasi=trace")
        .env("WASMTIME_LOG_NO_CONTEXT", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}=\""))?.1;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let returns = text.lines().filter(|line| line.starts_with("wi") && line.contains("function=\""));
    returns
        .filter_map(|line| {
            let function = field(line, "function")?;
            let result = line.split_once("}: ")?.1;
            let result = result.strip_prefix("return ").unwrap_or(result).strip_prefix("result=")?;
            Some((function, error(result)))
        })
        .collect()
}

/// `Err(Error { inner: Noent })` of preview 1, `Err(FsError(ErrorCode::NoEntry))` and the like of preview 2.
fn error(result: &str) -> Option<String> {
    let inner = result.strip_prefix("Err(")?;
    let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let name = match (inner.split_once("inner: "), inner.rsplit_once("ErrorCode::")) {
        (Some((_, name)), _) | (None, Some((_, name))) => word(name),
        _ => String::new(),
    };
    Some(name.to_lowercase())
}

/// Our events of calls; drops of resources, which the trace does not have, left out.
fn observed(job: &Job, dir: &Path) -> Vec<Call> {
    let outside = TempDir::new().unwrap();
    let events = outside.path().join("events.jsonl");
    job.run(&wasmscope(), &["--events", events.to_str().unwrap()], dir);
    let text = fs::read_to_string(events).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["event.name"] == "boundary.call")
        .filter_map(|line| {
            let name = line["wasi.call.name"].as_str().unwrap().to_owned();
            let error = match line["wasi.call.outcome"].as_str().unwrap() {
                "ok" => None,
                "error" => Some(line["error.type"].as_str().unwrap().replace('-', "")),
                _ => Some(String::new()),
            };
            (!name.starts_with("[resource-drop]")).then_some((name, error))
        })
        .collect()
}

fn agree(name: &str, module: &Path, words: &[&str]) -> Vec<Call> {
    let wasmtime = match runtimes::wasmtime48() {
        Ok(wasmtime) => wasmtime.program().to_owned(),
        Err(_) => unreachable!("the caller asked"),
    };
    let job = Job::new(module, words);
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let theirs = traced(&job, &wasmtime, one.path());
    let ours = observed(&job, other.path());
    assert!(!theirs.is_empty(), "{name}: no trace");
    // An exit is an error in the trace, without a name.
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "{name}: call {at}: ours is left");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: {:?} {:?}", ours.last(), theirs.last());
    ours
}

#[test]
fn call_by_call() {
    require_runtime!(runtimes::wasmtime48());
    let mut seen = std::collections::BTreeSet::new();
    for (name, words) in [
        ("busy-files", &["--dir", ".", "{}", "2"][..]),
        ("hello", &["{}", "a"]),
        ("files", &["--dir", ".", "{}", "0"]),
        ("traps", &["{}", "oob"]),
    ] {
        for module in [guest(name), component(name)] {
            seen.extend(agree(name, &module, words).into_iter().map(|(function, _)| function));
        }
    }
    assert!(seen.len() > 40, "{} functions: {seen:?}", seen.len());
}
