//! Hooks and kernel meet: `run --agent` tells a running `watch --hooks`, which joins both to one workload; and what becomes of
//! sockets and peers that are not what they should be.

#[path = "common/kit.rs"]
mod kit;

use kit::{PATIENCE, Started, named, run, shell_line, wasmscope};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
};
use tempfile::TempDir;
use wasmscope_testkit::{guest, require_root, wait_until};

fn option(name: &str, socket: &Path) -> String {
    format!("{name}={}", socket.display())
}

/// `wasmscope run --agent=SOCKET OPTIONS GUEST ARGUMENTS` as a line of shell.
fn hooked(socket: &Path, options: &[&str], module: &Path, args: &[&str]) -> String {
    let agent = option("--agent", socket);
    let module = module.to_str().unwrap();
    let all = ["run", &agent].into_iter().chain(options.iter().copied()).chain([module]);
    shell_line(&wasmscope(all.chain(args.iter().copied())))
}

fn calls<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    named(events, "boundary.call").into_iter().filter(|e| e["wasi.call.name"] == name).collect()
}

#[test]
fn what_hooks_and_kernel_tell_is_of_one_workload_and_replays() {
    require_root!();
    let (folder, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (socket, recording) = (folder.path().join("sockets/hooks"), folder.path().join("recording"));
    let directory = format!("{}::.", files.path().display());
    let line = hooked(&socket, &["--dir", &directory], &guest("busy-files"), &["1", "pause", "300"]);
    let script = format!("exec >/dev/null 2>&1; cd {}; {line}", files.path().display());
    let hooks = option("--hooks", &socket);
    let live =
        run(wasmscope(["record", recording.to_str().unwrap(), "--json", &hooks, "--", "sh", "-c", &script]));
    assert_eq!((live.status, live.stderr.as_str()), (0, ""), "{live:?}");
    let events = live.events();

    let started = named(&events, "workload.started");
    assert_eq!(started.len(), 1, "{events:#?}");
    let id = &started[0]["workload.id"];
    let boundary: Vec<_> =
        events.iter().filter(|e| e["event.name"].as_str().unwrap().starts_with("boundary.")).collect();
    assert!(
        boundary.iter().all(|e| e["workload.id"] == *id && e["process.pid"] == started[0]["process.pid"])
    );
    for name in ["boundary.instance.started", "boundary.run", "boundary.grown", "boundary.instance.ended"] {
        assert!(boundary.iter().any(|e| e["event.name"] == name), "no {name}: {boundary:#?}");
    }
    assert!(calls(&events, "fd_write").is_empty(), "frequent calls are not sent");
    let ended = named(&events, "boundary.instance.ended")[0];
    assert!(ended["functions"]["wasi_snapshot_preview1#fd_write"]["calls"].as_u64().unwrap() > 0, "{ended}");

    // The kernel's event lies within the host call that led to it, on its thread.
    let opened = named(&events, "workload.file.opened");
    let opened: Vec<_> = opened
        .iter()
        .filter(|e| e["file.path.requested"] == "busy-input.txt" && e["workload.id"] == *id)
        .collect();
    assert!(!opened.is_empty(), "{events:#?}");
    let explained = |kernel: &Value| {
        calls(&events, "path_open").iter().any(|call| {
            let (from, at) =
                (call["time.monotonic_ns"].as_u64().unwrap(), kernel["time.monotonic_ns"].as_u64().unwrap());
            call["wasi.call.arguments"]["path"] == kernel["file.path.requested"]
                && (from..=from + call["wasi.call.duration_ns"].as_u64().unwrap()).contains(&at)
        })
    };
    assert!(opened.iter().all(|e| explained(e)), "{opened:#?} {:#?}", calls(&events, "path_open"));

    let again = run(wasmscope(["replay", "--json", recording.to_str().unwrap()]));
    assert_eq!((again.status, again.stderr.as_str()), (0, ""));
    assert!(again.stdout == live.stdout, "recorded:\n{}\nreplayed:\n{}", live.stdout, again.stdout);
    assert!(!socket.exists(), "the socket goes with the agent");
}

#[test]
fn what_no_host_call_explains_is_told_and_detected() {
    require_root!();
    let (folder, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (socket, recording) = (folder.path().join("hooks"), folder.path().join("recording"));
    let host = wasmscope_testkit::wasmscope().with_file_name("examples").join("unhooked");
    assert!(host.is_file(), "cargo build --examples -p wasmscope-sensor-wasmtime");
    let script = format!(
        "exec >/dev/null 2>&1; cd {}; {} {}",
        files.path().display(),
        host.display(),
        socket.display()
    );
    let hooks = option("--hooks", &socket);
    let live =
        run(wasmscope(["record", recording.to_str().unwrap(), "--json", &hooks, "--", "sh", "-c", &script]));
    assert_eq!((live.status, live.stderr.as_str()), (0, ""), "{live:?}");
    let events = live.events();
    let made = |name: &str| {
        let created = named(&events, "workload.file.created").into_iter();
        created.filter(|e| e["file.path.requested"] == name && e["wasm.stack"].is_array()).count()
    };
    assert!(made("explained") > 0 && made("unexplained") > 0, "{events:#?}");
    let acts = named(&events, "boundary.unexplained");
    let [act] = acts.as_slice() else { panic!("{acts:#?} of {events:#?}") };
    assert_eq!((&act["act.target"], &act["act.unexplained"]), (&json!("unexplained"), &json!("outside")));
    assert_eq!(act["wasm.stack"][0]["wasm.function.name"], "outside", "{act}");
    let detected: Vec<_> = named(&events, "workload.detected")
        .into_iter()
        .filter(|e| e["security_rule.name"] == "unexplained-act")
        .collect();
    assert_eq!(detected.len(), 1, "{events:#?}");
    assert_eq!(detected[0]["workload.id"], act["workload.id"]);

    let again = run(wasmscope(["replay", "--json", recording.to_str().unwrap()]));
    assert_eq!(again.status, 0);
    assert!(again.stdout == live.stdout, "recorded:\n{}\nreplayed:\n{}", live.stdout, again.stdout);
}

#[test]
fn a_refused_call_is_told_with_its_rule() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let (socket, policy) = (folder.path().join("hooks"), folder.path().join("policy.toml"));
    fs::write(
        &policy,
        "version = 1\n[default]\ncapabilities = [\"stdio\", \"arguments\", \"clock\", \"exit\"]\n",
    )
    .unwrap();
    let line = hooked(
        &socket,
        &["--policy", policy.to_str().unwrap()],
        &guest("busy-files"),
        &["1", "pause", "300"],
    );
    let watch = run(wasmscope([
        "watch",
        "--json",
        &option("--hooks", &socket),
        "--",
        "sh",
        "-c",
        &format!("exec >/dev/null 2>&1; {line}"),
    ]));
    let events = watch.events();
    let denied: Vec<_> =
        named(&events, "boundary.call").into_iter().filter(|e| e["policy.rule"].is_string()).collect();
    assert!(!denied.is_empty(), "{events:#?} {}", watch.stderr);
    assert!(denied.iter().all(|e| e["workload.id"].is_string()), "{denied:#?}");
}

/// A running agent that watches only a process of its own.
fn agent(socket: &Path) -> Started {
    let hooks = option("--hooks", socket);
    let agent = Started::spawn(wasmscope(["watch", "--json", &hooks, "--", "sleep", "60"]));
    agent.wait_ready();
    agent
}

fn lost(events: &[Value], stage: &str) -> u64 {
    let of = |e: &&Value| e["loss.family"] == "hook" && e["loss.stage"] == stage;
    named(events, "sensor.lost").into_iter().filter(of).map(|e| e["loss.count"].as_u64().unwrap()).sum()
}

#[test]
fn a_peer_that_is_no_workload_is_counted_and_joined_to_nobody() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("hooks");
    let agent = agent(&socket);
    let forged = json!({
        "time.monotonic_ns": u64::MAX, "event.name": "boundary.instance.started", "workload.id": "0000000000000001",
        "process.pid": 1, "wasm.instance.id": 1, "wasm.instance.name": "\u{1b}[2J",
    });
    let mut stranger = UnixStream::connect(&socket).unwrap();
    stranger.write_all(b"\0garbage\n{}\n").unwrap();
    stranger.write_all(format!("{forged}\n").as_bytes()).unwrap();
    let own = json!({"event.name": "sensor.lost", "time.monotonic_ns": 1, "loss.family": "event", "loss.stage": "output", "loss.count": 7});
    stranger.write_all(format!("{own}\n").as_bytes()).unwrap();
    // A line without an end: the agent turns away, and goes on with the others.
    let mut endless = UnixStream::connect(&socket).unwrap();
    endless.set_write_timeout(Some(PATIENCE)).unwrap();
    let refused = wait_until(|| endless.write_all(&[b'x'; 64 * 1024]).is_err(), PATIENCE);
    assert!(refused, "it is read without end");
    let events = agent.wait_for("loss", |events| {
        lost(events, "decode_error") >= 3 && lost(events, "unclaimed") >= 1 && lost(events, "sender") >= 7
    });
    assert_eq!(
        (lost(&events, "decode_error"), lost(&events, "unclaimed"), lost(&events, "sender")),
        (3, 1, 7)
    );
    assert!(
        events.iter().all(|e| !e["event.name"].as_str().unwrap().starts_with("boundary.")),
        "{events:#?}"
    );
    assert!(agent.stop().peak_bytes < 64 << 20);
}

