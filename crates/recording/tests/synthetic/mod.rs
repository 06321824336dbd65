//! A run of the agent on a host that exists only here, recorded.

use std::{cell::Cell, fs::File, path::Path, rc::Rc, time::Duration};
use wasmscope_model::{
    Call, CodeImage, Confidence, Container, EventKind, Evidence, FileVersion, Frame, FrameRecord, GuestStack,
    Head, ImageKind, Interest, LimitSource, LinearMemory, Loss, ModuleFile, ModuleOrigin, Pid, ProcessKey,
    RawStack, Recognition, Record, Sha256, Signal, Verdict, Workload, WorkloadId,
    activity::Word,
    call::{KernelPath, Text},
};
use wasmscope_recording::{Header, RecordedRegistry, Recorder, Told};
use wasmscope_sensor_proc::ProcessError;
use wasmscope_workload::{Control, FaultSight, Hints, Look, LookError, Sight};

const MEMORY: u64 = 0x7f00_0200_0000;
const PAGE: u64 = 65_536;
/// The guest; a process of somebody else; one that ends while it is looked at.
const GUEST: u32 = 100;
const DENIED: u32 = 101;
const GONE: u32 = 102;
const START: Duration = Duration::from_secs(1000);
const CLOCK: Duration = Duration::from_secs(1_700_000_000);

/// Time passes by a millisecond whenever somebody looks at the clock.
#[derive(Clone)]
struct Host(Rc<Cell<Duration>>);

impl Host {
    fn pass(&self, time: Duration) -> Duration {
        self.0.set(self.0.get() + time);
        self.0.get()
    }
}

impl Look for Host {
    fn look(&mut self, pid: u32, _: &Hints) -> Result<Sight, LookError> {
        match pid {
            GUEST => Ok(sight()),
            DENIED => Err(ProcessError::Denied(pid).into()),
            _ => Err(ProcessError::Other { pid, reason: "Input/output error".into() }.into()),
        }
    }

    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError> {
        if pid == GUEST { Ok(true) } else { Err(LookError::Changed(pid)) }
    }

    fn now(&self) -> Duration {
        self.pass(Duration::from_millis(1))
    }

    fn is_alive(&mut self, _: u32) -> bool {
        true
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        let mut memories = known.workload.memories.clone();
        memories[0].size_bytes += PAGE;
        Ok(Some(memories))
    }

    fn stack(&mut self, _: &Sight, raw: &RawStack) -> Result<GuestStack, Word> {
        if raw.frames.is_empty() { Err("no guest code on the stack".into()) } else { Ok(stack()) }
    }

    fn fault(&mut self, _: &Sight, _: u64, _: u64, _: &RawStack) -> FaultSight {
        FaultSight { in_guest: true, trap: Some("MemoryOutOfBounds".into()), stack: Ok(stack()) }
    }
}

impl Control for Host {
    fn set(&mut self, _: u32, _: Interest) -> Option<Duration> {
        Some(START)
    }

    fn forget(&mut self, _: u32) {}

    fn ended(&mut self, _: u32) {}

    fn ignore(&mut self, _: &FileVersion) {}

    fn set_code(&mut self, _: u32, _: Option<(u64, u64)>) {}

    fn watch_calls(&mut self, _: bool) {}
}

fn stack() -> GuestStack {
    let frame = |index, name: &str| Frame {
        module_index: 0,
        function_index: index,
        name: Some(name.into()),
        offset: Some(7 * index),
    };
    GuestStack { frames: vec![frame(5, "inner\u{1b}[31m"), frame(2, "_start")], cut: false }
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey { pid: Pid(pid), start_ticks: 90_000 + u64::from(pid), exec_stamp: 0x7ffd_0000_1000 }
}

fn sight() -> Sight {
    let evidence = Evidence {
        signal: Signal::CodeImage,
        runtime: Some("wasmtime".into()),
        weight: Confidence::percent(95),
        detail: "1 image".into(),
    };
    let module = ModuleFile {
        path: Some("/srv/app.wasm".into()),
        sha256: Some(Sha256::of(b"app")),
        size_bytes: Some(3),
        name: Some("app".into()),
        origin: ModuleOrigin::CodeImage,
        capabilities: None,
        findings: Vec::new(),
    };
    let image = CodeImage {
        base: 0x7f00_0000_0000,
        size_bytes: 8192,
        kind: ImageKind::Module,
        engine_version: Some("49.0.0".into()),
        text_base: 0x7f00_0000_1000,
        text_bytes: 4096,
        modules: 1,
        functions: 6,
        symbols_sha256: None,
        module_sha256: None,
        file: None,
        problems: vec![],
    };
    let memory = LinearMemory {
        base: MEMORY,
        size_bytes: PAGE,
        limit_bytes: Some(1 << 32),
        limit_source: Some(LimitSource::Reservation),
        instrumented: false,
    };
    let workload = Workload {
        id: WorkloadId::new(&wasmscope_model::BootId("synthetic".into()), &key(GUEST)),
        pid: Pid(GUEST),
        namespace_pid: None,
        parent_pid: Pid(1),
        uid: 1000,
        // As boot time and ticks add up: one more digit than fits into 53 bits.
        started_unix: 1_700_000_901.000_000_2,
        executable: Some("/usr/bin/wasmtime".into()),
        recognition: Recognition {
            verdict: Verdict::Workload,
            runtime: Some("wasmtime".into()),
            version: Some("49.0.0".into()),
            confidence: Confidence::percent(95),
            evidence: vec![evidence],
        },
        modules: vec![module],
        images: vec![image],
        memories: vec![memory],
        container: Container::default(),
        unknown: vec![],
    };
    Sight { key: key(GUEST), workload, dedicated: true, layout: 1, pending: false }
}

