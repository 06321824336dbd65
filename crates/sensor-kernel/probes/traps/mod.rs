//! Traps of guests, and crashes of runtimes.

use crate::{
    Settings,
    load::{SharedMaps, load_skeleton},
};
use libbpf_rs::Link;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/traps.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "traps";
pub(crate) const SEES: &str = "traps of guests and crashes of runtimes, with the place in the guest's code";
pub(crate) const COST: &str = "traps are not seen; a crash shows only as the end of the process";

pub(crate) fn start(settings: &Settings, shared: &SharedMaps) -> libbpf_rs::Result<Vec<Link>> {
    let loaded = load_skeleton!(skel, settings, Some(shared))?;
    Ok(vec![loaded.progs.on_signal.attach()?])
}