#[test]
fn a_peer_that_writes_without_end_hinders_nobody() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("hooks");
    let hooks = option("--hooks", &socket);
    let script = format!(
        "exec >/dev/null 2>&1; until [ -e {0}/go ]; do sleep 0.05; done; {1}",
        folder.path().display(),
        hooked(&socket, &[], &guest("grow"), &["3"])
    );
    let agent = Started::spawn(wasmscope(["watch", "--json", &hooks, "--", "sh", "-c", &script]));
    agent.wait_ready();
    let flood = {
        let mut flooding = UnixStream::connect(&socket).unwrap();
        flooding.set_write_timeout(Some(PATIENCE)).unwrap();
        let lines = "{\"event.name\":\"nothing\"}\n".repeat(4096);
        std::thread::spawn(move || {
            let mut written = 0;
            while flooding.write_all(lines.as_bytes()).is_ok() {
                written += 1;
            }
            written
        })
    };
    fs::write(folder.path().join("go"), "").unwrap();
    let done = agent.finish();
    let events = done.events();
    assert!(!named(&events, "boundary.instance.ended").is_empty(), "{events:#?}");
    assert!(lost(&events, "decode_error") > 0);
    assert!(done.peak_bytes < 64 << 20, "{done:?}");
    assert!(flood.join().unwrap() > 0);
}

