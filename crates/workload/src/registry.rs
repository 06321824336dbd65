//! Which processes are workloads, since when, and what changed: a state machine over records, looks and time.
//!
//! Time points are `CLOCK_MONOTONIC` as a duration since its zero, the clock that the kernel's records carry.

use crate::{
    looker::{Hints, Look, LookError, ModuleRead, Sight, native_code},
    schedule::{Burst, Sweep},
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, VecDeque},
    time::Duration,
};
use wasmscope_model::{
    Confidence, EventKind, Evidence, FileVersion, Head, Interest, Pid, Record, Signal, Verdict, WorkloadId,
    activity::Throttled, event::Exit,
};
use wasmscope_runtimes::layout::reserves_for_memory;
use wasmscope_sensor_proc::ProcessError;

/// What the registry asks of the sensor.
pub trait Control {
    /// Reports as much of `pid` as `interest` says; returns the time of its first trace of Wasm, if the sensor saw one.
    fn set(&mut self, pid: u32, interest: Interest) -> Option<Duration>;
    /// Reports nothing more of `pid`.
    fn forget(&mut self, pid: u32);
    /// The workload that `pid` was has ended; another program may follow in the same process.
    fn ended(&mut self, pid: u32);
    /// Reports no more execs of this executable: it is no runtime.
    fn ignore(&mut self, executable: &FileVersion);
    /// Says where `pid` has guest code: from the first address to that behind the last.
    fn set_code(&mut self, pid: u32, code: Option<(u64, u64)>);
    /// Watches system calls of workloads, which costs the whole host a little, or stops doing so.
    fn watch_calls(&mut self, on: bool);
}

/// Most processes followed at once; more are counted, and the old ones kept.
const MOST_ENTRIES: usize = 32_768;
/// Most executables of runtimes remembered by what the kernel calls them.
const MOST_EXECUTABLES: usize = 1024;
/// Most reservations remembered of one process: the first.
const MOST_RESERVATIONS: usize = 8;
/// A reservation of the right size by a known runtime, whose shape nobody could look at.
const HINDSIGHT_WEIGHT: Confidence = Confidence::percent(70);
/// Most module reads remembered per process: the newest.
const MOST_READS: usize = 32;
/// Least time between two looks at one workload, whatever it does.
const LEAST_BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Calls are watched this long after the last workload ended, so that a series of short ones does not toggle it.
const WATCH_CALLS_AFTERGLOW: Duration = Duration::from_secs(10);

/// What is known of one process.
#[derive(Debug)]
struct Entry {
    hints: Hints,
    burst: Burst,
    /// The last successful look; `None` before the first.
    sight: Option<Sight>,
    is_workload: bool,
    /// Only its exec is known: the executable decides whether to look further.
    exec_only: bool,
    unchanged_looks: u32,
    last_look: Option<Duration>,
    first_trace: Option<Duration>,
    /// The executable as the kernel names it, and reservations heard of: what is left of a process that ended at once.
    executable: Option<FileVersion>,
    reserved: Vec<u64>,
    /// The workload that forked it, as long as it is not known for one itself.
    forked_by: Option<(WorkloadId, Pid)>,
    /// Where the sensor believes guest code to be.
    code: Option<(u64, u64)>,
}

impl Entry {
    fn new(now: Duration) -> Self {
        Self {
            hints: Hints::default(),
            burst: Burst::start(now),
            sight: None,
            is_workload: false,
            exec_only: false,
            unchanged_looks: 0,
            last_look: None,
            first_trace: None,
            executable: None,
            reserved: Vec::new(),
            forked_by: None,
            code: None,
        }
    }

