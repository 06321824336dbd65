//! What workloads ask of the kernel, and memories that grow, while there are any.

use crate::{
    Settings,
    calls::specs,
    load::{SharedMaps, load_skeleton, missed_runs},
};
use libbpf_rs::Link;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/calls.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "calls";
pub(crate) const SEES: &str =
    "system calls of workloads: counts, files, network, what is sensitive; growth of memories, new code";
pub(crate) const COST: &str =
    "no events of files and network, no counts; growth and later modules are found by the next sweep";

/// Loaded, and attached only on demand: attaching puts every process of the host on the slow system-call path.
pub(crate) struct Calls {
    loaded: skel::ProbeSkel<'static>,
    link: Option<Link>,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("attached", &self.link.is_some()).finish_non_exhaustive()
    }
}

impl Calls {
    pub(crate) fn load(settings: &Settings, shared: &SharedMaps) -> libbpf_rs::Result<Self> {
        let stacks = settings.guest_stacks;
        let signals = settings.signals.clone();
        let loaded = load_skeleton!(skel, settings, Some(shared), |rodata| {
            rodata.stacks = stacks;
            for slot in &mut rodata.specs {
                slot.class = types::call_class::CALL_COUNTED.0 as u8;
            }
            for (number, spec) in specs() {
                let index = |argument: Option<u8>| argument.unwrap_or(u8::MAX);
                rodata.specs[number] = types::call_spec {
                    class: spec.class as u8,
                    rare: spec.rare.into(),
                    failures_only: spec.failures_only.into(),
                    target: index(spec.target),
                    fd: spec.fd.map(index),
                    text: spec.text.map(index),
                };
            }
            for (number, signal) in &signals {
                rodata.signals[*number] = *signal;
            }
            // A call of another ABI is as rare as it is odd.
            rodata.specs[crate::calls::CALL_OTHER as usize].rare = 1;
        })?;
        Ok(Self { loaded, link: None })
    }

    pub(crate) fn set_attached(&mut self, on: bool) -> libbpf_rs::Result<()> {
        match (on, &self.link) {
            (true, None) => self.link = Some(self.loaded.progs.on_sys_exit.attach()?),
            (false, Some(_)) => self.link = None,
            _ => {}
        }
        Ok(())
    }

    /// Calls that were not seen because the program was running on that processor already.
    pub(crate) fn missed(&self) -> u64 {
        missed_runs(&self.loaded.progs.on_sys_exit)
    }
}
