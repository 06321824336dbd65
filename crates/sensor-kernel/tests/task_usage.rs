//! What the iterator says against what `/proc` says.

mod load;

use load::{Load, cpu, schedstat, stat, status};
use std::{
    thread,
    time::{Duration, Instant},
};
use wasmscope_sensor_kernel::{ProcessUsage, TaskUsage};
use wasmscope_testkit::require_root;

fn probe() -> TaskUsage {
    TaskUsage::load().unwrap_or_else(|report| panic!("{report:?}"))
}

fn one(probe: &mut TaskUsage, pid: u32) -> ProcessUsage {
    let found = probe.usage(&[pid]).expect("a pass");
    let [usage] = found[..] else { panic!("{found:?}") };
    assert_eq!(usage.process.pid.0, pid);
    usage
}

/// Time passes between two readings, and `/proc` counts in ticks of 10 ms.
fn near(ours: Duration, theirs: (Duration, Duration), what: &str) {
    let slack = Duration::from_millis(15);
    assert!(
        ours + slack >= theirs.0 && ours <= theirs.1 + slack,
        "{what}: {ours:?} is not between {theirs:?}"
    );
}

#[test]
fn a_process_costs_what_proc_says() {
    require_root!();
    let load = Load::ready(&[
        "ended", "300", "burn", "1", "call", "1", "sleep", "20", "private", "64", "shared", "16", "open",
        "3000",
    ]);
    let (pid, mut probe) = (load.pid(), probe());
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(500));
        let wait = schedstat(pid, 1);
        let before = (cpu(pid), status(pid, "VmRSS"), [stat(pid, 10), stat(pid, 12)]);
        let usage = one(&mut probe, pid);
        let after = (cpu(pid), status(pid, "VmRSS"), [stat(pid, 10), stat(pid, 12)]);
        near(usage.cpu_user, (before.0.0, after.0.0), "user");
        near(usage.cpu_system, (before.0.1, after.0.1), "system");
        near(usage.run_queue_wait.expect("kept"), (wait, schedstat(pid, 1)), "wait");
        assert_eq!(usage.threads, 23);
        // To the page since 6.16; before, /proc itself is off by some.
        let kib = usage.resident_bytes / 1024;
        assert!((before.1..=after.1).contains(&kib), "{kib} {before:?} {after:?}");
        assert!(kib > (64 + 16) * 1024);
        let faults = [usage.minor_faults, usage.major_faults];
        assert!((before.2..=after.2).contains(&faults), "{faults:?} {before:?}");
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count();
        assert_eq!(usage.open_descriptors as usize, descriptors);
        assert!(descriptors > 3000);
        assert_eq!(usage.process.start_ticks, stat(pid, 22));
        assert_eq!(usage.process.exec_stamp, stat(pid, 28));
    }
}

#[test]
fn a_process_outlives_its_leader() {
    require_root!();
    let load = Load::ready(&["burn", "1", "private", "16", "open", "10", "leave", "1"]);
    thread::sleep(Duration::from_millis(300));
    let usage = one(&mut probe(), load.pid());
    assert!(usage.cpu_user > Duration::from_millis(50), "{usage:?}");
    assert!(usage.resident_bytes > 16 << 20 && usage.open_descriptors >= 13, "{usage:?}");
    assert_ne!(usage.process.exec_stamp, 0);
}

#[test]
fn threads_that_end_take_nothing_with_them() {
    require_root!();
    let load = Load::start(&["churn", "0"]);
    let mut probe = probe();
    let (start, mut last) = (Instant::now(), None::<ProcessUsage>);
    let mut passes = 0;
    while start.elapsed() < Duration::from_secs(2) {
        let Some(now) = probe.usage(&[load.pid()]).expect("a pass").first().copied() else { continue };
        if let Some(last) = last.filter(|last| last.process == now.process) {
            assert!(
                now.cpu_user >= last.cpu_user
                    && now.cpu_system >= last.cpu_system
                    && now.minor_faults >= last.minor_faults
            );
        }
        (last, passes) = (Some(now), passes + 1);
    }
    let (user, system) = cpu(load.pid());
    let last = last.expect("it ran");
    let (ours, theirs) = (last.cpu_user + last.cpu_system, user + system);
    assert!(passes > 100 && ours.abs_diff(theirs) < Duration::from_millis(40), "{ours:?} {theirs:?}");
}

#[test]
fn nobody_else_is_read() {
    require_root!();
    let (asked, other) = (Load::ready(&[]), Load::ready(&[]));
    let mut probe = probe();
    assert!(probe.usage(&[]).expect("a pass").is_empty());
    assert!(probe.usage(&[std::process::id(), u32::MAX]).expect("a pass").is_empty());
    one(&mut probe, asked.pid());
    // The one asked for before is not any more.
    one(&mut probe, other.pid());
    drop(asked);
    let gone = Load::ready(&[]);
    let pid = gone.pid();
    drop(gone);
    assert!(probe.usage(&[pid]).expect("a pass").is_empty());
}

/// `cargo test --release -p wasmscope-sensor-kernel --test task_usage -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn cost_of_a_pass() {
    require_root!();
    let mut probe = probe();
    let few = Load::ready(&[]);
    measure(&mut probe, "1 process", &[few.pid()]);
    let processes = Load::ready(&["fork", "2000"]);
    measure(&mut probe, "1 of 2,000 processes", &[few.pid()]);
    measure(&mut probe, "2,000 processes", &processes.children());
    drop(processes);
    let threads = Load::ready(&["sleep", "10000"]);
    measure(&mut probe, "1 beside 10,000 threads", &[few.pid()]);
    measure(&mut probe, "10,000 threads of 1 process", &[threads.pid()]);
    drop(threads);
    let many: Vec<Load> = (0..10).map(|_| Load::ready(&["sleep", "1000"])).collect();
    measure(&mut probe, "10 processes of 1,000 threads", &many.iter().map(Load::pid).collect::<Vec<_>>());
}

fn measure(probe: &mut TaskUsage, what: &str, pids: &[u32]) {
    assert_eq!(probe.usage(pids).expect("a pass").len(), pids.len());
    let mut took: Vec<Duration> = (0..51)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(probe.usage(pids).expect("a pass"));
            start.elapsed()
        })
        .collect();
    took.sort_unstable();
    let proc = Instant::now();
    for pid in pids {
        for file in ["stat", "status"] {
            std::hint::black_box(std::fs::read(format!("/proc/{pid}/{file}")).expect("it runs"));
        }
        std::hint::black_box(schedstat(*pid, 1));
        std::hint::black_box(std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count());
    }
    let proc = proc.elapsed();
    println!("{what}: median {:?}, longest {:?}; by /proc {proc:?}", took[took.len() / 2], took[50]);
}
