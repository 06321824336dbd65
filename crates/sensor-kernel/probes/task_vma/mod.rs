//! One pass over the memory maps of all running processes.

use crate::{Settings, load::load_skeleton, record::VmaRecord};
use libbpf_rs::{Iter, IterOpts};
use std::io::Read;

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/task_vma.skel.rs"));
}
pub(crate) use skel::types;

pub(crate) const NAME: &str = "task_vma";
pub(crate) const SEES: &str = "workloads that already run, in one pass";
pub(crate) const COST: &str =
    "the start-up scan reads /proc/PID/maps of every process instead, which takes longer";

/// Most mappings of interest that one pass reports (48 MiB of records): a process can have 65,530 mappings, and all
/// of them may be made to look interesting.
const MOST_RECORDS: usize = 1 << 19;

pub(crate) struct Pass {
    pub(crate) records: Vec<VmaRecord>,
    /// Stopped at [`MOST_RECORDS`].
    pub(crate) cut: bool,
}

pub(crate) fn pass(settings: &Settings) -> libbpf_rs::Result<Pass> {
    let least_bytes = settings.least_reservation_bytes;
    let loaded = load_skeleton!(skel, settings, None, |rodata| {
        rodata.least_bytes = least_bytes;
    })?;
    let link = loaded.progs.on_vma.attach_iter_with_opts(IterOpts::None)?;
    let mut iter = Iter::new(&link)?;
    let mut pass = Pass { records: Vec::new(), cut: false };
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = 0;
    loop {
        let read = iter.read(&mut buffer[kept..])?;
        if read == 0 {
            return Ok(pass);
        }
        // A read may end inside a record: keep the rest for the next.
        let filled = kept + read;
        let whole = filled - filled % VmaRecord::BYTES;
        pass.records.extend(buffer[..whole].chunks_exact(VmaRecord::BYTES).filter_map(VmaRecord::decode));
        buffer.copy_within(whole..filled, 0);
        kept = filled - whole;
        if pass.records.len() >= MOST_RECORDS {
            pass.cut = true;
            return Ok(pass);
        }
    }
}
