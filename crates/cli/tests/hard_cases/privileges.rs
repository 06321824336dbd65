//! Not root, no type information, BPF refused: one clear error that names what is missing, status 3; and what works
//! without privileges does.

use crate::kit::{Done, run, wasmscope};
use crate::observed::{public_copy, shell_line, sleeper};
use std::{path::Path, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{Running, guest, require_root, require_runtime, runtimes, wait_until};

/// Nobody: a user who owns nothing and may do nothing.
const NOBODY: [&str; 4] = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(NOBODY).arg(program);
    command
}

/// Runs wasmscope as nobody, from a copy that nobody may read.
fn nobodys<const N: usize>(args: [&str; N]) -> Done {
    let folder = TempDir::new().unwrap();
    let mut command = as_nobody(&public_copy(&folder, &wasmscope_testkit::wasmscope()));
    command.args(args);
    run(command)
}

#[test]
fn without_root_watch_names_the_missing_capabilities_and_runs_nothing() {
    require_root!();
    let done = nobodys(["watch", "--json", "--", "sh", "-c", "echo the command ran"]);
    done.assert_failed(3, &["CAP_BPF", "CAP_PERFMON", "run as root"]);
    assert_eq!(done.stdout, "");
}

#[test]
fn without_root_doctor_says_what_root_would_add() {
    require_root!();
    let text = nobodys(["doctor"]);
    assert_eq!((text.status, text.stderr.as_str()), (3, ""), "{text:?}");
    for word in
        ["REFUSED   lifecycle", "CAP_BPF", "run as root", "without it: new workloads", "CAP_SYS_PTRACE"]
    {
        assert!(text.stdout.contains(word), "{word:?} is missing: {}", text.stdout);
    }
    let json = nobodys(["doctor", "--json"]);
    assert_eq!(json.status, 3);
    let report = json.json();
    assert_eq!(report["usable"], false);
    let probes = report["probes"].as_array().unwrap();
    assert!(probes.iter().any(|p| p["reason"].as_str().unwrap().contains("CAP_BPF")), "{report:#}");
}

#[test]
fn without_root_ps_shows_own_workloads_and_counts_the_others() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = TempDir::new().unwrap();
    let binary = public_copy(&folder, &wasmtime_program(&wasmtime));
    let module = public_copy(&folder, &guest("sleeper"));
    let own =
        format!("setpriv {} {} run -C cache=n {} 20", NOBODY.join(" "), binary.display(), module.display());
    // The shell and the second guest are root's.
    let tree = Running::spawn(shell(&format!("{own} & {} & wait", sleeper(&wasmtime, 20))));
    let scope = format!("tree:{}", tree.pid());

    let mut last = None;
    let found = wait_until(
        || {
            let done = nobodys(["ps", "--json", "--scope", &scope]);
            let whole = done.json().as_array().unwrap().len() == 1 && done.stderr.contains("2 processes");
            last = Some(done);
            whole
        },
        crate::kit::PATIENCE,
    );
    let done = last.unwrap();
    assert!(found, "{done:?}");
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stderr.contains("2 processes of other users were not looked into: run as root"), "{done:?}");
    let workload = &done.json()[0];
    assert_eq!(workload["process.user.id"], 65534);
    assert_eq!(workload["wasm.runtime.name"], "wasmtime");
    let whole = run(wasmscope(["ps", "--json", "--scope", &scope])).json();
    assert_eq!(whole.as_array().unwrap().len(), 2, "root sees both: {whole:#}");
}

fn wasmtime_program(runtime: &wasmscope_testkit::Runtime) -> std::path::PathBuf {
    runtime.program().canonicalize().unwrap()
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn without_root_inspect_of_roots_process_is_refused() {
    require_root!();
    let roots = Running::spawn(shell("sleep 20"));
    let done = nobodys(["inspect", &roots.pid().to_string()]);
    done.assert_failed(3, &["may not be looked into", "CAP_SYS_PTRACE"]);
    assert_eq!(done.stdout, "");
}

#[test]
fn without_type_information_watch_names_the_file() {
    require_root!();
    let empty = TempDir::new().unwrap();
    let without = |args: &[&str]| {
        let hide = format!("mount --bind {} /sys/kernel/btf", empty.path().display());
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &format!("{hide} && exec {}", shell_line(&wasmscope(args)))]);
        run(command)
    };
    let done = without(&["watch", "--", "echo", "the command ran"]);
    done.assert_failed(3, &["/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"]);
    assert_eq!(done.stdout, "");
    let done = without(&["doctor"]);
    assert_eq!(done.status, 3);
    assert!(done.stdout.contains("/sys/kernel/btf/vmlinux"), "{}", done.stdout);
}

#[test]
fn root_without_the_bpf_capabilities_is_told_which() {
    require_root!();
    let dropping = |capabilities: &str, args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", capabilities]).arg(wasmscope_testkit::wasmscope()).args(args);
        run(command)
    };
    let watch = ["watch", "--", "echo", "the command ran"];
    let done = dropping("-bpf,-perfmon,-sys_admin", &watch);
    done.assert_failed(3, &["CAP_BPF and CAP_PERFMON"]);
    assert_eq!(done.stdout, "");
    let done = dropping("-perfmon,-sys_admin", &watch);
    done.assert_failed(3, &["lacks CAP_PERFMON"]);
    let done = dropping("-bpf,-perfmon,-sys_admin", &["doctor", "--json"]);
    assert_eq!((done.status, &done.json()["usable"]), (3, &false.into()));
}
