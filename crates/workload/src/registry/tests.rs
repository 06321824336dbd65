//! The state machine against a host that exists only here.

use super::*;
use crate::FaultSight;
use std::{cell::RefCell, rc::Rc};
use wasmscope_model::{
    BootId, Confidence, Container, GuestStack, LimitSource, LinearMemory, ModuleFile, ModuleOrigin, Pid,
    ProcessKey, RawStack, Recognition, Workload, WorkloadId, activity::Word,
};

/// What a look at each process would find, and what was asked of the sensor.
#[derive(Debug, Default)]
struct World {
    processes: HashMap<u32, Sight>,
    runtimes: Vec<u32>,
    looks: Vec<u32>,
    tracked: HashMap<u32, Interest>,
    watching_maps: bool,
    ignored: Vec<FileVersion>,
    now: Duration,
    first_trace: Option<Duration>,
}

#[derive(Debug, Clone, Default)]
struct Fake(Rc<RefCell<World>>);

impl Look for Fake {
    fn look(&mut self, pid: u32, _: &Hints) -> Result<Sight, LookError> {
        let mut world = self.0.borrow_mut();
        world.looks.push(pid);
        world.processes.get(&pid).cloned().ok_or_else(|| ProcessError::Gone(pid).into())
    }

    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError> {
        Ok(self.0.borrow().runtimes.contains(&pid))
    }

    fn now(&self) -> Duration {
        self.0.borrow().now
    }

    fn is_alive(&mut self, pid: u32) -> bool {
        self.0.borrow().processes.contains_key(&pid)
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        let now = self.look(known.key.pid.0, &Hints::default())?;
        match now.key == known.key {
            false => Err(LookError::Changed(known.key.pid.0)),
            true if now.layout != known.layout => Ok(None),
            true => Ok(Some(now.workload.memories)),
        }
    }

    fn stack(&mut self, _: &Sight, _: &RawStack) -> Result<GuestStack, Word> {
        Ok(GuestStack::default())
    }

    fn fault(&mut self, _: &Sight, ip: u64, _: u64, _: &RawStack) -> FaultSight {
        // Guest code is where the test says it is.
        let in_guest = ip >= GUEST_CODE;
        FaultSight { in_guest, trap: in_guest.then(|| "Trap".into()), stack: Ok(GuestStack::default()) }
    }
}

const GUEST_CODE: u64 = 1 << 40;

impl Control for Fake {
    fn set(&mut self, pid: u32, interest: Interest) -> Option<Duration> {
        let mut world = self.0.borrow_mut();
        world.tracked.insert(pid, interest);
        world.first_trace
    }

    fn forget(&mut self, pid: u32) {
        self.0.borrow_mut().tracked.remove(&pid);
    }

    fn ignore(&mut self, executable: &FileVersion) {
        self.0.borrow_mut().ignored.push(*executable);
    }

    fn ended(&mut self, _pid: u32) {}

    fn set_code(&mut self, _pid: u32, _code: Option<(u64, u64)>) {}

    fn watch_calls(&mut self, on: bool) {
        self.0.borrow_mut().watching_maps = on;
    }
}

struct Bench {
    registry: Registry<Fake, Fake>,
    world: Rc<RefCell<World>>,
    now: Duration,
}

const BASE: u64 = 0x7f00_0200_0000;
const PAGE: u64 = 65_536;

fn key(pid: u32, start_ticks: u64) -> ProcessKey {
    ProcessKey { pid: Pid(pid), start_ticks, exec_stamp: 0x7ffd_0000 + start_ticks }
}

