//! Start, exec, fork and end of processes. The base of everything: without it nothing new is found.

use crate::{
    Settings,
    load::{SharedMaps, load_skeleton},
    slots,
};
use libbpf_rs::{Link, MapHandle};

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/lifecycle.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "lifecycle";
pub(crate) const SEES: &str = "processes that start, exec, fork and end";
pub(crate) const COST: &str =
    "new workloads and their ends are not seen; only `ps` and `inspect` work, by polling /proc";

/// Loads and attaches; the maps it creates are those that all probes share.
pub(crate) fn start(settings: &Settings) -> libbpf_rs::Result<(Vec<Link>, SharedMaps)> {
    let loaded = load_skeleton!(skel, settings, None)?;
    slots::free_all(&loaded.maps.free_slots)?;
    let links =
        vec![loaded.progs.on_exec.attach()?, loaded.progs.on_fork.attach()?, loaded.progs.on_exit.attach()?];
    let maps = &loaded.maps;
    let shared = SharedMaps {
        lifecycle_ring: MapHandle::try_from(&maps.lifecycle_ring)?,
        hint_ring: MapHandle::try_from(&maps.hint_ring)?,
        call_ring: MapHandle::try_from(&maps.call_ring)?,
        tracked: MapHandle::try_from(&maps.tracked)?,
        slots: MapHandle::try_from(&maps.slots)?,
        free_slots: MapHandle::try_from(&maps.free_slots)?,
        owners: MapHandle::try_from(&maps.owners)?,
        usage: MapHandle::try_from(&maps.usage)?,
        code: MapHandle::try_from(&maps.code)?,
        scope_tree: MapHandle::try_from(&maps.scope_tree)?,
        bystanders: MapHandle::try_from(&maps.bystanders)?,
        readers: MapHandle::try_from(&maps.readers)?,
        ledger: MapHandle::try_from(&maps.ledger)?,
    };
    Ok((links, shared))
}
