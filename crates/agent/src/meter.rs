//! What workloads cost, for those who ask: counters of the kernel, of the event stream and of CPU samples, by workload.

mod guest_cpu;

use crate::{ledger::Row, watch::SensorControl};
use crossbeam_channel::{Sender, bounded};
use guest_cpu::GuestCpu;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};
use wasmscope_export::{
    AgentUsage, Direction, IoKind, IoUsage, QueueUsage, Snapshot, Source, StageCount, WORKLOADS,
    WorkloadUsage,
};
use wasmscope_model::{EventKind, Pid, ProbeReport, ProbeState, Workload, WorkloadId, event::Exit};
use wasmscope_recording::RecordedRegistry;
use wasmscope_sensor_kernel::{
    CpuSampler, Io, LedgerRow, ProcessUsage, SampleRing, TaskUsage, Usage, cpu_time,
};
use wasmscope_sensor_proc::Process;
use wasmscope_workload::{CounterReader, Look, Looker, Sight};

/// Workloads that have ended are told so long, so that a scrape every few minutes sees what they came to.
const TELL_ENDED: Duration = Duration::from_secs(300);
/// Most of them; the oldest go first. Together with those that run they stay below what can be exported.
const MOST_ENDED: usize = 1024;

/// Asks the watch loop, which has all state.
pub(crate) struct Scraper {
    pub(crate) ask: Sender<Sender<Snapshot>>,
}

impl Source for Scraper {
    fn snapshot(&self, timeout: Duration) -> Option<Snapshot> {
        let (answer, answered) = bounded(1);
        self.ask.send_timeout(answer, timeout).ok()?;
        answered.recv_timeout(timeout).ok()
    }
}

/// What is kept of a running workload between scrapes.
#[derive(Debug, Default)]
struct Running {
    /// When it was recognised, and when its process started, since the Unix epoch: as the host's clock was then.
    recognised: Duration,
    process_started: Option<Duration>,
    traps: BTreeMap<Cow<'static, str>, u64>,
    withheld: u64,
    /// Host calls that a policy refused, once hooks tell of any.
    denied: Option<u64>,
    detections: BTreeMap<String, u64>,
    /// What its instrumented modules counted when they were last asked.
    results: BTreeMap<String, u64>,
    cpu: (Duration, Duration),
    guest_cpu: GuestCpu,
}

type Watched = RecordedRegistry<Looker, SensorControl>;