fn sight(pid: u32, start_ticks: u64, verdict: Verdict, pages: u64) -> Sight {
    let key = key(pid, start_ticks);
    let memory = LinearMemory {
        base: BASE,
        size_bytes: pages * PAGE,
        limit_bytes: Some(1 << 32),
        limit_source: Some(LimitSource::Reservation),
        instrumented: false,
    };
    let module = ModuleFile {
        path: Some("/srv/app.wasm".into()),
        sha256: None,
        size_bytes: None,
        name: None,
        origin: ModuleOrigin::Read,
        capabilities: None,
        findings: Vec::new(),
    };
    let is_workload = verdict == Verdict::Workload;
    Sight {
        key,
        dedicated: true,
        layout: 1,
        pending: false,
        workload: Workload {
            id: WorkloadId::new(&BootId("boot".into()), &key),
            pid: Pid(pid),
            namespace_pid: None,
            parent_pid: Pid(1),
            uid: 0,
            started_unix: 0.0,
            executable: None,
            recognition: Recognition {
                verdict,
                runtime: Some("wasmtime".into()),
                version: None,
                confidence: Confidence::percent(90),
                evidence: vec![],
            },
            modules: if is_workload { vec![module] } else { vec![] },
            images: vec![],
            memories: if is_workload { vec![memory] } else { vec![] },
            container: Container::default(),
            unknown: vec![],
        },
    }
}

impl Bench {
    fn new() -> Self {
        let fake = Fake::default();
        let world = Rc::clone(&fake.0);
        let now = Duration::from_secs(100);
        Self { registry: Registry::new(fake.clone(), fake, now), world, now }
    }

    fn runs(&self, sight: Sight) {
        let pid = sight.key.pid.0;
        let mut world = self.world.borrow_mut();
        world.runtimes.push(pid);
        world.processes.insert(pid, sight);
    }

    fn head(&self, pid: u32, start_ticks: u64) -> Head {
        let monotonic_ns = u64::try_from(self.now.as_nanos()).unwrap();
        Head { process: key(pid, start_ticks), tid: pid, parent: Pid(1), monotonic_ns }
    }

    fn exec(&mut self, pid: u32, start_ticks: u64) {
        let head = self.head(pid, start_ticks);
        self.registry.record(
            Record::Exec {
                head,
                exe: FileVersion::default(),
                name: b"wasmtime".to_vec(),
                nameless: false,
                args: b"wasmtime\0".to_vec(),
            },
            self.now,
        );
    }

    fn exit(&mut self, pid: u32, start_ticks: u64, wait_status: u32) {
        let head = self.head(pid, start_ticks);
        self.world.borrow_mut().processes.remove(&pid);
        self.registry.record(Record::Exit { head, wait_status }, self.now);
    }

    fn reserves(&mut self, pid: u32) {
        let head = self.head(pid, 1);
        self.registry.record(Record::Reservation { head, address: BASE, length: 1 << 32 }, self.now);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.registry.next_tick().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now;
            self.world.borrow_mut().now = now;
            self.registry.tick(now);
        }
        self.now = end;
    }

    fn events(&mut self) -> Vec<EventKind> {
        self.registry.take_events().into_iter().map(|(_, kind)| kind).collect()
    }

    fn looks(&self) -> usize {
        self.world.borrow().looks.len()
    }
}

fn names(events: &[EventKind]) -> Vec<&'static str> {
    let name = |e: &EventKind| match e {
        EventKind::Started { .. } => "started",
        EventKind::Identified { .. } => "identified",
        EventKind::Grown { .. } => "grown",
        EventKind::Exited { .. } => "exited",
        EventKind::Lost(_) => "lost",
        EventKind::Sensor(_) => "sensor",
        EventKind::Executed(_) => "executed",
        EventKind::Trapped(_) => "trapped",
        EventKind::Crashed(_) => "crashed",
        other => panic!("{other:?}"),
    };
    events.iter().map(name).collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_workload_starts_once_grows_and_exits_with_its_status() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(SECOND);
    assert_eq!(names(&bench.events()), ["started"]);
    assert!(bench.world.borrow().watching_maps);

    let head = bench.head(7, 1);
    let change = Record::MapChange { head, address: BASE + PAGE, length: 2 * PAGE, executable: false };
    bench.registry.record(change, bench.now);
    let events = bench.events();
    let [EventKind::Grown { memory, previous_bytes, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((memory.size_bytes, *previous_bytes), (3 * PAGE, PAGE));

    bench.exit(7, 1, 0x0300);
    let events = bench.events();
    let [EventKind::Exited { how, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*how, Exit::Code { code: 3 });
    assert_eq!(bench.registry.workloads(), 0);
}

#[test]
fn a_program_that_is_no_runtime_is_not_looked_into() {
    let mut bench = Bench::new();
    for pid in 10..5010 {
        bench.exec(pid, 1);
    }
    bench.pass(SECOND);
    assert_eq!(bench.looks(), 0);
    assert_eq!(bench.registry.entries.len(), 0, "nothing is kept of bystanders");
    assert!(bench.events().is_empty());
    assert_eq!(bench.world.borrow().ignored.len(), 5000, "the sensor is told not to report them again");
}

#[test]
fn a_host_becomes_a_workload_when_it_reserves_a_memory() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Host, 0));
    bench.exec(7, 1);
    bench.pass(10 * SECOND);
    assert!(bench.events().is_empty());
    assert_eq!(bench.world.borrow().tracked[&7], Interest::Host { any_file: true });

    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.reserves(7);
    bench.pass(Duration::from_millis(1));
    let events = bench.events();
    let [EventKind::Started { delay_ms, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*delay_ms, Some(0.0));
}

