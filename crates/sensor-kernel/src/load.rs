//! Loading probes: settings before load, maps shared between objects, the kernel's answer kept.

use crate::{Scope, Settings};
use libbpf_rs::{MapHandle, OpenObject};
use std::{cell::RefCell, mem::MaybeUninit};
use wasmscope_model::ProbeReport;

/// The maps of `common.bpf.h`, owned by the first probe that loaded.
#[derive(Debug)]
pub(crate) struct SharedMaps {
    pub(crate) lifecycle_ring: MapHandle,
    pub(crate) hint_ring: MapHandle,
    pub(crate) call_ring: MapHandle,
    pub(crate) tracked: MapHandle,
    pub(crate) slots: MapHandle,
    pub(crate) free_slots: MapHandle,
    pub(crate) owners: MapHandle,
    pub(crate) usage: MapHandle,
    pub(crate) code: MapHandle,
    pub(crate) scope_tree: MapHandle,
    pub(crate) bystanders: MapHandle,
    pub(crate) readers: MapHandle,
    pub(crate) ledger: MapHandle,
}

/// The base layer did not load.
#[derive(Debug, thiserror::Error)]
#[error("cannot observe this host: {}: {}{}", .0.name, .0.reason, remedy(&.0.remedy))]
pub struct LoadError(pub Box<ProbeReport>);

fn remedy(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n  to do: {text}") }
}

/// One try to load a probe, with what libbpf said about it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: libbpf_rs::Error,
    pub(crate) said: String,
}

/// What the skeletons' identical `rodata` start with.
pub(crate) struct Constants {
    pub(crate) own_pid: u32,
    pub(crate) scope: u32,
    pub(crate) cgroup_id: u64,
    pub(crate) cgroup_level: u32,
    pub(crate) tokens_per_second: [u32; 3],
}

impl Constants {
    pub(crate) fn of(settings: &Settings) -> Self {
        let (scope, cgroup_id, cgroup_level) = match &settings.scope {
            Scope::Host => (0, 0, 0),
            Scope::Tree(_) => (1, 0, 0),
            Scope::Cgroup(cgroup) => (2, cgroup.id, cgroup.level),
        };
        Self {
            own_pid: std::process::id(),
            scope,
            cgroup_id,
            cgroup_level,
            tokens_per_second: [
                settings.hints_per_second,
                settings.calls_per_second,
                settings.rare_calls_per_second,
            ],
        }
    }
}

/// Storage that libbpf-rs wants to outlive the skeleton. A pointer's worth is leaked per load; the BPF object
/// itself is freed with the skeleton.
pub(crate) fn slot() -> &'static mut MaybeUninit<OpenObject> {
    Box::leak(Box::new(MaybeUninit::uninit()))
}

/// How often the kernel did not run a program, because the same one was running on that processor.
pub(crate) fn missed_runs(program: &libbpf_rs::ProgramMut<'_>) -> u64 {
    use std::os::fd::{AsFd as _, AsRawFd as _};
    let mut info = libbpf_rs::libbpf_sys::bpf_prog_info::default();
    let mut bytes = size_of_val(&info) as u32;
    // SAFETY: `info` is plain data of the length that is passed; the descriptor is open.
    let asked = unsafe {
        libbpf_rs::libbpf_sys::bpf_obj_get_info_by_fd(
            program.as_fd().as_raw_fd(),
            (&raw mut info).cast(),
            &raw mut bytes,
        )
    };
    if asked == 0 { info.recursion_misses } else { 0 }
}

thread_local! {
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Most that is kept of libbpf's and the verifier's words about one load.
const SAID_BYTES: usize = 64 * 1024;

fn listen(_level: libbpf_rs::PrintLevel, message: String) {
    SAID.with_borrow_mut(|said| {
        if said.len() + message.len() <= SAID_BYTES {
            said.push_str(&message);
        }
    });
}

/// Runs `load`, keeping libbpf's words off the user's terminal and in the refusal.
pub(crate) fn attempt<T>(load: impl FnOnce() -> libbpf_rs::Result<T>) -> Result<T, Refusal> {
    SAID.with_borrow_mut(String::clear);
    let before = libbpf_rs::set_print(Some((libbpf_rs::PrintLevel::Info, listen)));
    let result = load();
    libbpf_rs::set_print(before);
    result.map_err(|error| {
        let said = SAID.take();
        // The report quotes one line; whoever ports a probe to another kernel needs them all.
        tracing::debug!(%error, "{said}");
        Refusal { error, said }
    })
}

/// Opens a skeleton, sets its constants, shares maps, loads.
macro_rules! load_skeleton {
    ($skel:ident, $settings:expr, $shared:expr $(, |$rodata:ident| $more:block)?) => {{
        use libbpf_rs::skel::{OpenSkel as _, SkelBuilder as _};
        let constants = $crate::load::Constants::of($settings);
        let mut open = $skel::ProbeSkelBuilder::default().open($crate::load::slot())?;
        let rodata = open.maps.rodata_data.as_deref_mut().expect("every probe has constants");
        rodata.own_pid = constants.own_pid;
        rodata.scope = constants.scope;
        rodata.scope_cgroup_id = constants.cgroup_id;
        rodata.scope_cgroup_level = constants.cgroup_level;
        rodata.tokens_per_second = constants.tokens_per_second;
        $( let $rodata = rodata; $more )?
        let shared: Option<&$crate::load::SharedMaps> = $shared;
        if let Some(shared) = shared {
            use std::os::fd::AsFd as _;
            open.maps.lifecycle_ring.reuse_fd(shared.lifecycle_ring.as_fd())?;
            open.maps.hint_ring.reuse_fd(shared.hint_ring.as_fd())?;
            open.maps.call_ring.reuse_fd(shared.call_ring.as_fd())?;
            open.maps.tracked.reuse_fd(shared.tracked.as_fd())?;
            open.maps.slots.reuse_fd(shared.slots.as_fd())?;
            open.maps.free_slots.reuse_fd(shared.free_slots.as_fd())?;
            open.maps.owners.reuse_fd(shared.owners.as_fd())?;
            open.maps.usage.reuse_fd(shared.usage.as_fd())?;
            open.maps.code.reuse_fd(shared.code.as_fd())?;
            open.maps.scope_tree.reuse_fd(shared.scope_tree.as_fd())?;
            open.maps.bystanders.reuse_fd(shared.bystanders.as_fd())?;
            open.maps.readers.reuse_fd(shared.readers.as_fd())?;
            open.maps.ledger.reuse_fd(shared.ledger.as_fd())?;
        } else {
            let sizes = &$settings.sizes;
            open.maps.lifecycle_ring.set_max_entries(sizes.lifecycle_ring_bytes)?;
            open.maps.hint_ring.set_max_entries(sizes.hint_ring_bytes)?;
            open.maps.call_ring.set_max_entries(sizes.call_ring_bytes)?;
            open.maps.tracked.set_max_entries(sizes.processes)?;
            let workloads = sizes.workloads.min($crate::slots::MOST);
            open.maps.free_slots.set_max_entries(workloads)?;
            open.maps.usage.set_max_entries(workloads + 1)?;
            open.maps.owners.set_max_entries(workloads + 1)?;
            open.maps.code.set_max_entries(sizes.workloads)?;
        }
        open.load()
    }};
}
pub(crate) use load_skeleton;
