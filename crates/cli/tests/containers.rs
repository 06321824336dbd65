//! Workloads in real containers: containerd and runc of the system, with a root, state and socket of the test's own.
//!
//! The image is made here, with Wasmtime in one layer and the guests in another, so that the container's files come
//! from a real overlay.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;
use wasmscope_model::{
    Event, EventKind, ModuleFile, ModuleOrigin, ProbeState, Sha256, Verdict, Workload, event::Exit,
};
use wasmscope_testkit::{
    Rootfs, Running, guest, may_skip, require_root, require_runtime, runtimes, wait_until, wasmscope,
};

const PATIENCE: Duration = Duration::from_secs(30);
const IMAGE: &str = "wasmscope.test/guests:1";
const GUEST: &str = "/app/guest.wasm";
const LIBRARY: &str = "/app/library.wasm";

/// Nobody calls it; it is there to be loaded.
const LIBRARY_TEXT: &str =
    r#"(module $library (func $answer_of_the_library (export "answer") (result i32) (i32.const 42)))"#;

/// A container engine that ends with its test.
struct Engine {
    containerd: Running,
    started: Vec<String>,
    folder: TempDir,
}

impl Engine {
    /// Starts it and imports the image; says why where that cannot be done here.
    fn start(wasmtime: &Path) -> Result<Self, String> {
        for command in ["containerd", "ctr", "runc"] {
            if Command::new(command).arg("--version").output().is_err() {
                return Err(format!("{command} is not installed: tools/setup.sh containers"));
            }
        }
        // A short path: those of sockets have at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("ctr").tempdir_in("/tmp").expect("a folder in /tmp");
        let at = |name: &str| folder.path().join(name);
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = {:?}\n",
            at("root"),
            at("state"),
            at("socket")
        );
        std::fs::write(at("config.toml"), config).expect("writing the configuration");
        let mut command = Command::new("containerd");
        command.arg("--config").arg(at("config.toml"));
        let engine = Self { containerd: Running::spawn(command), started: Vec::new(), folder };
        if !wait_until(|| engine.ctr(["version"]).status.success(), PATIENCE) {
            return Err(format!("containerd does not start here: {}", engine.containerd.output()));
        }
        let imported =
            engine.ctr(["images", "import", image(wasmtime, engine.folder.path()).to_str().expect("ASCII")]);
        assert!(imported.status.success(), "{}", said(&imported));
        // What runc cannot do here, it cannot do for a program that needs nothing either.
        let trial = name(engine.folder.path().file_name().and_then(|name| name.to_str()).expect("ASCII"));
        let trial = engine.ctr(["run", "--rm", IMAGE, &trial, "/bin/wasmtime", "--version"]);
        if !trial.status.success() {
            return Err(format!("containers cannot run here: {}", said(&trial)));
        }
        Ok(engine)
    }

    fn ctr<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(self.folder.path().join("socket")).args(args);
        command.output().expect("ctr is there")
    }

    /// Runs Wasmtime in a new container of this id and returns its process.
    fn run(&mut self, id: &str, options: &[&str], wasmtime: &[&str]) -> u32 {
        self.started.push(id.to_owned());
        let before = ["run", "--detach", "--env", "RUST_BACKTRACE=0"];
        let program = [IMAGE, id, "/bin/wasmtime", "run"];
        let words = before.iter().chain(options).chain(&program).chain(wasmtime).copied();
        let started = self.ctr(words);
        assert!(started.status.success(), "{}", said(&started));
        let tasks = self.ctr(["tasks", "list"]);
        let tasks = String::from_utf8_lossy(&tasks.stdout).into_owned();
        let line = tasks.lines().find(|line| line.split_whitespace().next() == Some(id));
        let pid = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        pid.unwrap_or_else(|| panic!("no task {id} in {tasks}"))
    }
}

impl Drop for Engine {
    /// Shims are no children of containerd and would outlive it.
    fn drop(&mut self) {
        for id in std::mem::take(&mut self.started) {
            self.ctr(["tasks", "delete", "--force", &id]);
            self.ctr(["containers", "delete", &id]);
        }
    }
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.trim().to_owned()
}

