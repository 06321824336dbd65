//! Names that drive terminals, forge lines or break JSON: of functions, of the module, and of its file.

use crate::kit::{PATIENCE, Started, has, named, run, wasmscope};
use crate::observed::{install, settled};
use std::{path::PathBuf, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{Runtime, guest, require_root, require_runtime, runtimes, wait_until};

const FILE_NAME: &str = "evil\n12:00:00.000 started    forged\x1b[2J\x1b]0;owned\x07\" \u{202e}.wasm";

/// A file that holds a guest with hostile function names, and a command that runs it; both have hostile names.
fn hostile(folder: &TempDir, wasmtime: &Runtime) -> (PathBuf, Command) {
    let path = folder.path().join(FILE_NAME);
    std::fs::copy(guest("hostile-names"), &path).unwrap();
    let program = folder.path().join("\x1b[8mruntime\n\t\"");
    install(wasmtime.program(), &program);
    let mut command = Command::new(program);
    command.arg("run").arg(&path);
    (path, command)
}

/// No character that moves the cursor, reorders or hides text; lines only where wasmscope ends them.
fn assert_harmless(text: &str) {
    let harmful = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    let line = text.lines().find(|line| line.contains(harmful));
    assert_eq!(line, None, "in {text}");
    assert!(!text.lines().any(|line| line.starts_with("12:00:00")), "a forged line: {text}");
}

#[test]
fn inspect_and_ps_show_hostile_names_harmlessly() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = TempDir::new().unwrap();
    let (path, command) = hostile(&folder, &wasmtime);
    let running = settled(command);
    let pid = running.pid().to_string();

    // The code image may come a moment after the memory.
    let mut text = String::new();
    wait_until(
        || {
            text = run(wasmscope(["inspect", &pid, "--functions", "all"])).stdout;
            text.contains("FUNCTION")
        },
        PATIENCE,
    );
    assert!(text.contains("FUNCTION"), "{text}");
    assert_harmless(&text);
    assert!(text.contains(r"evil\n12:00:00.000"), "{text}");

    let json = run(wasmscope(["inspect", &pid, "--json"])).json();
    let executable = json["process.executable.path"].as_str().unwrap();
    assert!(executable.ends_with("/\x1b[8mruntime\n\t\""), "{executable:?}");
    assert_eq!(json["wasm.runtime.name"], "wasmtime", "{json:#}");
    let modules = json["wasm.modules"].as_array().unwrap();
    let named = modules.iter().find(|m| m["wasm.module.path"] == path.to_str().unwrap());
    assert!(named.is_some(), "the file has its true name in JSON: {modules:#?}");
    let functions = json["wasm.functions"][0]["functions"].as_array().unwrap();
    let names: Vec<_> = functions.iter().filter_map(|f| f["wasm.function.name"].as_str()).collect();
    assert!(!names.is_empty(), "{functions:#?}");
    assert!(names.iter().all(|n| n.len() <= 1024), "a name of 1 MiB is cut");

    let scope = format!("tree:{pid}");
    let table = run(wasmscope(["ps", "--scope", &scope]));
    assert_harmless(&table.stdout);
    assert_eq!(table.stdout.lines().count(), 2, "{}", table.stdout);
    let json = run(wasmscope(["ps", "--json", "--scope", &scope])).json();
    assert_eq!(json.as_array().unwrap().len(), 1);
}

#[test]
fn watch_keeps_to_one_line_per_event() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = TempDir::new().unwrap();
    let (path, command) = hostile(&folder, &wasmtime);
    let running = settled(command);
    let pid = running.pid();
    let scope = format!("tree:{pid}");
    let json = Started::spawn(wasmscope(["watch", "--json", "--scope", &scope]));
    let text = Started::spawn(wasmscope(["watch", "--scope", &scope, "--duration", "3"]));
    json.wait_for("hostile workload", |events| has(events, "workload.started", pid));

    let text = text.finish();
    assert_eq!((text.status, text.stderr.as_str()), (0, ""));
    assert_harmless(&text.stdout);
    let is_event =
        |line: &str| line.as_bytes().get(2) == Some(&b':') && line.as_bytes().get(8) == Some(&b'.');
    assert!(text.stdout.lines().all(is_event), "{}", text.stdout);
    let about = text.stdout.lines().filter(|l| l.contains(&format!("pid {pid}: "))).collect::<Vec<_>>();
    assert!(about.iter().any(|l| l.contains("running") && l.contains(r"evil\n12:00")), "{about:#?}");

    let events = json.stop().events();
    let started = named(&events, "workload.started")[0];
    let paths = started["wasm.modules"].as_array().unwrap().iter().map(|m| &m["wasm.module.path"]);
    assert!(paths.into_iter().any(|p| *p == path.to_str().unwrap()), "{started:#}");
}
