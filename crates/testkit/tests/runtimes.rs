//! Each installed runtime runs guests the way the catalogue says.

use std::time::Duration;

use wasmscope_testkit::runtimes::{CATALOGUE, find, installed};
use wasmscope_testkit::{Running, component, guest, require_runtime, runtimes, wait_until};

/// Generous: an optimising runtime starts slowly on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn each_gives_arguments_to_a_guest_and_returns_its_status() {
    for runtime in installed() {
        let mut process = Running::spawn(runtime.command(&guest("sleeper"), ["1"]));
        let code = process.exit_code(PATIENCE);
        assert_eq!(code, 3, "{}: {}", runtime.name(), process.output());
    }
}

#[test]
fn each_passes_on_what_a_guest_prints() {
    for runtime in installed() {
        let mut process = Running::spawn(runtime.command(&guest("hello"), [""; 0]));
        assert_eq!(process.exit_code(PATIENCE), 0, "{}: {}", runtime.name(), process.output());
        assert_eq!(process.output(), "Hello from a short-lived guest.\n", "{}", runtime.name());
    }
}

#[test]
fn each_that_can_gives_a_guest_its_directory() {
    for runtime in installed().into_iter().filter(|runtime| runtime.has_dir()) {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Running::spawn(runtime.clone().dir(dir.path()).command(&guest("files"), ["1"]));
        assert_eq!(process.exit_code(PATIENCE), 0, "{}: {}", runtime.name(), process.output());
    }
}

#[test]
fn each_fails_when_a_guest_traps() {
    for runtime in installed() {
        let mut process = Running::spawn(runtime.command(&guest("trap"), [""; 0]));
        assert_ne!(process.exit_code(PATIENCE), 0, "{}: {}", runtime.name(), process.output());
    }
}

#[test]
fn wasmtime_runs_components_and_hostile_names() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut process = Running::spawn(wasmtime.command(&component("hello"), [""; 0]));
    assert_eq!(process.exit_code(PATIENCE), 0, "{}", process.output());

    let mut process = Running::spawn(wasmtime.command(&guest("hostile-names"), [""; 0]));
    assert_eq!(process.wait(Duration::from_secs(2)), None, "{}", process.output());
}

#[test]
fn javascript_runtimes_run_the_scripts_without_a_guest() {
    for name in ["node", "deno", "bun"] {
        let runtime = require_runtime!(find(name));
        for script in ["js/plain.js", "js/inline.js"] {
            let mut process = Running::spawn(runtime.script_command(script, ["0"]));
            assert_eq!(process.exit_code(PATIENCE), 0, "{name} {script}: {}", process.output());
        }
    }
}

#[test]
fn a_dropped_process_takes_its_children_along() {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "sleep 60 & echo $!; wait"]);
    let process = Running::spawn(shell);
    assert!(wait_until(|| process.output().ends_with('\n'), PATIENCE));
    let child = format!("/proc/{}", process.output().trim());
    assert!(std::path::Path::new(&child).exists());
    drop(process);
    // Its new parent reaps it in its own time; until then it is a zombie without a command line.
    let gone = || std::fs::read(format!("{child}/cmdline")).unwrap_or_default().is_empty();
    assert!(wait_until(gone, PATIENCE));
}

#[test]
fn catalogue_names_are_unique_and_compilers_precede_their_users() {
    for (index, recipe) in CATALOGUE.iter().enumerate() {
        let before = &CATALOGUE[..index];
        assert!(before.iter().all(|other| other.name != recipe.name), "{} twice", recipe.name);
        if let Some(compiler) = recipe.compiler {
            assert!(before.iter().any(|other| other.name == compiler), "{compiler} comes too late");
        }
    }
}
