//! Large address-space reservations: a new linear memory in any process, whatever the runtime is called.

use crate::{
    Settings,
    load::{SharedMaps, load_skeleton},
};
use libbpf_rs::Link;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/reservation.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "reservation";
pub(crate) const SEES: &str = "new linear memories of any runtime, at the moment they are reserved";
pub(crate) const COST: &str =
    "a runtime inside a program that is no known runtime is found by the next sweep, not within 200 ms";

pub(crate) fn start(settings: &Settings, shared: &SharedMaps) -> libbpf_rs::Result<Vec<Link>> {
    let least_bytes = settings.least_reservation_bytes;
    let loaded = load_skeleton!(skel, settings, Some(shared), |rodata| {
        rodata.least_bytes = least_bytes;
    })?;
    Ok(vec![loaded.progs.on_reservation.attach()?])
}
