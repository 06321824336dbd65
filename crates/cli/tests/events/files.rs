//! Files: each step of the guest `busy-files`, and what a host opens by absolute paths.

use crate::{
    acting::{act, act_in, acts, assert_chain, functions, only, untrusted, watch},
    kit::named,
};
use serde_json::{Value, json};
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes};

/// What one step of `busy-files` must look like.
struct Step {
    event: &'static str,
    call: &'static str,
    requested: &'static str,
    /// Below the guest's directory.
    resolved: Option<&'static str>,
    target: Option<&'static str>,
    flags: &'static [&'static str],
    error: Option<&'static str>,
    function: &'static str,
}

const fn step(
    event: &'static str,
    call: &'static str,
    requested: &'static str,
    function: &'static str,
) -> Step {
    Step { event, call, requested, resolved: None, target: None, flags: &[], error: None, function }
}

const fn open(
    event: &'static str,
    requested: &'static str,
    resolved: &'static str,
    flags: &'static [&'static str],
    function: &'static str,
) -> Step {
    Step { resolved: Some(resolved), flags, ..step(event, "openat2", requested, function) }
}

const fn refused(requested: &'static str, error: &'static str, function: &'static str) -> Step {
    Step { error: Some(error), flags: &["read"], ..step("opened", "openat2", requested, function) }
}

const INPUT: &str = "busy-input.txt";
const CREATED: &str = "busy-created.txt";
const RENAMED: &str = "busy-renamed.txt";
const HARD_LINK: &str = "busy-hard-link.txt";
const SYMLINK: &str = "busy-symlink.txt";
const DIRECTORY: &str = "busy-directory";

const STEPS: &[Step] = &[
    open("opened", INPUT, INPUT, &["read"], "read_existing"),
    open("created", CREATED, CREATED, &["write", "create", "exclusive"], "create_files"),
    open("opened", CREATED, CREATED, &["read"], "read_back"),
    // Wasmtime opens a file by O_PATH to look at it, twice.
    open("opened", CREATED, CREATED, &["path"], "look_at_file"),
    open("opened", CREATED, CREATED, &["path"], "look_at_file"),
    Step { target: Some(RENAMED), ..step("renamed", "renameat", CREATED, "rename_and_link") },
    Step { target: Some(HARD_LINK), ..step("linked", "linkat", RENAMED, "rename_and_link") },
    Step { target: Some(SYMLINK), ..step("linked", "symlinkat", RENAMED, "rename_and_link") },
    open("opened", SYMLINK, RENAMED, &["read"], "rename_and_link"),
    step("created", "mkdirat", DIRECTORY, "use_directory"),
    open("opened", DIRECTORY, DIRECTORY, &["read"], "use_directory"),
    step("removed", "unlinkat", DIRECTORY, "use_directory"),
    step("removed", "unlinkat", SYMLINK, "remove_files"),
    step("removed", "unlinkat", HARD_LINK, "remove_files"),
    step("removed", "unlinkat", RENAMED, "remove_files"),
    refused("busy-missing.txt", "ENOENT", "open_missing"),
    refused("../../etc/passwd", "EXDEV", "open_outside"),
];

fn check(event: &Value, step: &Step, folder: &str) {
    assert_eq!(event["event.name"], format!("workload.file.{}", step.event), "{event:#}");
    assert_eq!(
        (&event["syscall.name"], &event["file.path.requested"]),
        (&step.call.into(), &step.requested.into())
    );
    assert_eq!(event.get("error.type"), step.error.map(Value::from).as_ref(), "{event:#}");
    assert_eq!(event.get("syscall.result").is_some(), step.error.is_none(), "{event:#}");
    let below = |name: &str| Value::from(format!("{folder}/{name}"));
    assert_eq!(event.get("file.path"), step.resolved.map(below).as_ref(), "{event:#}");
    // The preopened directory is where relative paths start; of an opened file the path says it all.
    let relative = step.resolved.is_none() && step.call != "symlinkat";
    assert_eq!(event.get("file.directory"), relative.then(|| folder.into()).as_ref(), "{event:#}");
    assert_eq!(event.get("file.target_path"), step.target.map(Value::from).as_ref(), "{event:#}");
    let opens = step.call == "openat2";
    assert_eq!(event.get("file.open.flags"), opens.then(|| json!(step.flags)).as_ref(), "{event:#}");
    assert_eq!(event.get("file.open.confined"), opens.then(|| true.into()).as_ref(), "{event:#}");
    assert_eq!(event.get("file.beneath"), step.resolved.map(|_| true.into()).as_ref(), "{event:#}");
    assert_eq!(event.get("file.system"), None, "{event:#}");
    let mut read = vec!["file.path.requested"];
    read.extend(step.target.map(|_| "file.target_path"));
    read.extend(opens.then_some(["file.open.flags", "file.open.confined"]).into_iter().flatten());
    assert_eq!(untrusted(event), read, "{event:#}");
    assert_chain(event, &[step.function, "work", "main", "_start"]);
    let at = functions(event).iter().position(|name| *name == step.function);
    assert!(
        functions(event)[..at.unwrap()].iter().all(|inner| !["work", "main"].contains(inner)),
        "{event:#}"
    );
}

