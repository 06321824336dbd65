//! Every record and event is accounted for, also where each stage is made to overflow. Needs root.

use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use wasmscope_agent::{Ended, Options, Outcome, Queues, Row, Sink, command, watch};
use wasmscope_model::{Event, EventKind};
use wasmscope_sensor_kernel::{Scope, Settings, Sizes};
use wasmscope_testkit::{guest, require_root, runtimes};

/// Keeps what it is given, as slowly as it is told to.
struct Keep {
    events: Arc<Mutex<Vec<Event>>>,
    pause: Duration,
}

impl Sink for Keep {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        thread::sleep(self.pause);
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What happened, and what was told of it.
struct Watched {
    outcome: Outcome,
    events: Vec<Event>,
}

/// Watches a shell that runs `opens COUNT` under an unmodified Wasmtime, as many at once as `guests` says.
fn run(settings: Settings, queues: Queues, pause: Duration, guests: usize, count: u32) -> Option<Watched> {
    let runtime = match runtimes::wasmtime() {
        Ok(runtime) => runtime,
        Err(missing) => {
            wasmscope_testkit::may_skip("ledger", missing, true);
            return None;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let count = count.to_string();
    let module = guest("opens");
    let program = runtime.command(&module, [""; 0]).get_program().to_owned();
    let one = |guest: usize| {
        let folder = dir.path().join(guest.to_string());
        std::fs::create_dir(&folder).unwrap();
        let (program, folder, module) = (program.display(), folder.display(), module.display());
        format!("{program} run --dir={folder}::. {module} {count} >/dev/null & ")
    };
    let script = (0..guests).map(one).collect::<String>() + "wait";
    let args = ["-c".into(), script.into()];
    let held = command::hold(&"/bin/sh".into(), &args).unwrap();
    let settings = Settings { scope: Scope::Tree(vec![held.pid]), ..settings };
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Keep { events: Arc::clone(&events), pause };
    let options = Options {
        settings,
        command: Some(held),
        reader: None,
        duration: None,
        metrics: None,
        queues,
        recording: None,
        otlp: None,
        hooks: None,
        rules: None,
        respond: None,
        baseline: None,
    };
    let outcome = watch(options, Box::new(sink)).unwrap();
    assert!(matches!(outcome.output, Ended::Complete), "{:?}", outcome.output);
    let events = std::mem::take(&mut *events.lock().unwrap());
    Some(Watched { outcome, events })
}

impl Watched {
    fn count(&self, family: &str, stage: &str) -> u64 {
        let row = self.outcome.ledger.iter().find(|row| (row.family, row.stage) == (family, stage));
        row.unwrap_or_else(|| panic!("no row {family} {stage}: {:?}", self.outcome.ledger)).count
    }

    /// The sums of the ledger; the agent has ended, so that nothing is on its way.
    fn check_sums(&self) {
        for family in ["lifecycle", "hint", "call"] {
            let count = |stage| self.count(family, stage);
            let rows: Vec<&Row> = self.outcome.ledger.iter().filter(|row| row.family == family).collect();
            assert_eq!(
                count("seen"),
                count("submitted") + count("ring_full") + count("throttled"),
                "{rows:?}"
            );
            assert_eq!(count("submitted"), count("received"), "{rows:?}");
            let taken = count("decode_error") + count("queue_drop") + count("taken");
            assert_eq!(count("received"), taken, "{rows:?}");
        }
        let count = |stage| self.count("event", stage);
        assert_eq!(count("made"), count("told") + count("output"));
        assert_eq!(count("told"), self.events.len() as u64);
    }

    /// What `sensor.lost` said of this loss in all.
    fn told_lost(&self, family: &str, stage: &str) -> u64 {
        let lost = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Lost(loss) if loss.family == family && loss.stage == stage => Some(loss.count),
            _ => None,
        });
        lost.sum()
    }
}

const NO_PAUSE: Duration = Duration::ZERO;
const MANY: u32 = 1_000_000;

#[test]
fn a_ring_that_is_full() {
    require_root!();
    // One page holds a handful of calls; nobody can be as fast.
    let sizes = Sizes { call_ring_bytes: 4096, ..Sizes::default() };
    let settings = Settings { calls_per_second: MANY, sizes, ..Settings::default() };
    let Some(watched) = run(settings, Queues::default(), NO_PAUSE, 1, 20_000) else { return };
    watched.check_sums();
    let lost = watched.count("call", "ring_full");
    assert!(lost > 0);
    assert_eq!(watched.told_lost("call", "ring_full"), lost);
}

#[test]
fn a_process_that_does_too_much() {
    require_root!();
    let settings = Settings { calls_per_second: 50, ..Settings::default() };
    let Some(watched) = run(settings, Queues::default(), NO_PAUSE, 1, 20_000) else { return };
    watched.check_sums();
    let withheld = watched.count("call", "throttled");
    assert!(withheld > 10_000, "{withheld}");
    let told: u64 = watched
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Throttled(throttled) => throttled.count,
            _ => None,
        })
        .sum();
    assert_eq!(told, withheld, "each window's count, and that of the process's end");
}

#[test]
fn a_loop_that_is_too_slow() {
    require_root!();
    let settings = Settings { calls_per_second: MANY, ..Settings::default() };
    let queues = Queues { records: 1, ..Queues::default() };
    let Some(watched) = run(settings, queues, NO_PAUSE, 1, 20_000) else { return };
    watched.check_sums();
    let lost = watched.count("call", "queue_drop");
    assert!(lost > 0);
    assert_eq!(watched.told_lost("call", "queue_drop"), lost);
}

#[test]
fn an_output_that_is_too_slow() {
    require_root!();
    let settings = Settings { calls_per_second: MANY, ..Settings::default() };
    let queues = Queues { events: 4, ..Queues::default() };
    let Some(watched) = run(settings, queues, Duration::from_millis(1), 1, 5_000) else { return };
    watched.check_sums();
    assert!(watched.count("event", "output") > 0);
}

#[test]
fn more_workloads_than_slots() {
    require_root!();
    let sizes = Sizes { workloads: 1, ..Sizes::default() };
    let settings = Settings { sizes, ..Settings::default() };
    let Some(watched) = run(settings, Queues::default(), NO_PAUSE, 3, 20_000) else { return };
    watched.check_sums();
    let started = watched.events.iter().filter(|e| matches!(e.kind, EventKind::Started { .. })).count();
    assert_eq!(started, 3, "all are followed");
    let unmeasured = watched.count("lifecycle", "unmeasured");
    assert_eq!(unmeasured, 2, "the first keeps its slot");
    assert_eq!(watched.told_lost("lifecycle", "unmeasured"), unmeasured);
}

#[test]
fn more_processes_than_slots() {
    require_root!();
    let sizes = Sizes { processes: 1, ..Sizes::default() };
    let settings = Settings { sizes, ..Settings::default() };
    let Some(watched) = run(settings, Queues::default(), NO_PAUSE, 2, 1_000) else { return };
    watched.check_sums();
    let lost = watched.count("lifecycle", "map_full");
    assert!(lost > 0);
    assert_eq!(watched.told_lost("lifecycle", "map_full"), lost);
}
