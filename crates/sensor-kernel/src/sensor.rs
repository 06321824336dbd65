//! The loaded probes.

use crate::{
    Arrivals, Ledger, LoadError, Rings, Scope, Tracker,
    calls_probe::{self, Calls},
    doctor::pid_namespace,
    host, lifecycle,
    load::{Refusal, SharedMaps, attempt},
    module_read,
    record::VmaRecord,
    reservation, task_vma, traps,
};
use libbpf_rs::{Link, MapHandle};
use std::sync::Arc;
use wasmscope_model::{ProbeReport, ProbeState};

/// What to observe, and how much of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which processes.
    pub scope: Scope,
    /// Most hints (reservations, module reads, map changes) per process and second; more are counted as throttled.
    pub hints_per_second: u32,
    /// Most calls and traps told per process and second; more are counted as throttled.
    pub calls_per_second: u32,
    /// The same for those that are rare in sound workloads (`ptrace`, `mount`, …), which have a budget of their own.
    pub rare_calls_per_second: u32,
    /// Tell which guest functions led to a call.
    pub guest_stacks: bool,
    /// Numbers of told calls, and the signal that the kernel sends to the workload which made one.
    pub signals: Vec<(usize, u8)>,
    /// Sizes of the kernel's maps.
    pub sizes: Sizes,
    /// Least length of a reservation that is reported, in bytes.
    pub least_reservation_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scope: Scope::Host,
            hints_per_second: 64,
            calls_per_second: 1000,
            rare_calls_per_second: 100,
            guest_stacks: true,
            signals: Vec::new(),
            sizes: Sizes::default(),
            least_reservation_bytes: 1 << 30,
        }
    }
}

/// How much the kernel keeps for us. Rings are powers of two and at least a page.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Starts, execs, forks, ends.
    pub lifecycle_ring_bytes: u32,
    /// Reservations, module reads, map changes.
    pub hint_ring_bytes: u32,
    /// Calls and signals.
    pub call_ring_bytes: u32,
    /// Processes that are followed.
    pub processes: u32,
    /// Workloads that are measured; those beyond are counted, and told of without numbers.
    pub workloads: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            lifecycle_ring_bytes: 2 << 20,
            hint_ring_bytes: 512 << 10,
            call_ring_bytes: 4 << 20,
            processes: 32_768,
            workloads: 4096,
        }
    }
}

/// Probes that are loaded and attached. Dropping it detaches them all.
#[derive(Debug)]
pub struct Sensor {
    settings: Settings,
    shared: SharedMaps,
    calls: Option<Calls>,
    arrivals: Arc<Arrivals>,
    _links: Vec<Link>,
}

impl Sensor {
    /// Loads and attaches what the kernel lets us, and reports on every probe.
    ///
    /// # Errors
    /// The lifecycle probe was refused, or processes cannot be told by their ids: there is nothing to build on.
    pub fn load(settings: &Settings) -> Result<(Self, Vec<ProbeReport>), LoadError> {
        let namespace = pid_namespace();
        if namespace.state == ProbeState::Refused {
            return Err(LoadError(Box::new(namespace)));
        }
        let mut reports = Vec::new();
        let (mut links, shared) = match attempt(|| lifecycle::start(settings)) {
            Ok(started) => started,
            Err(refusal) => {
                return Err(LoadError(Box::new(refused(lifecycle::NAME, lifecycle::COST, true, &refusal))));
            }
        };
        reports.push(active(lifecycle::NAME, lifecycle::SEES, true));

        let mut optional = |name, sees, cost, started: Result<Vec<Link>, Refusal>| match started {
            Ok(more) => {
                links.extend(more);
                reports.push(active(name, sees, false));
            }
            Err(refusal) => reports.push(degraded(name, cost, &refusal)),
        };
        optional(
            reservation::NAME,
            reservation::SEES,
            reservation::COST,
            attempt(|| reservation::start(settings, &shared)),
        );
        optional(
            module_read::NAME,
            module_read::SEES,
            module_read::COST,
            attempt(|| module_read::start(settings, &shared)),
        );
        optional(traps::NAME, traps::SEES, traps::COST, attempt(|| traps::start(settings, &shared)));
        let calls = match attempt(|| Calls::load(settings, &shared)) {
            Ok(loaded) => {
                reports.push(active(calls_probe::NAME, calls_probe::SEES, false));
                Some(loaded)
            }
            Err(refusal) => {
                reports.push(degraded(calls_probe::NAME, calls_probe::COST, &refusal));
                None
            }
        };
        let sensor =
            Self { settings: settings.clone(), shared, calls, arrivals: Arc::default(), _links: links };
        Ok((sensor, reports))
    }

    /// The rings, for the thread that drains them.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn rings(&self) -> libbpf_rs::Result<Rings> {
        Ok(Rings {
            lifecycle: MapHandle::try_from(&self.shared.lifecycle_ring)?,
            hint: MapHandle::try_from(&self.shared.hint_ring)?,
            call: MapHandle::try_from(&self.shared.call_ring)?,
            arrivals: Arc::clone(&self.arrivals),
        })
    }

    /// The list of tracked processes; a tree scope is filled with its present members.
    ///
    /// # Errors
    /// No file descriptor is left, or the tree has more processes than the map has slots.
    pub fn tracker(&self) -> libbpf_rs::Result<Tracker> {
        Tracker::new(&self.shared, &self.settings.scope)
    }

    /// Attaches or detaches the probe that costs every process of the host a little; returns whether it is attached.
    pub fn watch_calls(&mut self, on: bool) -> bool {
        let Some(probe) = &mut self.calls else { return false };
        match attempt(|| probe.set_attached(on)) {
            Ok(()) => on,
            Err(refusal) => {
                tracing::warn!(error = %refusal.error, "cannot attach calls");
                false
            }
        }
    }

    /// Losses so far.
    ///
    /// # Errors
    /// The kernel refuses to read the map, which it does not.
    pub fn ledger(&self) -> libbpf_rs::Result<Ledger> {
        Ledger::read(&self.shared)
    }

    /// System calls that were not seen because the kernel does not run a program inside itself.
    pub fn missed(&self) -> u64 {
        self.calls.as_ref().map_or(0, Calls::missed)
    }

    /// What came out of the rings so far.
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }
}

/// Mappings of interest of every process of the host, by the BPF iterator; `Err` says why it cannot be had.
///
/// # Errors
/// The kernel refuses the iterator; scan `/proc` instead.
pub fn running_processes(settings: &Settings) -> Result<(Vec<VmaRecord>, bool), Box<ProbeReport>> {
    attempt(|| task_vma::pass(settings))
        .map(|pass| (pass.records, pass.cut))
        .map_err(|refusal| Box::new(degraded(task_vma::NAME, task_vma::COST, &refusal)))
}

pub(crate) fn active(name: &str, sees: &str, required: bool) -> ProbeReport {
    ProbeReport {
        name: name.into(),
        state: ProbeState::Active,
        reason: String::new(),
        visibility: sees.into(),
        remedy: String::new(),
        required,
    }
}

/// Refused, but sweeps, command lines or `/proc` stand in for it.
pub(crate) fn degraded(name: &str, cost: &str, refusal: &Refusal) -> ProbeReport {
    ProbeReport { state: ProbeState::Degraded, ..refused(name, cost, false, refusal) }
}

pub(crate) fn refused(name: &str, cost: &str, required: bool, refusal: &Refusal) -> ProbeReport {
    let (reason, remedy) = host::explain(refusal);
    ProbeReport {
        name: name.into(),
        state: ProbeState::Refused,
        reason,
        visibility: cost.into(),
        remedy,
        required,
    }
}
