//! A workload that does too much: what is withheld is counted, and costs others nothing.

use crate::{
    acting::{acts, check_attribution, functions, wait_known},
    kit::{Started, named, shell_line, watch_script},
};
use serde_json::Value;
use std::fs::File;
use wasmscope_testkit::{Runtime, guest, require_root, require_runtime, runtimes};

/// Opens; a million takes a guest more than ten seconds under a debug build.
const OPENS: u64 = 300_000;

/// The guest `opens`, waiting before its first open until the returned FIFO is opened for reading.
fn gated(wasmtime: &Runtime, folder: &std::path::Path) -> String {
    let fifo = folder.join("wasmscope-opens.txt");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let wasmtime = wasmtime.clone().option("-Ccache=n").dir(folder);
    shell_line(&wasmtime.command(&guest("opens"), [OPENS.to_string().as_str(), "keep"]))
}

#[test]
fn a_flood_is_counted_exactly_and_displaces_nobody() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let [flooded, quiet] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    std::fs::write(quiet.path().join("busy-input.txt"), "input").unwrap();
    let flood = gated(&wasmtime, flooded.path());
    let busy = wasmtime.clone().option("-Ccache=n").dir(quiet.path());
    let rounds = 20;
    let busy = shell_line(&busy.command(&guest("busy-files"), [&rounds.to_string(), "pause", "100"]));
    let watch = Started::spawn(watch_script(&format!("{flood} & sleep 1; {busy} & wait")));
    wait_known(&watch);
    // With a reader that stays, no open of it waits any more.
    let _gate =
        File::options().read(true).write(true).open(flooded.path().join("wasmscope-opens.txt")).unwrap();
    let done = watch.finish();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert!(done.peak_bytes < 64 << 20, "{} bytes", done.peak_bytes);
    let events = done.events();
    check_attribution(&events);
    let throttled = named(&events, "workload.throttled");
    let id = &throttled[0]["workload.id"];
    assert!(throttled.iter().all(|e| e["workload.id"] == *id), "only the flood: {throttled:#?}");
    assert!(throttled.iter().all(|e| e["throttled.budget"] == "common"), "{throttled:#?}");
    assert_eq!(throttled[0].get("throttled.count"), None, "its beginning is told at once");
    let withheld: u64 = throttled.iter().filter_map(|e| e["throttled.count"].as_u64()).sum();
    let told =
        events.iter().filter(|e| e["workload.id"] == *id && e.get("syscall.name").is_some()).count() as u64;
    // The first open waits for the gate, then come the others. `keep`: nothing is removed.
    assert_eq!(told + withheld, OPENS + 1, "{told} told, {withheld} withheld: {throttled:#?}");
    let told_of_opens = events.iter().filter(|e| functions(e).contains(&"open_and_close")).count() as u64;
    assert!((500..told + 1).contains(&told_of_opens), "{told_of_opens} of {told}");

    // Each round of the other guest is complete, but for those before it was known.
    let last_steps = |e: &&&Value| functions(e).contains(&"open_outside");
    let others: Vec<_> =
        acts(&events).filter(|e| functions(e).contains(&"work") && e["workload.id"] != *id).collect();
    let complete = others.iter().filter(last_steps).count();
    assert!((rounds / 2..=rounds).contains(&complete), "{complete} rounds");
    let first = others.iter().position(|e| functions(e).contains(&"open_outside")).unwrap();
    assert_eq!(others[first + 1..].len() % (complete - 1), 0, "all rounds are alike");
    assert_eq!(others[first + 1..].len() / (complete - 1), 19, "17 steps and two listings, as in files.rs");
}

#[test]
fn rare_calls_have_a_budget_that_a_flood_does_not_use_up() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    // Both in the same second: thousands of opens, then one call that matters.
    let code = "
for n in range(20000): os.close(os.open('/etc/hostname', os.O_RDONLY))
os.memfd_create('after-the-flood')
for n in range(300): os.close(os.memfd_create('rare-flood'))
";
    let events = crate::acting::act(&python, code);
    let memfds: Vec<_> = events.iter().filter(|e| e["syscall.name"] == "memfd_create").collect();
    assert_eq!(memfds[0]["syscall.texts"][0], "after-the-flood", "{:#?}", memfds[0]);
    let counted = |budget: &str| {
        let of_budget =
            named(&events, "workload.throttled").into_iter().filter(move |e| e["throttled.budget"] == budget);
        of_budget.filter_map(|e| e["throttled.count"].as_u64()).sum::<u64>()
    };
    let opened = named(&events, "workload.file.opened").len() as u64;
    assert_eq!(opened + counted("common"), 20_000, "{opened} opens told");
    assert_eq!(memfds.len() as u64 + counted("rare"), 301, "{} told", memfds.len());
    assert!(memfds.len() >= 100 && counted("rare") > 0, "{}", memfds.len());
}