    /// The workload it was although no look saw it run: a runtime whose module is known and which asked for a linear
    /// memory before it ended.
    fn in_hindsight(&self) -> Option<Sight> {
        let mut sight = self.sight.clone().filter(|s| !self.is_workload && !s.workload.modules.is_empty())?;
        let recognition = &mut sight.workload.recognition;
        let runtime = recognition.runtime.clone()?;
        let length = self.reserved.iter().find(|length| reserves_for_memory(&runtime, **length))?;
        recognition.evidence.push(Evidence {
            signal: Signal::Reservation,
            runtime: Some(runtime),
            weight: HINDSIGHT_WEIGHT,
            detail: format!(
                "asked for {length:#x} bytes of address space, and ended before they could be looked at"
            ),
        });
        recognition.evidence.sort_by_key(|e| e.signal);
        recognition.confidence = Confidence::combine(recognition.evidence.iter().map(|e| e.weight));
        recognition.verdict = Verdict::Workload;
        sight.workload.unknown.push("memory, functions: it ended before they could be read".into());
        Some(sight)
    }
}

/// An event and when it happened.
pub type Timed = (Duration, EventKind);

/// All processes that are, or may be, workloads.
#[derive(Debug)]
pub struct Registry<L, C> {
    looker: L,
    control: C,
    entries: HashMap<u32, Entry>,
    due: BinaryHeap<Reverse<(Duration, u32)>>,
    sweep: Sweep,
    sweep_queue: VecDeque<u32>,
    workloads: usize,
    watching_calls: bool,
    last_workload_end: Option<Duration>,
    events: Vec<Timed>,
    /// Executables known to be runtimes: tells of a process that nobody could look at in time.
    runtimes: HashSet<FileVersion>,
    /// Processes that were not followed because [`MOST_ENTRIES`] were.
    overflow: u64,
    /// Runtimes that ended before anything of them could be looked at.
    ended_unseen: u64,
    /// Calls and signals of processes that are no workloads any more, or not yet.
    filtered: u64,
    hooks: hooked::Waiting,
}

impl<L: Look, C: Control> Registry<L, C> {
    /// An empty registry.
    pub fn new(looker: L, control: C, now: Duration) -> Self {
        Self {
            looker,
            control,
            entries: HashMap::new(),
            due: BinaryHeap::new(),
            sweep: Sweep::new(now),
            sweep_queue: VecDeque::new(),
            workloads: 0,
            watching_calls: false,
            last_workload_end: None,
            events: Vec::new(),
            runtimes: HashSet::new(),
            overflow: 0,
            ended_unseen: 0,
            filtered: 0,
            hooks: hooked::Waiting::default(),
        }
    }

