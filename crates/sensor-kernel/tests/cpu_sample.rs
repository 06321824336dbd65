//! What the sampler says against what `/proc` says.

mod load;

use load::{Load, cpu, schedstat};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};
use wasmscope_sensor_kernel::{CpuSampler, MOST_CLOCKS, Sample, SampleError, SampleRing};
use wasmscope_testkit::{require_root, wait_until};

/// One test at a time: CPU time is compared, and the limit of descriptors belongs to all threads.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sampler() -> (CpuSampler, SampleRing) {
    let sampler = CpuSampler::load(CpuSampler::USUAL_PERIOD).unwrap_or_else(|report| panic!("{report:?}"));
    let ring = sampler.ring().expect("a ring");
    (sampler, ring)
}

fn samples(ring: &mut SampleRing) -> Vec<Sample> {
    let mut samples = Vec::new();
    ring.consume(|sample| samples.push(sample)).expect("readable");
    samples
}

fn cpu_of(samples: &[Sample]) -> Duration {
    Duration::from_nanos(samples.iter().map(|sample| sample.cpu_ns).sum())
}

#[track_caller]
fn within_15_percent(ours: Duration, theirs: Duration) {
    let part = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("sampled {ours:?}, by the scheduler {theirs:?}: {part:.3}");
    assert!((0.85..1.15).contains(&part), "sampled {ours:?} of {theirs:?}");
}

fn by_thread(samples: &[Sample]) -> BTreeMap<u32, Vec<Sample>> {
    let mut threads = BTreeMap::<u32, Vec<Sample>>::new();
    for sample in samples {
        threads.entry(sample.tid).or_default().push(*sample);
    }
    threads
}

#[test]
fn threads_are_sampled_whenever_they_start() {
    require_root!();
    let _alone = alone();
    let load = Load::start(&["burn", "1", "wait", "0", "burn", "1"]);
    assert!(wait_until(|| schedstat(load.pid(), 0) > Duration::from_millis(50), Duration::from_secs(10)));
    let (mut sampler, mut ring) = sampler();
    let coverage = sampler.add(load.pid()).expect("it runs");
    assert_eq!((coverage.clocks, coverage.complete), (2, true));
    let start = schedstat(load.pid(), 0);
    load.0.signal(Signal::USR1);
    thread::sleep(Duration::from_secs(3));
    let used = schedstat(load.pid(), 0) - start;
    let samples = samples(&mut ring);
    within_15_percent(cpu_of(&samples), used);

    let threads = by_thread(&samples);
    let busy: Vec<_> = threads.values().filter(|of| of.len() > 50).collect();
    assert_eq!(busy.len(), 2, "the one from before and the one from after: {threads:?}");
    let code = load.busy_code();
    let inside = samples.iter().filter(|sample| code.contains(&sample.ip)).count();
    assert!(inside * 100 > samples.len() * 98, "{inside} of {}", samples.len());
    for sample in &samples {
        assert_eq!(sample.process.pid.0, load.pid());
        assert_eq!(sample.process.start_ticks, load::stat(load.pid(), 22));
        assert_eq!(sample.process.exec_stamp, load::stat(load.pid(), 28));
    }
    let ledger = sampler.ledger().expect("readable");
    assert!(ledger.submitted >= samples.len() as u64);
    assert_eq!((ledger.seen, ledger.ring_full), (ledger.submitted, 0));
    assert_eq!(ring.decode_errors(), 0);

    sampler.remove(load.pid());
    self::samples(&mut ring);
    thread::sleep(Duration::from_millis(300));
    assert!(self::samples(&mut ring).is_empty());

    sampler.add(load.pid()).expect("it runs");
    let start = schedstat(load.pid(), 0);
    thread::sleep(Duration::from_secs(1));
    within_15_percent(cpu_of(&self::samples(&mut ring)), schedstat(load.pid(), 0) - start);
}

#[test]
fn time_in_the_kernel_belongs_to_the_caller() {
    require_root!();
    let _alone = alone();
    let load = Load::ready(&["call", "1"]);
    let (mut sampler, mut ring) = sampler();
    let before = schedstat(load.pid(), 0);
    sampler.add(load.pid()).expect("it runs");
    thread::sleep(Duration::from_secs(2));
    let used = schedstat(load.pid(), 0) - before;
    let (user, system) = cpu(load.pid());
    assert!(system > user, "reading zeros is the kernel's work");
    let samples = samples(&mut ring);
    within_15_percent(cpu_of(&samples), used);
    let in_kernel: Vec<_> = samples.iter().filter(|sample| sample.in_kernel).collect();
    assert!(in_kernel.len() * 10 > samples.len() * 8, "{} of {}", in_kernel.len(), samples.len());
    let code = load.busy_code();
    let inside = in_kernel.iter().filter(|sample| code.contains(&sample.ip)).count();
    assert!(inside * 10 > in_kernel.len() * 9, "{inside} of {}", in_kernel.len());
}

#[test]
fn threads_that_start_during_add_are_sampled_once() {
    require_root!();
    let _alone = alone();
    let (mut sampler, mut ring) = sampler();
    for turn in 0..6 {
        let load = Load::start(&["swarm", "12"]);
        // Without a pause: a moment later it has started all of them.
        while load::status(load.pid(), "Threads") <= 1 + turn {}
        sampler.add(load.pid()).expect("it runs");
        assert!(wait_until(|| load.0.output().contains("ready"), Duration::from_secs(10)));
        samples(&mut ring);
        let start = schedstat(load.pid(), 0);
        thread::sleep(Duration::from_secs(1));
        let end = schedstat(load.pid(), 0);
        let samples = samples(&mut ring);
        assert!(by_thread(&samples).len() >= 12);
        within_15_percent(cpu_of(&samples), end - start);
        sampler.remove(load.pid());
    }
}