#[test]
fn a_bystander_with_a_large_reservation_is_forgotten() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::None, 0));
    bench.reserves(7);
    bench.pass(10 * SECOND);
    assert!(bench.looks() >= 3);
    assert!(!bench.registry.knows(7));
    assert!(!bench.world.borrow().tracked.contains_key(&7));
}

#[test]
fn a_reused_pid_is_another_workload() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(SECOND);
    // An exit record of a process that had this id before must not end the present one.
    let stale = Record::Exit { head: bench.head(7, 0), wait_status: 0 };
    bench.registry.record(stale, bench.now);
    assert_eq!(names(&bench.events()), ["started"]);

    bench.exit(7, 1, 0);
    bench.runs(sight(7, 500, Verdict::Workload, 1));
    bench.exec(7, 500);
    bench.pass(SECOND);
    let events = bench.events();
    let [EventKind::Exited { id: first, .. }, EventKind::Started { workload, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_ne!(*first, workload.id);
}

#[test]
fn an_exec_ends_the_workload_that_was() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(SECOND);
    bench.runs(sight(7, 2, Verdict::Workload, 1));
    bench.exec(7, 2);
    bench.pass(SECOND);
    let events = bench.events();
    assert_eq!(names(&events), ["started", "executed", "exited", "started"]);
    assert!(matches!(events[2], EventKind::Exited { how: Exit::Exec, .. }));
}

#[test]
fn lost_records_are_made_up_for_by_sweeps() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(20 * SECOND);
    bench.events();
    bench.runs(sight(7, 1, Verdict::Workload, 5)); // grew, and nobody said so
    bench.pass(60 * SECOND);
    assert_eq!(names(&bench.events()), ["grown"]);
    bench.world.borrow_mut().processes.clear(); // ended, and nobody said so
    bench.pass(60 * SECOND);
    let events = bench.events();
    assert!(matches!(events[..], [EventKind::Exited { how: Exit::Unseen, .. }]), "{events:?}");
}

#[test]
fn a_workload_that_floods_hints_is_looked_at_ten_times_a_second_at_most() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(Duration::from_millis(1));
    let before = bench.looks();
    for _ in 0..1000 {
        bench.reserves(7);
        bench.pass(Duration::from_millis(1));
    }
    let looks = bench.looks() - before;
    assert!(looks <= 11, "{looks} looks in one second");
}

#[test]
fn watching_maps_ends_some_time_after_the_last_workload() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(SECOND);
    bench.exit(7, 1, 0);
    bench.pass(SECOND);
    assert!(bench.world.borrow().watching_maps, "a series of short workloads does not toggle it");
    bench.pass(10 * SECOND);
    assert!(!bench.world.borrow().watching_maps);
    assert_eq!(bench.registry.next_tick(), None, "nothing to do, nothing to wake up for");
}

#[test]
fn an_identity_that_improves_is_told_and_an_unchanged_one_is_not() {
    let mut bench = Bench::new();
    let mut first = sight(7, 1, Verdict::Workload, 1);
    first.workload.modules.clear();
    bench.runs(first);
    bench.exec(7, 1);
    bench.pass(Duration::from_millis(20));
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.pass(10 * SECOND);
    let events = bench.events();
    assert_eq!(names(&events), ["started", "identified"]);
    let EventKind::Identified { changed, .. } = &events[1] else { panic!() };
    assert_eq!(changed, &["modules"]);
}

