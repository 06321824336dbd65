//! wasmscope on another kernel than this one, in a virtual machine. `make test-kernels` brings the kernel.
//!
//! The machine has no disk and no kernel modules: its whole file system is an initial ramdisk with busybox, the
//! `wasmscope` under test, an unmodified Wasmtime and two guests; `kernels/init.sh` is its first program.

use serde::Deserialize;
use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use wasmscope_model::event::Exit;
use wasmscope_model::{
    Event, EventKind, LimitSource, ModuleOrigin, ProbeReport, ProbeState, Sha256, Verdict, Workload,
};
use wasmscope_testkit::{Rootfs, Running, guest, runtimes, wasmscope};

/// Without KVM, whose nested kinds some hosts have but cannot run, all is emulated: some 90 seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// What `module_read` attaches to appeared in this version (mm/filemap.c, `mm_filemap_get_pages`).
const MODULE_READ_SINCE: (u32, u32) = (6, 11);

#[derive(Deserialize)]
struct Doctor {
    usable: bool,
    kernel: String,
    probes: Vec<ProbeReport>,
    kinds: Vec<ProbeReport>,
}

impl Doctor {
    fn probe(&self, name: &str) -> &ProbeReport {
        let all = self.probes.iter().chain(&self.kinds);
        all.into_iter().find(|p| p.name == name).unwrap_or_else(|| panic!("doctor says nothing of {name}"))
    }

