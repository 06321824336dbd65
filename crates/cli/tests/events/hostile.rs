//! Names and numbers that are meant to break the output, or the agent.

use crate::{
    acting::{act_in, acts, cue, python_line, wait_text},
    kit::{Started, named, wasmscope},
};
use serde_json::Value;
use std::time::Duration;
use wasmscope_testkit::{require_root, require_runtime, runtimes};

/// Names of files, as Python bytes; all can be made on ordinary file systems.
const NAMES: &str = r#"
NAMES = [
    b'\x1b[2J\x1b]0;title\x07\x1b[31mred',
    b'line\n{"event.name":"workload.exited","process.pid":1}\r\n',
    b'\xff\xfe\xc3(invalid',
    'right\u202eto\u2066left\u200b'.encode(),
    b'"quotes\\and\'all$(id)`',
    b'x' * 255,
]
for name in NAMES:
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    os.rename(name, b'other')
    os.unlink(b'other')
for length in (4094, 4095, 4096, 9000):
    try: os.open((b'/y' * 5000)[:length], os.O_RDONLY)
    except OSError: pass
deep = []
for n in range(80): os.mkdir('d' * 20); os.chdir('d' * 20)
os.close(os.open('leaf', os.O_CREAT | os.O_WRONLY))
"#;

#[test]
fn hostile_paths_stay_values_in_json() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let folder = tempfile::tempdir().unwrap();
    // Every line parses, or `events` panics.
    let done = act_in(&python, folder.path(), NAMES);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let events = done.events();
    let created = named(&events, "workload.file.created");
    let names: Vec<_> = created.iter().filter_map(|e| e["file.path.requested"].as_str()).collect();
    assert_eq!(
        names[..6],
        [
            "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31mred",
            "line\n{\"event.name\":\"workload.exited\",\"process.pid\":1}\r\n",
            "\u{fffd}\u{fffd}\u{fffd}(invalid",
            "right\u{202e}to\u{2066}left\u{200b}",
            "\"quotes\\and'all$(id)`",
            &"x".repeat(255),
        ]
    );
    for event in &created[..6] {
        let path = event["file.path"].as_str().unwrap();
        assert!(
            path.ends_with(event["file.path.requested"].as_str().unwrap()),
            "the kernel says the same: {event:#}"
        );
    }
    let exits = named(&events, "workload.exited");
    assert!(exits.len() == 1 && exits[0]["process.pid"] != 1, "forged: {exits:#?}");
    // What is longer than a path can be is cut, and marked.
    let long: Vec<_> = acts(&events)
        .filter(|e| e["file.path.requested"].as_str().is_some_and(|p| p.starts_with("/y/y")))
        .collect();
    let shapes = long.iter().map(|e| {
        let text = e["file.path.requested"].as_str().unwrap();
        (text.chars().count(), text.ends_with('…'), e["error.type"].as_str().unwrap())
    });
    let cut = (4096, true, "ENAMETOOLONG"); // 4095 bytes, and the mark
    // One that just fits looks like one that was cut: the mark is there rather than not.
    assert_eq!(shapes.collect::<Vec<_>>(), [(4094, false, "ENOENT"), (4096, true, "ENOENT"), cut, cut]);
    // Deeper than the walk goes: the start is missing, and that is marked.
    let leaf = created.last().unwrap();
    assert_eq!(leaf["file.path.requested"], "leaf");
    let path = leaf["file.path"].as_str().unwrap();
    assert!(path.starts_with("…/dddd") && path.ends_with("d/leaf"), "{path}");
}