#[test]
fn a_workload_that_unloads_its_modules_stays_one() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(Duration::from_millis(1));
    bench.runs(sight(7, 1, Verdict::Host, 0));
    bench.pass(10 * SECOND);
    let events = bench.events();
    assert_eq!(names(&events), ["started", "identified"]);
    let EventKind::Identified { workload, .. } = &events[1] else { panic!() };
    assert_eq!(workload.recognition.verdict, Verdict::Workload);
    assert!(workload.memories.is_empty());
}

#[test]
fn a_runtime_that_ends_before_it_was_seen_running_is_a_workload_in_hindsight() {
    let mut bench = Bench::new();
    let mut host = sight(7, 1, Verdict::Host, 0);
    host.workload.modules = sight(7, 1, Verdict::Workload, 1).workload.modules;
    bench.runs(host);
    bench.exec(7, 1);
    bench.pass(Duration::from_millis(1));
    let head = bench.head(7, 1);
    bench.registry.record(Record::Reservation { head, address: BASE, length: 0x1_0420_0000 }, bench.now);
    bench.exit(7, 1, 0);
    let events = bench.events();
    let [EventKind::Started { workload, .. }, EventKind::Exited { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(workload.recognition.evidence[0].signal, Signal::Reservation);
    assert!(workload.unknown[0].contains("ended before"), "{:?}", workload.unknown);
    assert_eq!(bench.registry.workloads(), 0);
    assert!(bench.world.borrow().tracked.is_empty());

    // Compiling a module reserves no memory: no workload, in hindsight either.
    let mut host = sight(8, 1, Verdict::Host, 0);
    host.workload.modules = sight(8, 1, Verdict::Workload, 1).workload.modules;
    bench.runs(host);
    bench.exec(8, 1);
    bench.pass(Duration::from_millis(1));
    bench.exit(8, 1, 0);
    assert!(bench.events().is_empty());
}

#[test]
fn a_runtime_that_nobody_could_look_at_is_counted() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Host, 0));
    bench.exec(7, 1);
    bench.pass(SECOND); // now the executable is known
    bench.exec(8, 1);
    bench.exit(8, 1, 0);
    assert_eq!(bench.registry.ended_unseen(), 1);
    assert!(bench.events().is_empty());
}

#[test]
fn more_processes_than_there_is_room_for_are_counted_and_the_old_ones_kept() {
    let mut bench = Bench::new();
    let most = u32::try_from(MOST_ENTRIES).unwrap();
    for pid in 1..=most + 5 {
        bench.exec(pid, 1);
    }
    assert_eq!(bench.registry.overflow(), 5);
    assert!(bench.registry.knows(1));
}

#[test]
fn a_fault_in_guest_code_is_a_trap_unless_a_process_sent_the_signal() {
    let mut bench = Bench::new();
    bench.runs(sight(7, 1, Verdict::Workload, 1));
    bench.exec(7, 1);
    bench.pass(SECOND);
    bench.events();
    let mut fault = |pid, code, instruction_pointer| {
        let record = Record::Signal {
            head: bench.head(pid, 1),
            signal: 11,
            code,
            address: 5,
            instruction_pointer,
            frame_pointer: 0,
            handled: true,
            stack: RawStack::default(),
        };
        bench.registry.record(record, bench.now);
        bench.events()
    };
    let told = |events: &[EventKind]| {
        let [EventKind::Trapped(fault) | EventKind::Crashed(fault)] = events else { panic!("{events:?}") };
        (names(events)[0], fault.trap.is_some(), fault.address)
    };
    assert_eq!(told(&fault(7, 1, GUEST_CODE)), ("trapped", true, Some(5)));
    assert_eq!(told(&fault(7, 1, 4)), ("crashed", false, Some(5)));
    assert_eq!(told(&fault(7, 0, GUEST_CODE)), ("crashed", false, None), "kill -SEGV");
    assert_eq!(fault(8, 1, GUEST_CODE), [], "of no workload");
}