#[test]
fn a_guest_never_waits_for_an_agent() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("hooks");
    let missing = run(wasmscope(["run", &option("--agent", &socket), guest("grow").to_str().unwrap(), "3"]));
    missing.assert_failed(2, &["no agent at", "watch --hooks"]);

    // One that takes nothing, and one that goes away.
    let listener = UnixListener::bind(&socket).unwrap();
    let module = guest("busy-files");
    let start = || {
        let files = TempDir::new().unwrap();
        let directory = format!("{}::.", files.path().display());
        let agent = option("--agent", &socket);
        // Some 20 events in each round: far more than a socket holds.
        let running =
            Started::spawn(wasmscope(["run", &agent, "--dir", &directory, module.to_str().unwrap(), "300"]));
        (running, files)
    };
    let deaf = start();
    let accepted = listener.accept().unwrap();
    let gone = start();
    drop(listener.accept().unwrap());
    for (running, _files) in [gone, deaf] {
        let done = running.finish();
        assert_eq!(done.status, 0, "the guest ends as it would: {done:?}");
        assert!(done.stderr.contains("could not be written"), "{done:?}");
    }
    drop(accepted);
}

#[test]
fn a_socket_that_cannot_be_had_is_one_clear_error() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let watch = |socket: &Path| run(wasmscope(["watch", &option("--hooks", socket), "--", "true"]));
    let file = folder.path().join("file");
    fs::write(&file, "kept").unwrap();
    watch(&file).assert_failed(2, &["is no socket", "file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    let used = folder.path().join("used");
    let listener = UnixListener::bind(&used).unwrap();
    watch(&used).assert_failed(2, &["another agent listens", "used"]);
    drop(listener);
    assert_eq!(watch(&used).status, 0, "one that was left behind is replaced");
    watch(&folder.path().join("a/b/c")).assert_failed(2, &["cannot listen", "a/b/c"]);
}