    /// Events since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Timed> {
        std::mem::take(&mut self.events)
    }

    /// Number of workloads now.
    pub fn workloads(&self) -> usize {
        self.workloads
    }

    /// Whether `pid` is followed already.
    pub fn knows(&self, pid: u32) -> bool {
        self.entries.contains_key(&pid)
    }

    /// Processes that were not followed for want of room, since the start.
    pub fn overflow(&self) -> u64 {
        self.overflow
    }

    /// Processes of known runtimes that ended before they could be looked at, since the start. Some were workloads.
    pub fn ended_unseen(&self) -> u64 {
        self.ended_unseen
    }

    /// Records that belong to no workload, since the start: the last ones of a process that has ended.
    pub fn filtered(&self) -> u64 {
        self.filtered
    }

    /// All workloads now, in no particular order.
    pub fn sights(&self) -> impl Iterator<Item = &Sight> {
        self.entries.values().filter(|e| e.is_workload).filter_map(|e| e.sight.as_ref())
    }

    /// The looker, to ask it about processes that are not followed yet.
    pub fn looker(&mut self) -> &mut L {
        &mut self.looker
    }

    /// The control, to ask the sensor about itself.
    pub fn control(&self) -> &C {
        &self.control
    }

    /// The control, to change what it keeps beside.
    pub fn control_mut(&mut self) -> &mut C {
        &mut self.control
    }

    /// Looks at a process that was already running.
    pub fn adopt(&mut self, pid: u32, now: Duration) {
        if self.knows(pid) {
            return;
        }
        let Some(entry) = self.entry(pid, now) else { return };
        entry.burst.end();
        self.look(pid, true);
        // A bystander is not followed at all; a host is, through sweeps.
        if self.entries.get(&pid).is_some_and(|e| e.sight.is_none()) {
            self.drop_entry(pid);
        }
    }

    /// Takes in one record.
    pub fn record(&mut self, record: Record, now: Duration) {
        let head = *record.head();
        let pid = head.process.pid.0;
        let time = Duration::from_nanos(head.monotonic_ns);
        match record {
            Record::Exec { args, exe, name, nameless, .. } => {
                self.executed(pid, &args, &name, nameless, time);
                self.exec(pid, args, exe, time, now);
            }
            Record::Fork { .. } => {
                let parent = self.workload_of(head.parent.0);
                if let Some((id, pid)) = parent {
                    self.events.push((time, EventKind::Forked { id, pid, child: head.process.pid }));
                }
                if let Some(entry) = self.entry(pid, now) {
                    entry.hints.thorough = true;
                    entry.forked_by = parent;
                }
                self.trigger(pid, now);
            }
            Record::Exit { wait_status, .. } => self.exit(&head, wait_status, time),
            Record::Reservation { length, .. } => {
                self.trace(pid, time, now, None);
                let entry = self.entries.get_mut(&pid).filter(|e| e.reserved.len() < MOST_RESERVATIONS);
                if let Some(entry) = entry {
                    entry.reserved.push(length);
                }
            }
            Record::ModuleRead { file: (_, inode), size, path, .. } => {
                self.trace(pid, time, now, Some(ModuleRead { inode, size, path }));
            }
            Record::MapChange { address, length, executable, .. } => {
                let settled = self.grow(pid, address, length, time);
                if !settled && (executable || self.has_empty_memory(pid)) {
                    self.trigger(pid, now);
                }
            }
            Record::Call(call) => self.call(*call, time),
            Record::Signal {
                signal,
                code,
                address,
                instruction_pointer,
                frame_pointer,
                handled,
                stack,
                ..
            } => {
                let fault =
                    RawFault { signal, code, address, instruction_pointer, frame_pointer, handled, stack };
                self.fault(&head, fault, time);
            }
            Record::Throttled { since_ns, withheld, rare, .. } => {
                let Some((id, pid)) = self.workload_of(pid) else { return };
                let budget = if rare { "rare" } else { "common" }.into();
                let throttled = Throttled { id, pid, count: withheld, since_ns, budget };
                self.events.push((time, EventKind::Throttled(throttled)));
            }
        }
    }

    /// When [`tick`](Self::tick) wants to be called next.
    pub fn next_tick(&self) -> Option<Duration> {
        let burst = self.due.peek().map(|Reverse((at, _))| *at);
        let sweep = (!self.entries.is_empty()).then(|| self.sweep.next());
        let detach = self.detach_at();
        [burst, sweep, detach, self.hooks.due()].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Duration) {
        while let Some(Reverse((at, pid))) = self.due.peek().copied() {
            if at > now {
                break;
            }
            self.due.pop();
            self.burst_look(pid, at);
        }
        if self.detach_at().is_some_and(|at| at <= now) {
            self.control.watch_calls(false);
            self.watching_calls = false;
        }
        self.hooks.expire(now);
        if self.sweep.next() <= now {
            let start = self.looker.now();
            self.sweep_step(start);
            let end = self.looker.now();
            self.sweep.stepped(end, end.saturating_sub(start));
        }
    }

    fn detach_at(&self) -> Option<Duration> {
        (self.watching_calls && self.workloads == 0)
            .then(|| self.last_workload_end.unwrap_or_default() + WATCH_CALLS_AFTERGLOW)
    }

    fn entry(&mut self, pid: u32, now: Duration) -> Option<&mut Entry> {
        if !self.entries.contains_key(&pid) && self.entries.len() >= MOST_ENTRIES {
            self.overflow += 1;
            return None;
        }
        Some(self.entries.entry(pid).or_insert_with(|| Entry::new(now)))
    }

    fn exec(&mut self, pid: u32, args: Vec<u8>, executable: FileVersion, time: Duration, now: Duration) {
        // The kernel's record, not a look, says that the old program is gone.
        self.end(pid, Exit::Exec, time);
        let Some(entry) = self.entry(pid, now) else { return };
        entry.exec_only = true;
        entry.executable = Some(executable);
        entry.hints.args = Some(args);
        self.trigger(pid, now);
    }

    /// A sign of Wasm: worth a thorough look, soon.
    fn trace(&mut self, pid: u32, time: Duration, now: Duration, read: Option<ModuleRead>) {
        let Some(entry) = self.entry(pid, now) else { return };
        entry.exec_only = false;
        entry.hints.thorough = true;
        entry.first_trace.get_or_insert(time);
        if let Some(read) = read
            && !entry.hints.reads.contains(&read)
        {
            if entry.hints.reads.len() == MOST_READS {
                entry.hints.reads.remove(0);
            }
            entry.hints.reads.push(read);
        }
        self.trigger(pid, now);
    }

    fn trigger(&mut self, pid: u32, now: Duration) {
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        // Before it is known, every sign counts; later, a busy workload must not keep us busy.
        let at = match entry.last_look {
            Some(last) if entry.is_workload => now.max(last + LEAST_BETWEEN_LOOKS),
            _ => now,
        };
        entry.unchanged_looks = 0;
        entry.burst = Burst::start(at);
        self.due.push(Reverse((at, pid)));
    }

    fn burst_look(&mut self, pid: u32, at: Duration) {
        let now = self.looker.now();
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        if entry.burst.next() != Some(at) {
            return; // superseded by a newer trigger
        }
        entry.burst.looked(now);
        if entry.exec_only {
            match self.looker.is_runtime(pid) {
                Ok(true) => {
                    if let Some(executable) = entry.executable
                        && self.runtimes.len() < MOST_EXECUTABLES
                    {
                        self.runtimes.insert(executable);
                    }
                }
                Ok(false) => {
                    if let Some(executable) = entry.executable {
                        self.control.ignore(&executable);
                    }
                    return self.drop_entry(pid);
                }
                // Gone: its exit record follows and cleans up. Not yet readable: the next look of the burst.
                Err(_) => return self.reschedule(pid),
            }
        }
        self.look(pid, false);
        self.reschedule(pid);
    }

    fn reschedule(&mut self, pid: u32) {
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        match entry.burst.next() {
            Some(next) => self.due.push(Reverse((next, pid))),
            None if entry.sight.as_ref().is_none_or(|s| s.workload.recognition.verdict == Verdict::None) => {
                self.drop_entry(pid);
            }
            None => {}
        }
    }

    fn look(&mut self, pid: u32, found_running: bool) {
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        entry.last_look = Some(self.looker.now());
        let sight = match self.looker.look(pid, &entry.hints) {
            Ok(sight) => sight,
            Err(LookError::Process(ProcessError::Denied(_))) => return self.drop_entry(pid),
            Err(error) => {
                tracing::debug!(pid, %error, "look failed");
                return;
            }
        };
        // What was found is known from here on, not from when the look began.
        let now = self.looker.now();
        match sight.workload.recognition.verdict {
            Verdict::Workload => self.workload(pid, sight, now, found_running),
            Verdict::Host | Verdict::None if entry.is_workload => {
                // It ran Wasm and may again: what was recognised stays, what is in memory now does not.
                let mut kept = entry.sight.clone().expect("a workload was seen");
                kept.layout = sight.layout;
                kept.workload.images = sight.workload.images;
                kept.workload.memories = sight.workload.memories;
                self.workload(pid, kept, now, false);
            }
            Verdict::Host => {
                let interest = Interest::Host { any_file: sight.dedicated };
                entry.sight = Some(sight);
                self.track(pid, interest);
            }
            Verdict::None if found_running => {}
            Verdict::None => entry.sight = Some(sight),
        }
    }

    fn workload(&mut self, pid: u32, sight: Sight, now: Duration, found_running: bool) {
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        if !entry.is_workload {
            entry.is_workload = true;
            self.workloads += 1;
            let interest = Interest::Workload { any_file: sight.dedicated };
            let workload = Box::new(sight.workload.clone());
            entry.sight = Some(sight);
            let heard = entry.first_trace;
            let first_trace = self.track(pid, interest).or(heard);
            let delay_ms = first_trace.map(|t| now.saturating_sub(t).as_secs_f64() * 1e3);
            self.events.push((now, EventKind::Started { workload, found_running, delay_ms }));
            if !self.watching_calls {
                self.control.watch_calls(true);
                self.watching_calls = true;
            }
            self.tell_code(pid);
            self.claim(pid, now);
            return;
        }
        let before = entry.sight.replace(sight).expect("a workload was seen");
        let after = &entry.sight.as_ref().expect("just set").workload;
        let changed = differences(&before, after);
        for memory in &after.memories {
            let previous = before.workload.memories.iter().find(|m| m.base == memory.base);
            if let Some(previous) = previous
                && previous.size_bytes < memory.size_bytes
                && previous.size_bytes > 0
            {
                self.events.push((now, grown(&before, memory, previous.size_bytes)));
            }
        }
        if changed.is_empty() {
            entry.unchanged_looks += 1;
            let pending = entry.sight.as_ref().is_some_and(|sight| sight.pending);
            if entry.unchanged_looks >= 2 && !after.modules.is_empty() && !pending {
                entry.burst.end();
            }
        } else {
            entry.unchanged_looks = 0;
            let workload = Box::new(after.clone());
            self.events.push((now, EventKind::Identified { workload, changed }));
            self.tell_code(pid);
        }
    }

    /// Lets the sensor search stacks for guest code.
    fn tell_code(&mut self, pid: u32) {
        let Some(entry) = self.entries.get_mut(&pid) else { return };
        let Some(sight) = &entry.sight else { return };
        let ranges = native_code(&sight.workload.images)
            .map(|i| (i.text_base, i.text_base.saturating_add(i.text_bytes)));
        let code = ranges.reduce(|(low, high), (start, end)| (low.min(start), high.max(end)));
        if code != entry.code {
            entry.code = code;
            self.control.set_code(pid, code);
        }
    }

    /// Tells the sensor, and makes sure that nothing is left behind if the process has ended meanwhile.
    fn track(&mut self, pid: u32, interest: Interest) -> Option<Duration> {
        let first_trace = self.control.set(pid, interest);
        if !self.looker.is_alive(pid) {
            self.control.forget(pid);
        }
        first_trace
    }

    /// A map change within a known memory that moves its end: exact, without a look.
    fn grow(&mut self, pid: u32, address: u64, length: u64, time: Duration) -> bool {
        let Some(sight) = self.entries.get_mut(&pid).and_then(|e| e.sight.as_mut()) else { return false };
        let Some(end) = address.checked_add(length) else { return false };
        let memory = sight.workload.memories.iter_mut().find(|m| {
            let reserved = m.base.saturating_add(m.limit_bytes.unwrap_or(1 << 32));
            m.base <= address && address <= m.base.saturating_add(m.size_bytes) && end <= reserved
        });
        let Some(memory) = memory else { return false };
        let previous = memory.size_bytes;
        let size = end - memory.base;
        if previous == 0 {
            return false; // being set up: a look tells its first size
        }
        if size > previous {
            memory.size_bytes = size;
            let memory = memory.clone();
            self.events.push((time, grown(sight, &memory, previous)));
        }
        true
    }

    fn has_empty_memory(&self, pid: u32) -> bool {
        let sight = self.entries.get(&pid).and_then(|e| e.sight.as_ref());
        sight.is_some_and(|s| s.workload.memories.iter().any(|m| m.size_bytes == 0))
    }

    fn exit(&mut self, head: &Head, wait_status: u32, time: Duration) {
        let pid = head.process.pid.0;
        let same = self
            .entries
            .get(&pid)
            .is_some_and(|e| e.sight.as_ref().is_none_or(|s| s.key.start_ticks == head.process.start_ticks));
        if !same {
            return;
        }
        let entry = &self.entries[&pid];
        if let Some(sight) = entry.in_hindsight() {
            let at = entry.first_trace.unwrap_or(time);
            self.workload(pid, sight, at, false);
        } else if entry.sight.is_none() && entry.executable.is_some_and(|exe| self.runtimes.contains(&exe)) {
            self.ended_unseen += 1;
        }
        self.end(pid, Exit::from_wait_status(wait_status), time);
        // The kernel forgot it when it ended; what hindsight told the sensor is stale.
        self.control.forget(pid);
    }

    /// Forgets `pid`, telling of the end if it was a workload.
    fn end(&mut self, pid: u32, how: Exit, time: Duration) {
        let Some(entry) = self.entries.remove(&pid) else { return };
        if !entry.is_workload {
            return;
        }
        self.workloads -= 1;
        self.last_workload_end = Some(time);
        self.control.ended(pid);
        let sight = entry.sight.expect("a workload was seen");
        self.hooks.ended(sight.key, sight.workload.id, time);
        let started = Duration::from_millis(sight.key.start_ticks.saturating_mul(10));
        self.events.push((
            time,
            EventKind::Exited {
                id: sight.workload.id,
                pid: sight.workload.pid,
                how,
                seconds: time.saturating_sub(started).as_secs_f64(),
            },
        ));
    }

    fn drop_entry(&mut self, pid: u32) {
        self.entries.remove(&pid);
        self.control.forget(pid);
    }

    /// Looks at the next quiet process: cheaply, and closely only where its layout changed.
    fn sweep_step(&mut self, now: Duration) {
        if self.sweep_queue.is_empty() {
            // In an order that a replay has too: a hash map's differs from run to run.
            let mut pids: Vec<_> = self.entries.keys().copied().collect();
            pids.sort_unstable();
            self.sweep_queue.extend(pids);
        }
        while let Some(pid) = self.sweep_queue.pop_front() {
            let Some(entry) = self.entries.get(&pid) else { continue };
            let Some(sight) = entry.sight.as_ref().filter(|_| entry.burst.is_over()) else { continue };
            match self.looker.glance(sight) {
                Ok(Some(memories)) => {
                    let mut sight = sight.clone();
                    sight.workload.memories = memories;
                    if entry.is_workload {
                        self.workload(pid, sight, now, false);
                    }
                }
                Ok(None) => self.look(pid, false),
                Err(
                    LookError::Process(ProcessError::Gone(_) | ProcessError::NoMemory(_))
                    | LookError::Changed(_),
                ) => {
                    // Its exit or exec was lost.
                    self.end(pid, Exit::Unseen, now);
                    self.control.forget(pid);
                }
                Err(LookError::Process(_)) => {}
            }
            return;
        }
    }
}

fn grown(sight: &Sight, memory: &wasmscope_model::LinearMemory, previous_bytes: u64) -> EventKind {
    EventKind::Grown {
        id: sight.workload.id,
        pid: sight.workload.pid,
        memory: memory.clone(),
        previous_bytes,
    }
}

/// Which parts of the identity changed. Sizes of memories are told by growth events instead, but for the first:
/// a memory is reserved before it is made accessible, and may be seen in between.
fn differences(before: &Sight, after: &wasmscope_model::Workload) -> Vec<String> {
    let before = &before.workload;
    let bases = |w: &wasmscope_model::Workload| {
        w.memories.iter().map(|m| (m.base, m.size_bytes > 0, m.instrumented)).collect::<Vec<_>>()
    };
    let runtime =
        |w: &wasmscope_model::Workload| (w.recognition.runtime.clone(), w.recognition.version.clone());
    [
        ("runtime", runtime(before) != runtime(after)),
        ("modules", before.modules != after.modules),
        ("images", before.images != after.images),
        ("memories", bases(before) != bases(after)),
        ("container", before.container != after.container),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(part, _)| part.to_owned())
    .collect()
}

mod acts;
mod hooked;
use acts::RawFault;

#[cfg(test)]
mod tests;
