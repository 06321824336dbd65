//! Workloads that come and go: what they did is told of them, or not at all.

use crate::{
    acting::{acts, check_attribution, functions},
    kit::{named, run, shell_line, watch_script},
};
use std::collections::HashSet;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes};

#[test]
fn acts_of_a_process_that_ended_are_never_those_of_its_successor() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let folder = tempfile::tempdir().unwrap();
    let wasmtime = wasmtime.dir(folder.path());
    let files = shell_line(&wasmtime.command(&guest("busy-files"), ["1"])).replace('\'', "");
    assert!(files.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{files}");
    // Each is over within milliseconds; the next process gets the same id, if the host lets it.
    let script = format!(
        r#"{files} & first=$!; wait $first
        for try in $(seq 10); do
            echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
            {files} & wait $!
            echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
            sh -c 'cat /etc/hostname; :' & wait $!
        done; exit 0"#
    );
    let done = run(watch_script(&script));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let events = done.events();
    check_attribution(&events);
    // What the shell and `cat` open is nobody's, whoever had their id before.
    let foreign: Vec<_> = acts(&events).filter(|e| e["file.path.requested"] == "/etc/hostname").collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    let ids: HashSet<_> =
        named(&events, "workload.started").iter().map(|e| e["workload.id"].as_str()).collect();
    let pids: HashSet<_> =
        named(&events, "workload.started").iter().map(|e| e["process.pid"].as_u64()).collect();
    eprintln!("{} workloads with {} process ids", ids.len(), pids.len());
    // Each guest makes the file anew: more than one such act of one workload would be another's.
    for id in ids {
        let created = named(&events, "workload.file.created").into_iter();
        let own =
            created.filter(|e| e["workload.id"].as_str() == id && functions(e).contains(&"create_files"));
        assert!(own.count() <= 1);
    }
}