/// Counts what the registry tells, and asks the kernel for the rest when somebody wants to know.
pub(crate) struct Meter {
    usage: Option<TaskUsage>,
    sampler: Option<(CpuSampler, SampleRing)>,
    probes: BTreeMap<String, ProbeState>,
    running: HashMap<WorkloadId, Running>,
    by_pid: HashMap<u32, WorkloadId>,
    ended: VecDeque<(Duration, WorkloadUsage)>,
    started: BTreeMap<String, u64>,
    exited: BTreeMap<&'static str, u64>,
    events: BTreeMap<&'static str, u64>,
    counters: CounterReader,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            usage: None,
            sampler: None,
            probes: BTreeMap::new(),
            running: HashMap::new(),
            by_pid: HashMap::new(),
            ended: VecDeque::new(),
            started: BTreeMap::new(),
            exited: BTreeMap::new(),
            events: BTreeMap::new(),
            counters: CounterReader::default(),
        }
    }

    /// Loads the probes that only metrics need, and reports on them.
    pub(crate) fn start(&mut self) -> Vec<ProbeReport> {
        let mut reports = Vec::new();
        match TaskUsage::load() {
            Ok(usage) => {
                self.usage = Some(usage);
                reports.push(TaskUsage::active());
            }
            Err(report) => reports.push(*report),
        }
        match CpuSampler::load(CpuSampler::USUAL_PERIOD) {
            Ok(sampler) => match sampler.ring() {
                Ok(ring) => {
                    self.sampler = Some((sampler, ring));
                    reports.push(CpuSampler::active());
                }
                Err(error) => tracing::warn!(%error, "no samples of CPU time"),
            },
            Err(report) => reports.push(*report),
        }
        reports
    }

    /// Every event that is told counts, and probes are remembered.
    pub(crate) fn count(&mut self, kind: &EventKind) {
        *self.events.entry(kind.name()).or_default() += 1;
        if let EventKind::Detected(detection) = kind
            && let Some(running) = self.running.get_mut(&detection.id)
        {
            *running.detections.entry(detection.rule.clone()).or_default() += 1;
        }
        if let EventKind::Sensor(report) = kind {
            self.probes.insert(report.name.clone(), report.state);
        }
    }

    /// Takes in what an event says of a workload. `offset` is the wall-clock time when monotonic time was zero.
    pub(crate) fn observe(
        &mut self,
        kind: &EventKind,
        at: Duration,
        offset: Duration,
        registry: &mut Watched,
    ) {
        match kind {
            EventKind::Started { workload, .. } => {
                let runtime = workload.recognition.runtime.clone().unwrap_or_else(|| "unknown".into());
                *self.started.entry(runtime).or_default() += 1;
                self.begin(workload, offset + at);
            }
            EventKind::Identified { workload, .. } => {
                if let Some(running) = self.running.get_mut(&workload.id) {
                    running.guest_cpu.learn(workload);
                }
            }
            EventKind::Trapped(fault) => {
                let kind = fault.trap.clone().unwrap_or(Cow::Borrowed("unknown"));
                self.trap(fault.actor.id, kind);
            }
            EventKind::Crashed(fault) => self.trap(fault.actor.id, Cow::Borrowed("crash")),
            EventKind::Throttled(throttled) => {
                if let Some(running) = self.running.get_mut(&throttled.id) {
                    running.withheld += throttled.count.unwrap_or(0);
                }
            }
            EventKind::InstanceStarted(of) => {
                self.running.entry(of.id).and_modify(|running| _ = running.denied.get_or_insert(0));
            }
            EventKind::HostCall(of) if of.what.what.denied_by.is_some() => {
                self.running.entry(of.id).and_modify(|running| *running.denied.get_or_insert(0) += 1);
            }
            EventKind::Exited { id, pid, how, .. } => {
                *self.exited.entry(exit_kind(how)).or_default() += 1;
                self.end(*id, *pid, at, registry);
            }
            _ => {}
        }
    }

    fn trap(&mut self, id: WorkloadId, kind: Cow<'static, str>) {
        if let Some(running) = self.running.get_mut(&id) {
            *running.traps.entry(kind).or_default() += 1;
        }
    }

    fn begin(&mut self, workload: &Workload, recognised: Duration) {
        let pid = workload.pid.0;
        let process_started = Duration::try_from_secs_f64(workload.started_unix).ok();
        let mut running = Running { recognised, process_started, ..Running::default() };
        running.guest_cpu.learn(workload);
        if running.guest_cpu.knows_code()
            && let Some((sampler, _)) = &mut self.sampler
            && let Err(error) = sampler.add(pid)
        {
            tracing::debug!(pid, %error, "its CPU time is not told by module");
        }
        self.by_pid.insert(pid, workload.id);
        self.running.insert(workload.id, running);
    }

    fn end(&mut self, id: WorkloadId, pid: Pid, at: Duration, registry: &mut Watched) {
        self.take_samples();
        if let Some((sampler, _)) = &mut self.sampler {
            sampler.remove(pid.0);
        }
        let usage = registry.control_mut().settled.remove(&pid.0);
        let Some(mut running) = self.running.remove(&id) else { return };
        self.by_pid.remove(&pid.0);
        let mut told = WorkloadUsage { running: false, ..WorkloadUsage::new(id, pid) };
        if let Some(usage) = &usage {
            if let Some(ended) = &usage.ended {
                running.cpu = cpu_time(ended, running.cpu);
                (told.cpu_user, told.cpu_system) = (Some(running.cpu.0), Some(running.cpu.1));
                told.minor_faults = Some(ended.minor_faults);
                told.major_faults = Some(ended.major_faults);
            }
            told.run_queue_wait = Some(usage.ended_run_delay);
            fill_calls(&mut told, usage);
        }
        running.fill(&mut told);
        if self.ended.len() == MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((at, told));
    }

    /// Empties the ring of CPU samples.
    pub(crate) fn take_samples(&mut self) {
        let Some((_, ring)) = &mut self.sampler else { return };
        let (by_pid, running) = (&self.by_pid, &mut self.running);
        let taken = ring.consume(|sample| {
            let workload = by_pid.get(&sample.process.pid.0).and_then(|id| running.get_mut(id));
            if let Some(workload) = workload {
                workload.guest_cpu.add(sample.ip, sample.in_kernel, Duration::from_nanos(sample.cpu_ns));
            }
        });
        if let Err(error) = taken {
            tracing::warn!(%error, "samples of CPU time cannot be read");
        }
    }

    /// The sampler's own ledger, and what of it could not be decoded.
    pub(crate) fn sample_ledger(&self) -> Option<(LedgerRow, u64)> {
        let (sampler, ring) = self.sampler.as_ref()?;
        Some((sampler.ledger().ok()?, ring.decode_errors()))
    }

    /// Everything that is known now.
    pub(crate) fn snapshot(
        &mut self,
        registry: &mut Watched,
        ledger: &[Row],
        queues: &[(&'static str, usize, Option<usize>)],
    ) -> Snapshot {
        self.take_samples();
        let now = registry.looker().now();
        self.ended.retain(|(at, _)| now.saturating_sub(*at) < TELL_ENDED);
        let mut workloads = self.running_workloads(registry);
        let running = workloads.len() as u64;
        workloads.extend(self.ended.iter().rev().map(|(_, usage)| usage.clone()));
        let not_exported = workloads.len().saturating_sub(WORKLOADS) as u64;
        workloads.truncate(WORKLOADS);
        Snapshot {
            workloads,
            running,
            started: self.started.iter().map(|(name, count)| (Cow::Owned(name.clone()), *count)).collect(),
            exited: self.exited.iter().map(|(name, count)| (Cow::Borrowed(*name), *count)).collect(),
            workloads_not_exported: not_exported,
            agent: self.agent(ledger, queues),
        }
    }

    fn running_workloads(&mut self, registry: &Watched) -> Vec<WorkloadUsage> {
        let pids: Vec<u32> = self.by_pid.keys().copied().collect();
        let processes = self.usage.as_mut().and_then(|usage| match usage.usage(&pids) {
            Ok(processes) => Some(processes),
            Err(error) => {
                tracing::warn!(%error, "the kernel does not say what processes cost");
                None
            }
        });
        let processes: HashMap<u32, ProcessUsage> =
            processes.into_iter().flatten().map(|usage| (usage.process.pid.0, usage)).collect();
        let mut workloads = Vec::new();
        for sight in registry.sights() {
            let workload = &sight.workload;
            let mut told = WorkloadUsage::new(workload.id, workload.pid);
            let usage = registry.control().tracker.usage(workload.pid.0);
            if let Some(usage) = &usage {
                fill_calls(&mut told, usage);
            }
            let process = processes.get(&workload.pid.0);
            let process = process.filter(|process| process.process.start_ticks == sight.key.start_ticks);
            if let Some(process) = process {
                (told.cpu_user, told.cpu_system) = (Some(process.cpu_user), Some(process.cpu_system));
                let waited = usage.map_or(Duration::ZERO, |usage| usage.ended_run_delay);
                told.run_queue_wait = process.run_queue_wait.map(|living| living + waited);
                told.threads = Some(process.threads.into());
                told.resident_bytes = Some(process.resident_bytes);
                told.minor_faults = Some(process.minor_faults);
                told.major_faults = Some(process.major_faults);
                told.open_descriptors = Some(process.open_descriptors.into());
            }
            told.linear_memory_bytes = Some(workload.memory_bytes());
            let limits: Option<u64> = workload.memories.iter().map(|memory| memory.limit_bytes).sum();
            told.linear_memory_limit_bytes = limits.filter(|_| !workload.memories.is_empty());
            if let Some(running) = self.running.get_mut(&workload.id) {
                if let Some(process) = process {
                    running.cpu = (process.cpu_user, process.cpu_system);
                }
                if let Some(results) = results(&mut self.counters, sight) {
                    running.results = results;
                }
                running.fill(&mut told);
            }
            workloads.push(told);
        }
        // The same ones come first each time.
        workloads.sort_by_key(|workload| workload.pid);
        workloads
    }

    fn agent(&self, ledger: &[Row], queues: &[(&'static str, usize, Option<usize>)]) -> AgentUsage {
        let stage = |row: &Row| StageCount {
            family: Cow::Borrowed(row.family),
            stage: Cow::Borrowed(row.stage),
            count: row.count,
        };
        AgentUsage {
            version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
            events: self.events.iter().map(|(name, count)| (Cow::Borrowed(*name), *count)).collect(),
            losses: ledger.iter().filter(|row| row.lost).map(stage).collect(),
            records: ledger.iter().filter(|row| !row.lost).map(stage).collect(),
            probes: self.probes.iter().map(|(name, state)| (Cow::Owned(name.clone()), *state)).collect(),
            queues: queues
                .iter()
                .map(|(name, length, capacity)| QueueUsage {
                    name: Cow::Borrowed(name),
                    length: *length as u64,
                    capacity: capacity.map_or(0, |capacity| capacity as u64),
                })
                .collect(),
            cpu: Some(wasmscope_sensor_proc::own_cpu()),
            resident_bytes: wasmscope_sensor_proc::own_resident_bytes().ok(),
            detection_evictions: None,
            undecided_acts: None,
            rules: Vec::new(),
        }
    }
}

impl Running {
    fn fill(&self, told: &mut WorkloadUsage) {
        let about = self.guest_cpu.about();
        told.recognised = Some(self.recognised);
        told.process_started = self.process_started;
        told.runtime.clone_from(&about.runtime);
        told.version.clone_from(&about.version);
        told.module.clone_from(&about.module);
        told.module_sha256 = about.module_sha256;
        told.container.clone_from(&about.container);
        told.pod.clone_from(&about.pod);
        told.traps = self.traps.iter().map(|(kind, count)| (kind.clone(), *count)).collect();
        told.host_calls_denied = self.denied;
        told.events_withheld = Some(self.withheld);
        told.detections =
            self.detections.iter().map(|(rule, count)| (Cow::Owned(rule.clone()), *count)).collect();
        told.guest_results =
            self.results.iter().map(|(name, value)| (Cow::Owned(name.clone()), *value)).collect();
        told.guest_cpu = self.guest_cpu.by_module();
        told.outside_cpu = self.guest_cpu.outside();
    }
}

/// What the instrumented modules of a workload count now, added up by name; `None` where there are none, or it is gone.
fn results(counters: &mut CounterReader, sight: &Sight) -> Option<BTreeMap<String, u64>> {
    let memories = &sight.workload.memories;
    if !memories.iter().any(|memory| memory.instrumented) {
        return None;
    }
    let process = Process::open(sight.key.pid.0).ok().filter(|process| *process.key() == sight.key)?;
    let memory = process.memory().ok()?;
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for read in counters.read(sight.key, &memory, memories) {
        match read {
            Ok(read) => {
                for (name, value) in read.reading.results {
                    let sum = sums.entry(name).or_default();
                    *sum = sum.saturating_add(value);
                }
            }
            Err((base, why)) => {
                tracing::debug!(pid = sight.key.pid.0, base, %why, "counters that cannot be read")
            }
        }
    }
    Some(sums)
}

fn fill_calls(told: &mut WorkloadUsage, usage: &Usage) {
    told.syscalls = usage.calls.iter().map(|(name, count)| (Cow::Borrowed(*name), *count)).collect();
    told.syscall_errors = usage.errors.iter().map(|(name, count)| (Cow::Borrowed(*name), *count)).collect();
    let of = |direction, all: &[Io; 3]| {
        let kinds = [IoKind::File, IoKind::Network, IoKind::Stream];
        let one = move |(kind, io): (IoKind, Io)| IoUsage {
            kind,
            direction,
            operations: io.operations,
            bytes: io.bytes,
        };
        kinds.into_iter().zip(*all).map(one)
    };
    told.io = of(Direction::Read, &usage.reads).chain(of(Direction::Write, &usage.writes)).collect();
}

fn exit_kind(how: &Exit) -> &'static str {
    match how {
        Exit::Code { .. } => "code",
        Exit::Signal { .. } => "signal",
        Exit::Exec => "exec",
        Exit::Unseen => "unseen",
    }
}