#[test]
fn hostile_paths_do_not_reach_the_terminal() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let line = python_line(&python, folder.path(), NAMES);
    let watch =
        Started::spawn(wasmscope(["watch", "--", "sh", "-c", &format!("exec >/dev/null 2>&1; {line}")]));
    wait_text(&watch, " started ");
    std::thread::sleep(Duration::from_millis(400));
    std::fs::write(folder.path().join("cue"), "").unwrap();
    let done = watch.finish();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(!done.stdout.chars().any(|c| c.is_control() && c != '\n'), "{:?}", done.stdout);
    assert!(!done.stdout.contains(['\u{202e}', '\u{2066}', '\u{200b}']), "{:?}", done.stdout);
    assert!(done.stdout.contains(r"\u{1b}[2J"), "{}", done.stdout);
    for line in done.stdout.lines() {
        // A time of day, then one of our words.
        let begins_as_ours = line.get(2..3) == Some(":") && line.get(12..13) == Some(" ");
        assert!(begins_as_ours, "{line:?} is no line of ours in {}", done.stdout);
        assert!(line.chars().count() < 6000, "{}", line.len());
    }
}

/// As many threads as can be had, all there at once; each opens a file. Writes their number to `count`.
const THREADS: &str = "
threading.stack_size(65536)
gate, done = threading.Event(), threading.Event()
def work():
    gate.wait()
    os.close(os.open('/etc/hostname', os.O_RDONLY))
threads = []
try:
    while len(threads) < 10000:
        thread = threading.Thread(target=work)
        thread.start()
        threads.append(thread)
except RuntimeError: pass
gate.set()
for thread in threads: thread.join()
with open('count', 'w') as file: file.write(str(len(threads)))
";

#[test]
fn ten_thousand_threads_that_act_are_followed() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let done = act_in(&python, folder.path(), THREADS);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(done.peak_bytes < 64 << 20, "{} bytes", done.peak_bytes);
    let threads: u64 = std::fs::read_to_string(folder.path().join("count")).unwrap().parse().unwrap();
    eprintln!("{threads} threads");
    assert!(threads >= 500, "this host allows {threads} threads only");
    let events = done.events();
    let opened: Vec<_> = events.iter().filter(|e| e["file.path.requested"] == "/etc/hostname").collect();
    let withheld: u64 =
        named(&events, "workload.throttled").iter().filter_map(|e| e["throttled.count"].as_u64()).sum();
    // Hints of memory that may have grown are lost, for each thread has a stack, but nothing else.
    for lost in named(&events, "sensor.lost") {
        assert!(lost["loss.family"] == "hint" || lost["loss.stage"] == "throttled", "{lost:#}");
    }
    // The file `count` itself is an open more.
    let all = opened.len() as u64 + withheld;
    assert!((threads..=threads + 1).contains(&all), "{} told, {withheld} withheld", opened.len());
    let tids: std::collections::HashSet<_> = opened.iter().map(|e| e["thread.id"].as_u64()).collect();
    assert_eq!(tids.len(), opened.len(), "each by another thread");
    assert!(opened.iter().all(|e| e["wasm.stack.missing"].is_string()), "no thread of these is in a guest");
    assert_eq!(named(&events, "workload.exited").len(), 1);
}

#[test]
fn wall_time_and_order_are_told_apart() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let watch = Started::spawn(crate::kit::watch_script(&python_line(
        &python,
        folder.path(),
        "for n in range(50): os.close(os.open('/etc/hostname', os.O_RDONLY)); time.sleep(0.01)",
    )));
    cue(&watch, folder.path());
    let events = watch.finish().events();
    let times: Vec<_> = events
        .iter()
        .filter(|e| e["file.path"] == "/etc/hostname")
        .map(|e| e["time.monotonic_ns"].as_u64().unwrap())
        .collect();
    assert!(times.len() == 50 && times.is_sorted(), "one thread's acts come in their order: {times:?}");
    // Within a batch, wall time and monotonic time have one distance.
    let walls: Vec<_> = events
        .iter()
        .filter(|e| e["file.path"] == "/etc/hostname")
        .map(|e: &Value| e["time"].as_str().unwrap().to_owned())
        .collect();
    assert!(walls.is_sorted(), "the clock did not step: {walls:?}");
}
