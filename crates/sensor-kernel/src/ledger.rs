//! The kernel's half of the loss ledger: what each family saw, passed on and lost, and where.

use crate::{lifecycle::types, load::SharedMaps};
use libbpf_rs::{MapCore, MapFlags};

/// One family's counts since load, summed over all processors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerRow {
    /// Records that a probe wanted to send: `submitted + ring_full + throttled`.
    pub seen: u64,
    /// Passed to the ring.
    pub submitted: u64,
    /// Lost: user space did not read fast enough.
    pub ring_full: u64,
    /// Withheld: the process used up its hints for this second.
    pub throttled: u64,
    /// Processes that could not be tracked because the map was full. Their record went out all the same.
    pub map_full: u64,
    /// Children of workloads for whose counters there was no room.
    pub unmeasured: u64,
}

/// All families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Starts, execs, forks, ends.
    pub lifecycle: LedgerRow,
    /// Reservations, module reads, map changes.
    pub hint: LedgerRow,
    /// System calls and signals of workloads.
    pub call: LedgerRow,
}

impl Ledger {
    pub(crate) fn read(maps: &SharedMaps) -> libbpf_rs::Result<Self> {
        let row = |family: types::family| -> libbpf_rs::Result<LedgerRow> {
            let cell = |stage: types::stage| sum(&maps.ledger, family.0 * types::stage::STAGES.0 + stage.0);
            Ok(LedgerRow {
                seen: cell(types::stage::STAGE_SEEN)?,
                submitted: cell(types::stage::STAGE_SUBMITTED)?,
                ring_full: cell(types::stage::STAGE_RING_FULL)?,
                throttled: cell(types::stage::STAGE_THROTTLED)?,
                map_full: cell(types::stage::STAGE_MAP_FULL)?,
                unmeasured: cell(types::stage::STAGE_UNMEASURED)?,
            })
        };
        Ok(Self {
            lifecycle: row(types::family::FAMILY_LIFECYCLE)?,
            hint: row(types::family::FAMILY_HINT)?,
            call: row(types::family::FAMILY_CALL)?,
        })
    }
}

pub(crate) fn sum(ledger: &impl MapCore, slot: u32) -> libbpf_rs::Result<u64> {
    let cpus = ledger.lookup_percpu(&slot.to_ne_bytes(), MapFlags::ANY)?.unwrap_or_default();
    Ok(cpus.iter().filter_map(|v| v.first_chunk()).map(|v| u64::from_ne_bytes(*v)).sum())
}
