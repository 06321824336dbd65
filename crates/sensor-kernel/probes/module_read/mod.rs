//! Reads of module files through the page cache, by system call or by page fault.

use crate::{
    Settings,
    load::{SharedMaps, load_skeleton},
};
use libbpf_rs::Link;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/module_read.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "module_read";
pub(crate) const SEES: &str = "which module file a runtime read or mapped, although it closed it at once";
pub(crate) const COST: &str = "a module that is neither on the command line nor kept open stays unknown; interpreters without a memory trace are found by name and marker only";

pub(crate) fn start(settings: &Settings, shared: &SharedMaps) -> libbpf_rs::Result<Vec<Link>> {
    let loaded = load_skeleton!(skel, settings, Some(shared))?;
    Ok(vec![loaded.progs.on_read.attach()?, loaded.progs.on_map.attach()?, loaded.progs.on_fault.attach()?])
}
