//! Our events and Wasmtime's own trace of an unmodified CLI tell of the same calls, in the same order, with the same results.

use crate::side_by_side::Job;
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{component, guest, require_runtime, runtimes, wasmscope};

/// A call: the function, and how it ended.
type Call = (String, End);

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Ok,
    /// Its name, without hyphens.
    Error(String),
    Exit,
    /// The trace does not say.
    Untold,
}

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
            Some((function, ended(result)))
        })
        .collect()
}

/// `Err(Error { inner: Noent })` of preview 1, `Err(no-entry (error 20))` of preview 2, `"..."` where it says nothing.
fn ended(result: &str) -> End {
    let inner = result.strip_prefix("Err(");
    let text = inner.unwrap_or(result);
    let text = text.strip_prefix("Error { inner: ").unwrap_or(text);
    match inner {
        _ if text.starts_with("Exited with") => End::Exit,
        _ if text.starts_with("\"...\"") => End::Untold,
        None => End::Ok,
        Some(_) => {
            let name = text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
            End::Error(name.filter(|letter| *letter != '-').collect::<String>().to_lowercase())
        }
    }
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
            let end = match line["wasi.call.outcome"].as_str().unwrap() {
                "ok" => End::Ok,
                "error" => End::Error(line["error.type"].as_str().unwrap().replace('-', "")),
                "exit" => End::Exit,
                other => panic!("{name} ended by {other}"),
            };
            (!name.starts_with("[resource-drop]")).then_some((name, end))
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
    // A guest that traps at once may have called nothing; ours are as many.
    assert!(name == "traps" || !theirs.is_empty(), "{name}: no trace");
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let told = theirs.1 != End::Untold;
        assert_eq!(
            (&ours.0, Some(&ours.1).filter(|_| told)),
            (&theirs.0, Some(&theirs.1).filter(|_| told)),
            "{name}: call {at}"
        );
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