/// Each new thread's clock starts with a whole period, and what is left of it is lost when the thread ends.
#[test]
fn threads_that_end_lose_their_last_period() {
    require_root!();
    let _alone = alone();
    let (mut sampler, mut ring) = sampler();
    let load = Load::start(&["churn", "100"]);
    assert!(wait_until(|| cpu(load.pid()).0 > Duration::from_millis(30), Duration::from_secs(10)));
    sampler.add(load.pid()).expect("it runs");
    let (user, system) = cpu(load.pid());
    thread::sleep(Duration::from_secs(3));
    let now = cpu(load.pid());
    let samples = samples(&mut ring);
    assert!(by_thread(&samples).len() > 5);
    within_15_percent(cpu_of(&samples), now.0 + now.1 - user - system);
}

#[test]
fn children_and_other_programs_are_not_sampled() {
    require_root!();
    let _alone = alone();
    let (mut sampler, mut ring) = sampler();
    // Forks a child that burns, and executes itself to burn.
    let load = Load::start(&["wait", "0", "child", "1", "exec", "1"]);
    // Its exec of `load` itself is over, and it waits.
    thread::sleep(Duration::from_millis(200));
    sampler.add(load.pid()).expect("it runs");
    load.0.signal(Signal::USR1);
    assert!(wait_until(|| cpu(load.pid()).0 > Duration::from_millis(300), Duration::from_secs(10)));
    assert!(by_thread(&samples(&mut ring)).values().all(|of| of.len() < 3));
    // Added again, it is.
    sampler.add(load.pid()).expect("it runs");
    thread::sleep(Duration::from_millis(300));
    assert!(samples(&mut ring).len() > 10);
}

#[test]
fn what_cannot_be_sampled_is_said() {
    require_root!();
    let _alone = alone();
    let (mut sampler, _ring) = sampler();
    assert!(matches!(sampler.add(std::process::id()), Err(SampleError::Ourselves)));
    assert!(matches!(sampler.add(u32::MAX), Err(SampleError::Ended(_))));

    let many = Load::ready(&["sleep", "100"]);
    let coverage = sampler.add(many.pid()).expect("it runs");
    assert_eq!((coverage.clocks, coverage.complete), (MOST_CLOCKS, false));
    sampler.remove(many.pid());

    let before = getrlimit(Resource::Nofile);
    let open = std::fs::read_dir("/proc/self/fd").expect("our own").count() as u64;
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 20), ..before }).expect("lowering");
    let refused = sampler.add(many.pid());
    let left = std::fs::read_dir("/proc/self/fd").expect("all were given back").count() as u64;
    setrlimit(Resource::Nofile, before).expect("as it was");
    let Err(error @ SampleError::Descriptors { limit, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((limit, left), (open + 20, open));
    assert!(error.to_string().contains("ulimit -n"), "{error}");
}

#[test]
fn a_full_ring_loses_and_says_so() {
    require_root!();
    let _alone = alone();
    let mut sampler =
        CpuSampler::load(Duration::from_millis(1)).unwrap_or_else(|report| panic!("{report:?}"));
    let mut ring = sampler.ring().expect("a ring");
    let load = Load::ready(&["burn", "2"]);
    sampler.add(load.pid()).expect("it runs");
    let full = || sampler.ledger().expect("readable").ring_full > 100;
    assert!(wait_until(full, Duration::from_secs(30)));
    sampler.remove(load.pid());
    let ledger = sampler.ledger().expect("readable");
    assert_eq!(ledger.seen, ledger.submitted + ledger.ring_full);
    assert_eq!(samples(&mut ring).len() as u64, ledger.submitted);
}

/// `cargo test --release -p wasmscope-sensor-kernel --test cpu_sample -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn cost_of_sampling() {
    require_root!();
    let _alone = alone();
    // Ten times as often as usual, to be told from noise.
    let mut sampler =
        CpuSampler::load(Duration::from_millis(1)).unwrap_or_else(|report| panic!("{report:?}"));
    let mut ring = sampler.ring().expect("a ring");
    let worker = Load::start(&["work", "100"]);
    let lines = || worker.0.output().lines().count();
    let (mut took, mut seen) = ([Vec::new(), Vec::new()], Vec::new());
    for turn in 0..160 {
        let sampled = turn % 2;
        if sampled == 1 {
            sampler.add(worker.pid()).expect("it runs");
        }
        // The round that is under way, and a whole one.
        let enough = lines() + 2;
        assert!(wait_until(|| lines() >= enough, Duration::from_secs(60)));
        sampler.remove(worker.pid());
        let output = worker.0.output();
        let round = output.lines().nth(enough - 1).and_then(|line| line.strip_prefix("round ")?.parse().ok());
        took[sampled].push(round.expect("nanoseconds of CPU time"));
        seen.extend(samples(&mut ring));
    }
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let more: Vec<f64> = took[1].iter().zip(&took[0]).map(|(with, without)| with - without).collect();
    let (round, more) = (median(took[0].clone()), median(more));
    // One sample per millisecond.
    let each = more / (round / 1e6);
    println!(
        "{} samples; a round of {:.1} ms takes {:.3} ms more: {each:.0} ns per sample, {:.4} % at the usual period",
        seen.len(),
        round / 1e6,
        more / 1e6,
        each / CpuSampler::USUAL_PERIOD.as_nanos() as f64 * 100.0
    );
}