fn head(pid: u32, at: Duration) -> Head {
    let monotonic_ns = u64::try_from(at.as_nanos()).unwrap();
    Head { process: key(pid), tid: pid, parent: Pid(1), monotonic_ns }
}

fn open(at: Duration, path: &[u8], frames: Vec<FrameRecord>) -> Record {
    Record::Call(Box::new(Call {
        signalled: None,
        head: head(GUEST, at),
        name: "openat".into(),
        number: 257,
        compat: false,
        args: [3, 0x7f00, 0, 0, u64::MAX, 1 << 63],
        result: -2,
        error: Some("ENOENT".into()),
        texts: [Some(Text { bytes: path.to_vec(), cut: false }), None],
        paths: [
            Some(KernelPath { bytes: b"/srv".to_vec(), complete: true, beneath: false, nameless: false }),
            None,
        ],
        resolved: false,
        created: false,
        how: None,
        fs_magic: 0,
        protocol: 0,
        local: None,
        peer: None,
        peer_untrusted: false,
        stack: RawStack { frames, asked: true, cut: false },
    }))
}

/// What the guest and its neighbours did, as the kernel tells it.
fn records(at: Duration) -> Vec<Record> {
    let exec = |pid, args: &[u8]| Record::Exec {
        head: head(pid, at),
        exe: FileVersion::default(),
        name: b"wasmtime".to_vec(),
        nameless: false,
        args: args.to_vec(),
    };
    let frames = vec![FrameRecord { at: 0x7ffd_0000_0100, fp: 0x7ffd_0000_0200, ret: 0x7f00_0000_1234 }];
    vec![
        exec(GUEST, b"wasmtime\0/srv/app.wasm\0"),
        exec(GONE, b"wasmtime\0\xff\0"),
        Record::Reservation { head: head(GUEST, at), address: MEMORY, length: 6 << 30 },
        Record::ModuleRead {
            head: head(GUEST, at),
            file: (1, 2),
            size: 3,
            path: b"/srv/app.wasm".to_vec(),
            complete: true,
        },
        open(at, b"secrets", frames.clone()),
        open(at, b"secrets\xff\0", frames),
        open(at, b"", vec![]),
        Record::MapChange { head: head(GUEST, at), address: MEMORY, length: 4 * PAGE, executable: false },
        Record::Fork { head: Head { parent: Pid(GUEST), ..head(GONE, at) } },
        exec(GONE, b"sh\0-c\0true\0"),
        Record::Throttled { head: head(GUEST, at), since_ns: 7, withheld: Some(9), rare: false },
        Record::Signal {
            head: head(GUEST, at),
            signal: 11,
            code: 1,
            address: 0xdead_0000,
            instruction_pointer: 0x7f00_0000_1300,
            frame_pointer: 0x7ffd_0000_0200,
            handled: true,
            stack: RawStack::default(),
        },
    ]
}

/// Records the run into `path`, and returns what went out meanwhile.
pub(crate) fn record(path: &Path) -> Vec<Told> {
    let host = Host(Rc::new(Cell::new(START)));
    let mut header = Header::new("synthetic".into(), "2023-11-14T22:30:00.000000Z".into(), START);
    header.wasmscope = "0.0.0".into();
    let on_end = crossbeam_channel::bounded(1).0;
    let recorder = Recorder::start(File::create(path).unwrap(), &header, on_end).unwrap();
    let mut registry = RecordedRegistry::new(host.clone(), host.clone(), START, recorder.log());
    let mut told = Vec::new();
    let pass_on = |registry: &mut RecordedRegistry<_, _>, told: &mut Vec<Told>| {
        let events = registry.take_events(CLOCK).into_iter();
        told.extend(events.map(|(at, kind)| Told { at, clock: CLOCK, kind }));
    };

    registry.adopt(DENIED, host.pass(Duration::ZERO));
    for record in records(START) {
        let now = host.pass(Duration::from_millis(50));
        registry.record(record, now);
        registry.tick(now);
        pass_on(&mut registry, &mut told);
    }
    // Until the next sweep, which finds that the memory has grown.
    for _ in 0..20 {
        let now = host.pass(Duration::from_secs(1));
        registry.tick(now);
        pass_on(&mut registry, &mut told);
    }
    let now = host.pass(Duration::ZERO);
    registry.record(Record::Exit { head: head(GUEST, now), wait_status: 0x8600 }, now);
    pass_on(&mut registry, &mut told);
    let lost = EventKind::Lost(Loss { family: "hint".into(), stage: "throttled".into(), count: 3 });
    registry.told(now, CLOCK, &lost);
    told.push(Told { at: now, clock: CLOCK, kind: lost });
    recorder.finish().unwrap();
    told
}
