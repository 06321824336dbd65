//! A host with one known workload, that exists only here.

use crate::samples::{PID, START_STACK, STARTED_NS};
use lru::LruCache;
use std::{num::NonZeroUsize, time::Duration};
use wasmscope_model::{
    BootId, Confidence, Container, FileVersion, Frame, GuestStack, Interest, LinearMemory, Pid, ProcessKey,
    RawStack, Recognition, Verdict, Workload, WorkloadId, activity::Word,
};
use wasmscope_sensor_proc::{ProcessError, monotonic};
use wasmscope_workload::{Control, FaultSight, Hints, Look, LookError, Sight};

/// As the looker has it.
const MOST_STACKS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Answers for the workload, with stacks that were resolved before, as those of a loop are.
pub(crate) struct Known {
    stacks: LruCache<(ProcessKey, u64, RawStack), Result<GuestStack, Word>>,
}

impl Known {
    pub(crate) fn new() -> Self {
        Self { stacks: LruCache::new(MOST_STACKS) }
    }
}

impl Look for Known {
    fn look(&mut self, pid: u32, _: &Hints) -> Result<Sight, LookError> {
        if pid == PID { Ok(sight()) } else { Err(ProcessError::Gone(pid).into()) }
    }

    fn is_runtime(&mut self, _: u32) -> Result<bool, LookError> {
        Ok(true)
    }

    fn now(&self) -> Duration {
        monotonic()
    }

    fn is_alive(&mut self, _: u32) -> bool {
        true
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        Ok(Some(known.workload.memories.clone()))
    }

    fn stack(&mut self, known: &Sight, raw: &RawStack) -> Result<GuestStack, Word> {
        let asked = (known.key, known.layout, raw.clone());
        if let Some(known) = self.stacks.get(&asked) {
            return known.clone();
        }
        let found = Ok(stack());
        self.stacks.push(asked, found.clone());
        found
    }

    fn fault(&mut self, known: &Sight, _: u64, _: u64, raw: &RawStack) -> FaultSight {
        FaultSight { in_guest: true, trap: None, stack: self.stack(known, raw) }
    }
}

/// A sensor that is asked for nothing.
pub(crate) struct NoSensor;

impl Control for NoSensor {
    fn set(&mut self, _: u32, _: Interest) -> Option<Duration> {
        None
    }

    fn ended(&mut self, _pid: u32) {}

    fn forget(&mut self, _: u32) {}

    fn ignore(&mut self, _: &FileVersion) {}

    fn set_code(&mut self, _: u32, _: Option<(u64, u64)>) {}

    fn watch_calls(&mut self, _: bool) {}
}

/// Eight functions, as deep as a file is usually opened.
fn stack() -> GuestStack {
    let names =
        ["__wasilibc_open_nomode", "open", "fopen", "read_entry", "lookup", "serve", "main", "_start"];
    let frames = names.iter().enumerate().map(|(depth, name)| Frame {
        module_index: 0,
        function_index: 40 + depth as u32,
        name: Some((*name).into()),
        offset: Some(0x1000 + 97 * depth as u32),
    });
    GuestStack { frames: frames.collect(), cut: false }
}

fn sight() -> Sight {
    let key = ProcessKey::from_kernel(PID, STARTED_NS, START_STACK);
    let recognition = Recognition {
        verdict: Verdict::Workload,
        runtime: Some("wasmtime".into()),
        version: Some("49.0.3".into()),
        confidence: Confidence::percent(99),
        evidence: Vec::new(),
    };
    let workload = Workload {
        id: WorkloadId::new(&BootId("boot".into()), &key),
        pid: Pid(PID),
        namespace_pid: None,
        parent_pid: Pid(1),
        uid: 0,
        started_unix: 0.0,
        executable: Some("/usr/bin/wasmtime".into()),
        recognition,
        modules: Vec::new(),
        images: Vec::new(),
        memories: Vec::new(),
        container: Container::default(),
        unknown: Vec::new(),
    };
    Sight { key, workload, dedicated: true, layout: 1, pending: false }
}