    fn has_module_read(&self) -> bool {
        let mut numbers = self.kernel.split(['.', '-']).map_while(|n| n.parse().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= MODULE_READ_SINCE
    }
}

/// What one command of `init.sh` gave.
struct Section {
    status: i32,
    output: String,
    errors: String,
}

#[test]
#[ignore = "needs a kernel to boot: make test-kernels"]
fn workloads_are_found_on_an_older_kernel() {
    let kernel =
        std::env::var_os("WASMSCOPE_KERNEL").expect("WASMSCOPE_KERNEL names a vmlinuz: make test-kernels");
    let folder = tempfile::tempdir().expect("a folder for the machine");
    let (root, ramdisk) = (Rootfs::new(folder.path().join("root")), folder.path().join("ramdisk"));
    fill(&root);
    pack(root.path(), &ramdisk);
    let start = Instant::now();
    let sections = boot(Path::new(&kernel), &ramdisk, folder.path());
    println!("the machine ran for {:.0} s", start.elapsed().as_secs_f64());

    let doctor: Doctor = json(&sections, "doctor");
    for report in doctor.probes.iter().chain(&doctor.kinds) {
        println!("{} {:20} {:?} {}", doctor.kernel, report.name, report.state, report.reason);
    }
    check_doctor(&doctor, sections["doctor"].status);

    let spin = guest("spin");
    let [workload] = &json::<Vec<Workload>>(&sections, "ps")[..] else {
        panic!("ps: {}", sections["ps"].output)
    };
    check_workload(workload, &spin);
    check_functions(&sections["inspect"]);
    check_spin(&events(&sections, "watch"), &spin, &doctor);
    assert_eq!(sections["watch"].status, 0, "{}", sections["watch"].errors);
    check_growth(&events(&sections, "grow"));
}

fn fill(root: &Rootfs) {
    root.copy(Path::new("/bin/busybox"), "/bin/busybox");
    root.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/init.sh"), "/init");
    // Not every way of copying a checkout keeps the run bit.
    let may_run = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(root.place("/init"), may_run).expect("our own file");
    // The dynamic programs as they are everywhere else, not static ones built only for this.
    root.program(&wasmscope(), "/bin/wasmscope");
    root.program(runtimes::wasmtime().expect("make test-kernels installs it").program(), "/bin/wasmtime");
    for name in ["spin", "grow"] {
        root.copy(&guest(name), format!("/guests/{name}.wasm"));
    }
    // Half of a debug build, which nothing in the machine reads.
    run(Command::new("strip").arg("--strip-debug").arg(root.place("/bin/wasmscope")));
}

fn pack(root: &Path, ramdisk: &Path) {
    let script = "find . | cpio --create --format=newc --quiet > \"$0\"";
    run(Command::new("sh").args(["-c", script]).arg(ramdisk).current_dir(root));
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
    assert!(status.success(), "{command:?} ended with {status}");
}

fn boot(kernel: &Path, ramdisk: &Path, folder: &Path) -> HashMap<String, Section> {
    let serial = |name: &str| -> (PathBuf, OsString) {
        let path = folder.join(name);
        let mut option = OsString::from("file:");
        option.push(&path);
        (path, option)
    };
    let ((console, to_console), (results, to_results)) = (serial("console"), serial("results"));
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048", "-no-reboot"]);
    qemu.args(["-display", "none", "-monitor", "none", "-nic", "none", "-serial"]).arg(to_console);
    qemu.arg("-serial").arg(to_results).arg("-kernel").arg(kernel).arg("-initrd").arg(ramdisk);
    // The BPF security module is built in but not in every distribution's default list.
    qemu.args(["-append", "console=ttyS0 quiet panic=-1 lsm=landlock,yama,apparmor,bpf"]);
    let mut machine = Running::spawn(qemu);
    let ended = machine.wait(PATIENCE);
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let results = read(&results);
    let sections = sections(&results);
    assert!(
        ended.is_some_and(|status| status.success()) && sections.contains_key("end"),
        "the machine ended with {ended:?}\n{}\n{results}\n{}",
        machine.output(),
        read(&console)
    );
    sections
}

fn sections(text: &str) -> HashMap<String, Section> {
    let mut found = HashMap::new();
    for part in text.split("\n===\n") {
        let Some((head, body)) = part.trim_start().split_once('\n').or(Some((part.trim(), ""))) else {
            continue;
        };
        let mut words = head.split_whitespace().skip_while(|word| *word == "===");
        let (Some(name), Some(Ok(status))) = (words.next(), words.next().map(str::parse)) else { continue };
        let (output, errors) = body.split_once("--- standard error").unwrap_or((body, ""));
        found.insert(
            name.to_owned(),
            Section { status, output: output.to_owned(), errors: errors.to_owned() },
        );
    }
    found
}

#[test]
fn results_are_read_as_the_machine_writes_them() {
    let found = sections(
        "=== a 0\n{}\n--- standard error\n===\n=== b 3\n--- standard error\nno\n===\n=== end 0\n===\n",
    );
    let part = |name: &str| (found[name].status, found[name].output.as_str(), found[name].errors.trim());
    assert_eq!(part("a"), (0, "{}\n", ""));
    assert_eq!(part("b"), (3, "", "no"));
    assert_eq!(part("end"), (0, "", ""));
}

fn json<T: for<'a> Deserialize<'a>>(sections: &HashMap<String, Section>, name: &str) -> T {
    let section = &sections[name];
    serde_json::from_str(&section.output)
        .unwrap_or_else(|error| panic!("{name}: {error}\n{}\n{}", section.output, section.errors))
}

fn events(sections: &HashMap<String, Section>, name: &str) -> Vec<EventKind> {
    let section = &sections[name];
    let lines = section.output.lines().map(|line| {
        let event: Event =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        event.kind
    });
    lines.collect()
}

fn check_doctor(doctor: &Doctor, status: i32) {
    assert!(doctor.usable);
    assert_eq!(status, 0);
    for name in [
        "lifecycle",
        "reservation",
        "calls",
        "traps",
        "task_vma",
        "task_usage",
        "cpu_sample",
        "process_memory",
    ] {
        let report = doctor.probe(name);
        assert_eq!(report.state, ProbeState::Active, "{report:?}");
    }
    let module_read = doctor.probe("module_read");
    if doctor.has_module_read() {
        assert_eq!(module_read.state, ProbeState::Active, "{module_read:?}");
    } else {
        assert_eq!(module_read.state, ProbeState::Degraded, "{module_read:?}");
        assert!(module_read.reason.contains("mm_filemap_get_pages"), "{module_read:?}");
        assert!(!module_read.visibility.is_empty() && !module_read.remedy.is_empty(), "{module_read:?}");
    }
    for report in &doctor.kinds {
        assert_eq!(report.state, ProbeState::Active, "{report:?}");
    }
}

fn check_workload(workload: &Workload, module: &Path) {
    let sha256 = Sha256::of(&std::fs::read(module).expect("the guest is there"));
    let found = &workload.recognition;
    assert_eq!((found.verdict, found.runtime.as_deref()), (Verdict::Workload, Some("wasmtime")), "{found:?}");
    assert!(found.version.as_ref().is_some_and(|v| v.split('.').count() == 3), "{found:?}");
    assert_eq!(workload.executable.as_deref(), Some("/bin/wasmtime"));
    let [file] = &workload.modules[..] else { panic!("{:?}", workload.modules) };
    assert_eq!(file.path.as_deref(), Some("/guests/spin.wasm"));
    assert_eq!((file.sha256, file.origin), (Some(sha256), ModuleOrigin::CodeImage));
    assert!(workload.functions() >= 4, "{:?}", workload.images);
    let sizes: Vec<_> = workload.memories.iter().map(|m| m.size_bytes).collect();
    assert_eq!(sizes, [65_536]);
    assert_eq!(workload.container, wasmscope_model::Container::default());
}

fn check_functions(inspect: &Section) {
    let page: serde_json::Value = serde_json::from_str(&inspect.output).expect("inspect prints JSON");
    let functions = page["wasm.functions"][0]["functions"].as_array().expect("functions of the first image");
    for name in ["_start", "run", "inner"] {
        assert!(functions.iter().any(|f| f["wasm.function.name"] == name), "no {name} in {functions:?}");
    }
}

fn check_spin(events: &[EventKind], module: &Path, doctor: &Doctor) {
    let refused: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            EventKind::Sensor(report) if report.state != ProbeState::Active => Some(report.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(refused, if doctor.has_module_read() { vec![] } else { vec!["module_read"] });
    let last = events.iter().rev().find_map(|event| match event {
        EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => Some(workload),
        _ => None,
    });
    check_workload(last.expect("it was found"), module);
    let delay = events.iter().find_map(|event| match event {
        EventKind::Started { found_running: false, delay_ms, .. } => *delay_ms,
        _ => None,
    });
    println!(
        "known after {:.0} ms, emulated",
        delay.expect("it was found by its reservation, not by a sweep")
    );
    assert!(ended_with(events, 0), "{events:?}");
}

fn check_growth(events: &[EventKind]) {
    let grown: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            EventKind::Grown { memory, .. } => Some((memory.size_bytes, memory.limit_source)),
            _ => None,
        })
        .collect();
    assert_eq!(grown.last(), Some(&(64 * 65_536, Some(LimitSource::Module))), "{grown:?}");
    // One every 100 ms: a sweep would miss most.
    assert!(grown.len() > 32, "{grown:?}");
    assert!(ended_with(events, 0), "{events:?}");
}

fn ended_with(events: &[EventKind], status: u8) -> bool {
    events
        .iter()
        .any(|event| matches!(event, EventKind::Exited { how: Exit::Code { code }, .. } if *code == status))
}