#[test]
fn each_step_of_a_guest_is_told_once_with_path_and_functions() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    std::fs::write(folder.join(INPUT), "input").unwrap();
    let wasmtime = wasmtime.option("-Ccache=n").dir(&folder);
    // The pause is much longer than recognition takes, on a busy machine too.
    let done = watch(&wasmtime.command(&guest("busy-files"), ["1", "pause", "1000"]));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let events = done.events();
    // Before its pause it looks whether the input is there.
    let of_work = |e: &&Value| functions(e).contains(&"work");
    let told: Vec<_> = acts(&events).filter(of_work).collect();
    // A directory is opened anew, as `.`, each time it is listed.
    let (listings, steps): (Vec<_>, Vec<_>) = told.into_iter().partition(|e| e["file.path.requested"] == ".");
    assert_eq!(steps.len(), STEPS.len(), "{steps:#?}");
    for (event, step) in steps.iter().zip(STEPS) {
        check(event, step, folder.to_str().unwrap());
        assert_eq!(event["process.pid"], event["thread.id"], "the CLI runs its guest on the main thread");
    }
    for event in &listings {
        assert_eq!(event["file.path"], format!("{}/{DIRECTORY}", folder.display()), "{event:#}");
        assert_eq!(event["file.open.flags"], json!(["read", "directory", "no_follow"]), "{event:#}");
        assert_eq!(event["file.beneath"], true, "{event:#}");
    }
    assert!(!listings.is_empty());
    assert!(named(&events, "sensor.lost").is_empty() && named(&events, "workload.throttled").is_empty());
}

#[test]
fn what_a_host_opens_by_absolute_path_is_not_confined() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let events = act(&python, "os.close(os.open('/etc/hostname', os.O_RDONLY | os.O_NOFOLLOW))");
    let event = only(&events, "open", |e| e["file.path.requested"] == "/etc/hostname");
    assert_eq!(
        (&event["event.name"], &event["file.path"]),
        (&"workload.file.opened".into(), &"/etc/hostname".into())
    );
    assert_eq!((&event["file.open.confined"], &event["file.beneath"]), (&false.into(), &false.into()));
    assert_eq!(event["file.open.flags"], json!(["read", "no_follow"]));
    assert_eq!((event.get("file.directory"), untrusted(event)), (None, vec!["file.path.requested"]));
    assert_chain(event, &["misbehave"]);
}

#[test]
fn links_that_lead_elsewhere_are_resolved_by_the_kernel() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("innocent.txt")).unwrap();
    std::fs::create_dir(folder.join("sub")).unwrap();
    let code = "
fd = os.open('sub', os.O_RDONLY | os.O_DIRECTORY)
os.close(os.open('innocent.txt', os.O_RDONLY))
os.close(os.open('../grown.txt', os.O_CREAT | os.O_WRONLY | os.O_APPEND, dir_fd=fd))
os.truncate('grown.txt', 5)
os.mkfifo('sub/fifo')
os.rename('fifo', 'pipe', src_dir_fd=fd)
try: os.rename('absent', '/nonexistent/target')
except OSError: pass
r = os.open('/proc/self/fd/%d' % os.pipe()[0], os.O_RDONLY | os.O_NONBLOCK)
os.open('/proc/self/ns/uts', os.O_RDONLY)
";
    let done = act_in(&python, &folder, code);
    assert_eq!(done.status, 0, "{done:?}");
    let events = done.events();
    let of = |requested: &str| only(&events, requested, |e| e["file.path.requested"] == requested);
    let here = folder.to_str().unwrap();

    let link = of("innocent.txt");
    assert_eq!((&link["file.path"], &link["file.beneath"]), (&"/etc/hostname".into(), &false.into()));
    let escape = of("../grown.txt");
    assert_eq!(escape["event.name"], "workload.file.created");
    assert_eq!(
        (&escape["file.path"], &escape["file.beneath"]),
        (&format!("{here}/grown.txt").into(), &false.into())
    );
    assert_eq!(escape["file.open.flags"], json!(["write", "append", "create"]));
    assert_eq!(of("grown.txt")["event.name"], "workload.file.truncated");
    assert_eq!(of("grown.txt")["file.directory"], here);
    assert_eq!(of("sub/fifo")["event.name"], "workload.file.created");
    let renamed = of("fifo");
    assert_eq!(renamed["file.directory"], format!("{here}/sub"));
    assert_eq!(
        (&renamed["file.target_path"], &renamed["file.target_directory"]),
        (&"pipe".into(), &here.into())
    );
    let failed = of("absent");
    assert_eq!(
        (&failed["error.type"], &failed["file.target_path"]),
        (&"ENOENT".into(), &"/nonexistent/target".into())
    );
    assert_eq!(failed.get("file.target_directory"), None, "it is absolute");
    // Neither a pipe nor a namespace has a path; that they are asked for through /proc shows all the same.
    let namespace = of("/proc/self/ns/uts");
    assert_eq!(
        (namespace.get("file.path"), &namespace["file.system"]),
        (None, &"nsfs".into()),
        "{namespace:#}"
    );
    let pipe = only(&events, "pipe", |e| {
        e["file.path.requested"].as_str().is_some_and(|path| path.starts_with("/proc/self/fd/"))
    });
    assert_eq!(pipe.get("file.path"), None, "{pipe:#}");
}
