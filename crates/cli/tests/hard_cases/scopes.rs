//! What is out of scope does not appear; two agents do not disturb each other; a command's end is watch's own.

use crate::kit::{Started, has, named, run, wasmscope, watch_script};
use crate::observed::{Cued, settled, sleeper};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use wasmscope_testkit::{Runtime, guest, require_root, require_runtime, runtimes, wait_until};

fn pids(events: &[Value]) -> Vec<u64> {
    let mut pids: Vec<_> = events.iter().filter_map(|e| e["process.pid"].as_u64()).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// One member runs already, a second starts later, and a stranger does both beside them.
fn sees_only_members(scope: &str, members: &Cued, stranger: &Cued) {
    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", scope]));
    watch.wait_ready();
    stranger.cue();
    members.cue();
    let events = watch.wait_for("both members", |events| named(events, "workload.started").len() >= 2);
    let running =
        named(&events, "workload.started").iter().filter(|e| e["workload.found_running"] == true).count();
    assert_eq!(running, 1, "{events:#?}");
    // The stranger's guest surely runs by now, and the looks at it would have been made.
    let guests = || run(wasmscope(["ps", "--json", "--scope", &format!("tree:{}", stranger.pid())])).json();
    assert!(wait_until(|| guests().as_array().unwrap().len() == 1, crate::kit::PATIENCE), "{:#}", guests());
    std::thread::sleep(Duration::from_millis(300));

    let listed = run(wasmscope(["ps", "--json", "--scope", scope])).json();
    let listed = pids(listed.as_array().unwrap());
    let seen = pids(&watch.stop().events());
    assert_eq!(seen, listed, "watch and ps agree");
    assert_eq!(seen.len(), 2);
    assert!(!seen.contains(&guests()[0]["process.pid"].as_u64().unwrap()));
}

/// A shell with a guest that runs now and another on cue.
fn two_guests(wasmtime: &Runtime, prelude: &str) -> Cued {
    let guest = sleeper(wasmtime, 30);
    // The cue is waited for by the script itself: the first guest does not wait.
    let script = format!("{guest} & wait");
    let early = format!("{prelude} {guest} &");
    Cued::with_prelude(&early, &script)
}

#[test]
fn a_tree_scope_sees_its_members_only() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let members = two_guests(&wasmtime, "");
    let stranger = Cued::new(&format!("exec {}", sleeper(&wasmtime, 30)));
    wait_for_guests(members.pid(), 1);
    sees_only_members(&format!("tree:{}", members.pid()), &members, &stranger);
}

#[test]
fn a_cgroup_scope_sees_its_members_only() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let Some(cgroup) = Cgroup::make() else {
        return wasmscope_testkit::may_skip(module_path!(), "no writable cgroup version 2 hierarchy", false);
    };
    // A member of a cgroup below counts as well.
    let below = cgroup.0.join("below");
    fs::create_dir(&below).unwrap();
    let enter = format!("echo $$ >{}/cgroup.procs;", below.display());
    let members = two_guests(&wasmtime, &enter);
    let stranger = Cued::new(&format!("exec {}", sleeper(&wasmtime, 30)));
    wait_for_guests(members.pid(), 1);
    sees_only_members(&format!("cgroup:{}", cgroup.0.display()), &members, &stranger);
}

fn wait_for_guests(root: u32, count: usize) {
    let scope = format!("tree:{root}");
    let guests = || run(wasmscope(["ps", "--json", "--scope", &scope])).json();
    assert!(
        wait_until(|| guests().as_array().unwrap().len() == count, crate::kit::PATIENCE),
        "{:#}",
        guests()
    );
}

/// A cgroup of the version 2 hierarchy, wherever that is mounted; removed when dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    fn make() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let hierarchy = mounts.lines().find(|l| l.contains(" - cgroup2 "))?.split(' ').nth(4)?;
        let path = Path::new(hierarchy).join(format!("wasmscope-test-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        Some(Self(path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Its members were killed just now; until they are gone it cannot be removed.
        let gone = || {
            ["below", ""].iter().all(|name| {
                let _ = fs::remove_dir(self.0.join(name));
                !self.0.join(name).exists()
            })
        };
        wait_until(gone, crate::kit::PATIENCE);
    }
}

#[test]
fn two_agents_both_report_everything() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let tree = Cued::new(&format!("{}; {}", sleeper(&wasmtime, 1), sleeper(&wasmtime, 1)));
    let scope = format!("tree:{}", tree.pid());
    let agents = [(); 2].map(|()| Started::spawn(wasmscope(["watch", "--json", "--scope", &scope])));
    agents.iter().for_each(Started::wait_ready);
    tree.cue();
    let mut seen = Vec::new();
    for agent in agents {
        agent.wait_for("both ends", |events| named(events, "workload.exited").len() == 2);
        let done = agent.stop();
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
        let events = done.events();
        assert_eq!(named(&events, "sensor.lost").len(), 0);
        let told = |name| named(&events, name).iter().map(|e| e["workload.id"].clone()).collect::<Vec<_>>();
        seen.push((told("workload.started"), told("workload.exited")));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0.len(), 2);
}

#[test]
fn the_commands_exit_status_is_passed_on() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    for (script, status) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)] {
        let done = run(watch_script(script));
        assert_eq!((done.status, done.stderr.as_str()), (status, ""), "{script}");
    }
    // The command itself, not a shell: the end of the workload and of watch are the same.
    let mut watch = wasmscope(["watch", "--json", "--"]);
    let trap = wasmtime.command(&guest("trap"), [""; 0]);
    watch.arg(trap.get_program()).args(trap.get_args());
    let done = run(watch);
    let exited = named(&done.events(), "workload.exited")[0].clone();
    let said =
        exited["process.exit.code"].as_u64().or(exited["process.exit.signal"].as_u64().map(|s| s + 128));
    assert_eq!(said, Some(done.status as u64), "{exited:#}");
    assert_ne!(done.status, 0);
}

#[test]
fn what_cannot_be_watched_is_an_input_error() {
    require_root!();
    let none = "4194304"; // beyond PID_MAX_LIMIT
    run(wasmscope(["watch", "--", "/nonexistent/program"]))
        .assert_failed(2, &["/nonexistent/program", "No such file"]);
    run(wasmscope(["watch", "--", "no-such-command-anywhere"]))
        .assert_failed(2, &["no-such-command-anywhere"]);
    run(wasmscope(["watch", "--", "/dev/null"])).assert_failed(2, &["/dev/null", "Permission denied"]);
    for command in ["watch", "ps"] {
        let scope = format!("tree:{none}");
        run(wasmscope([command, "--scope", &scope])).assert_failed(2, &[none, "no such process"]);
        run(wasmscope([command, "--scope", "cgroup:/proc"])).assert_failed(2, &["version 2"]);
        run(wasmscope([command, "--scope", "pods"])).assert_failed(2, &["tree:PID"]);
    }
    run(wasmscope(["inspect", none])).assert_failed(2, &[none, "is not there"]);
}

#[test]
fn the_end_of_a_trees_only_process_is_seen() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let process = settled(wasmtime.command(&guest("sleeper"), ["2"]));
    let watch = Started::spawn(wasmscope(["watch", "--json", "--scope", &format!("tree:{}", process.pid())]));
    watch.wait_for("workload", |events| has(events, "workload.started", process.pid()));
    watch.wait_for("end", |events| has(events, "workload.exited", process.pid()));
    let events = watch.stop().events();
    assert_eq!(named(&events, "workload.exited")[0]["process.exit.code"], 3);
}
