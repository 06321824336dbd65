//! A runtime in mount, pid and user namespaces of its own, below another root.

use crate::kit::{Started, named, run, wasmscope};
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};
use tempfile::TempDir;
use wasmscope_testkit::{Running, guest, require_root, require_runtime, runtimes, wait_until};

/// A root directory with empty places for what is mounted there, and nothing of ours under our names.
fn root_folder(runtime: &Path, module: &Path) -> (TempDir, String) {
    let root = TempDir::new().unwrap();
    let at = |path: &str| root.path().join(path.trim_start_matches('/'));
    let mut script = String::from("set -e; ");
    for folder in ["/lib", "/lib64", "/usr"] {
        if let Ok(target) = fs::read_link(folder) {
            symlink(target, at(folder)).unwrap();
        } else if Path::new(folder).is_dir() {
            fs::create_dir(at(folder)).unwrap();
            script += &format!("mount --rbind {folder} {}; ", at(folder).display());
        }
    }
    for (file, name) in [(runtime, "engine"), (module, "app/guest.bin")] {
        let place = at(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, "").unwrap();
        script += &format!("mount --bind {} {}; ", file.display(), place.display());
    }
    script +=
        &format!("cd /; exec chroot {} /usr/bin/env -C /app /engine run guest.bin 20", root.path().display());
    (root, script)
}

#[test]
fn a_workload_in_other_namespaces_is_identified_as_it_sees_itself() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let module = guest("sleeper");
    let (_root, script) = root_folder(&wasmtime.program().canonicalize().unwrap(), &module);
    let mut unshare = Command::new("unshare");
    unshare.args([
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        &script,
    ]);

    let mut probe = Running::spawn({
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "true"]);
        command
    });
    if probe.exit_code(crate::kit::PATIENCE) != 0 {
        return wasmscope_testkit::may_skip(module_path!(), "no user namespaces on this host", false);
    }

    let mut watch = wasmscope(["watch", "--json", "--"]);
    watch.arg(unshare.get_program()).args(unshare.get_args());
    let watch = Started::spawn(watch);
    let expected = wasmscope_sha256(&module);
    let knows = |e: &serde_json::Value| e["wasm.modules"][0]["wasm.module.sha256"] == expected.as_str();
    let events = watch.wait_for("module of the inner workload", |events| events.iter().any(knows));
    let workload = events.iter().rfind(|e| knows(e)).unwrap();
    assert_eq!(workload["process.vpid"], 1, "{workload:#}");
    assert_eq!(workload["process.executable.path"], "/engine");
    assert_eq!(workload["wasm.runtime.name"], "wasmtime");
    assert_eq!(workload["wasm.modules"][0]["wasm.module.path"], "/app/guest.bin");
    assert_eq!(workload["process.user.id"], 0);
    assert_eq!(named(&events, "workload.started").len(), 1, "{events:#?}");

    // Found running by one look as well, without the kernel's record of its read.
    let pid = workload["process.pid"].to_string();
    let page = || run(wasmscope(["inspect", "--json", &pid])).json();
    let found = wait_until(|| knows(&page()), crate::kit::PATIENCE);
    let page = page();
    assert!(found, "{:#}", page["wasm.modules"]);
    assert_eq!(page["wasm.modules"][0]["wasm.module.path"], "/app/guest.bin");
    assert_eq!(page["process.vpid"], 1);
}

fn wasmscope_sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}