/// An id like those that people choose, unique on this host: whoever starts it, runc knows all of them.
fn name(what: &str) -> String {
    format!("wasmscope-{what}-{}", std::process::id())
}

/// An id like those that engines choose.
fn id(what: &str) -> String {
    Sha256::of(name(what).as_bytes()).to_string()
}

/// An archive in the OCI image layout, for `ctr images import`.
fn image(wasmtime: &Path, folder: &Path) -> PathBuf {
    let base = Rootfs::new(folder.join("base"));
    base.program(wasmtime, "/bin/wasmtime");
    let app = Rootfs::new(folder.join("app"));
    app.copy(&guest("spin"), GUEST);
    std::fs::write(app.place(LIBRARY), wat::parse_str(LIBRARY_TEXT).expect("correct text")).expect("writing");

    let layout = Rootfs::new(folder.join("layout"));
    let blob = |kind: &str, bytes: &[u8]| {
        let hash = Sha256::of(bytes).to_string();
        std::fs::write(layout.place(format!("/blobs/sha256/{hash}")), bytes).expect("writing a blob");
        json!({ "mediaType": kind, "digest": format!("sha256:{hash}"), "size": bytes.len() })
    };
    let layers: Vec<Value> =
        [&base, &app].map(|root| blob("application/vnd.oci.image.layer.v1.tar", &tar(root.path()))).to_vec();
    let digests: Vec<_> = layers.iter().map(|layer| layer["digest"].clone()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": digests },
    });
    let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers });
    let mut manifest = blob(kind, manifest.to_string().as_bytes());
    manifest["annotations"] = json!({ "io.containerd.image.name": IMAGE });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(layout.place("/index.json"), index.to_string()).expect("writing the index");
    std::fs::write(layout.place("/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
        .expect("writing the mark");
    let archive = folder.join("image.tar");
    std::fs::write(&archive, tar(layout.path())).expect("writing the archive");
    archive
}

fn tar(folder: &Path) -> Vec<u8> {
    let output = Command::new("tar").args(["--create", "--directory"]).arg(folder).arg(".").output();
    let output = output.expect("tar is everywhere");
    assert!(output.status.success(), "{}", said(&output));
    output.stdout
}

/// The one workload that `ps` finds below this process.
fn seen(pid: u32) -> Workload {
    let mut found = Vec::new();
    let mut text = String::new();
    // Until it has compiled and instantiated its module.
    wait_until(
        || {
            let output =
                Command::new(wasmscope()).args(["ps", "--json", "--scope", &format!("tree:{pid}")]).output();
            let output = output.expect("wasmscope starts");
            assert!(output.status.success(), "{}", said(&output));
            text = String::from_utf8_lossy(&output.stdout).into_owned();
            found = serde_json::from_str::<Vec<Workload>>(&text).expect("ps prints JSON");
            found.iter().any(|workload| !workload.images.is_empty() && workload.memory_bytes() > 0)
        },
        PATIENCE,
    );
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

fn parent_of(pid: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line =
        status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("every process has a parent");
    line.trim().parse().expect("a number")
}

fn hash_of(file: &Path) -> Sha256 {
    Sha256::of(&std::fs::read(file).expect("the guest is there"))
}

macro_rules! require_engine {
    () => {{
        require_root!();
        let wasmtime = require_runtime!(runtimes::wasmtime());
        match Engine::start(wasmtime.program()) {
            Ok(engine) => engine,
            Err(reason) => return may_skip(module_path!(), reason, false),
        }
    }};
}

#[test]
fn a_container_has_its_own_paths_and_the_id_of_its_cgroup_if_that_is_one() {
    let mut engine = require_engine!();
    let (hex, systemd) = (id("hex"), id("systemd"));
    let scope = format!("/system.slice/cri-containerd-{systemd}.scope");
    // `ctr` makes a cgroup /default/ID and takes any name for ID: nothing tells such a cgroup from one that is no
    // container's, so only what has the form of an engine's id counts.
    for (container, cgroup, expected) in [
        (name("free-form"), None, None),
        (hex.clone(), None, Some(hex)),
        (name("systemd"), Some(&scope), Some(systemd)),
    ] {
        let options: Vec<_> = cgroup.iter().flat_map(|path| ["--cgroup", path.as_str()]).collect();
        let pid = engine.run(&container, &options, &[GUEST, "300"]);
        let workload = seen(pid);
        assert_eq!(workload.pid.0, pid);
        let found = &workload.recognition;
        assert_eq!(
            (found.verdict, found.runtime.as_deref()),
            (Verdict::Workload, Some("wasmtime")),
            "{found:?}"
        );
        assert!(found.version.as_ref().is_some_and(|v| v.starts_with("49.0.")), "{found:?}");
        assert_eq!(workload.executable.as_deref(), Some("/bin/wasmtime"));
        assert_eq!(workload.namespace_pid.map(|pid| pid.0), Some(1));
        let [file] = &workload.modules[..] else { panic!("{:?}", workload.modules) };
        assert_eq!((file.path.as_deref(), file.sha256), (Some(GUEST), Some(hash_of(&guest("spin")))));
        assert_eq!(file.origin, ModuleOrigin::CodeImage);
        assert_eq!(workload.container.id, expected, "{container}");
        assert_eq!((workload.container.pod_uid, workload.container.systemd_unit), (None, None));

        // From its shim the same process is found.
        assert_eq!(seen(parent_of(pid)).id, workload.id);
        let page = Command::new(wasmscope()).args(["inspect", "--json", &pid.to_string()]).output();
        let page: Value = serde_json::from_slice(&page.expect("wasmscope starts").stdout).expect("JSON");
        assert_eq!(page["container.id"].as_str(), expected.as_deref());
        assert_eq!(page["wasm.modules"][0]["wasm.module.path"], GUEST);
    }
}

#[test]
fn a_module_that_a_container_reads_and_closes_is_found_in_the_layers_of_its_overlay() {
    let mut engine = require_engine!();
    let scope = format!("tree:{}", engine.containerd.pid());
    let mut command = Command::new(wasmscope());
    command.args(["watch", "--json", "--scope", &scope]);
    let watch = Running::spawn(command);
    let events = || -> Vec<EventKind> {
        let text = watch.output();
        let whole = text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok());
        whole.map(|event| event.kind).collect()
    };
    let state = || {
        events().into_iter().find_map(|event| match event {
            EventKind::Sensor(report) if report.name == "module_read" => Some(report),
            _ => None,
        })
    };
    assert!(wait_until(|| state().is_some(), PATIENCE), "{}", watch.output());
    let report = state().expect("just seen");
    if report.state != ProbeState::Active {
        return may_skip(module_path!(), format!("module_read is not active: {}", report.reason), false);
    }

    let container = id("overlay");
    // Of the library nothing is on the command line that could be opened: only its read leads to it.
    let preload = format!("--preload=library={LIBRARY}");
    engine.run(&container, &[], &[&preload, GUEST, "300"]);
    let modules = || -> Vec<ModuleFile> {
        let of_container = events().into_iter().rev().find_map(|event| match event {
            EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => {
                (workload.container.id.as_ref() == Some(&container)).then_some(workload.modules)
            }
            _ => None,
        });
        of_container.unwrap_or_default()
    };
    let found = wait_until(|| modules().len() == 2 && modules().iter().all(|m| m.sha256.is_some()), PATIENCE);
    assert!(found, "{:?}\n{}", modules(), watch.output());
    let mut modules = modules();
    modules.sort_by(|a, b| a.path.cmp(&b.path));
    let library = Sha256::of(&wat::parse_str(LIBRARY_TEXT).expect("correct text"));
    for (module, (path, sha256)) in modules.iter().zip([(GUEST, hash_of(&guest("spin"))), (LIBRARY, library)])
    {
        assert_eq!((module.path.as_deref(), module.sha256), (Some(path), Some(sha256)));
    }

    engine.ctr(["tasks", "kill", "--signal", "KILL", &container]);
    let killed =
        |event: &EventKind| matches!(event, EventKind::Exited { how: Exit::Signal { signal: 9, .. }, .. });
    assert!(wait_until(|| events().iter().any(killed), PATIENCE), "{}", watch.output());
}
