//! Memories that grow and code that appears, in workloads, while there are any.

use crate::{
    Settings,
    load::{SharedMaps, load_skeleton},
};
use libbpf_rs::Link;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/map_change.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "map_change";
pub(crate) const SEES: &str = "growth of linear memories and newly loaded code, as it happens";
pub(crate) const COST: &str = "growth and later modules of a running workload are found by the next sweep";

/// Loaded, and attached only on demand: attaching puts every process of the host on the slow system-call path.
pub(crate) struct MapChange {
    loaded: skel::ProbeSkel<'static>,
    link: Option<Link>,
}

impl std::fmt::Debug for MapChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MapChange").field("attached", &self.link.is_some()).finish_non_exhaustive()
    }
}

impl MapChange {
    pub(crate) fn load(settings: &Settings, shared: &SharedMaps) -> libbpf_rs::Result<Self> {
        Ok(Self { loaded: load_skeleton!(skel, settings, Some(shared))?, link: None })
    }

    pub(crate) fn set_attached(&mut self, on: bool) -> libbpf_rs::Result<()> {
        match (on, &self.link) {
            (true, None) => self.link = Some(self.loaded.progs.on_sys_exit.attach()?),
            (false, Some(_)) => self.link = None,
            _ => {}
        }
        Ok(())
    }
}
