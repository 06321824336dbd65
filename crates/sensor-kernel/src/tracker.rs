//! Telling the probes which processes matter.

use crate::{
    Scope, Usage,
    lifecycle::types::{self, file_version},
    load::SharedMaps,
    slots::Slots,
};
use libbpf_rs::{MapCore as _, MapFlags, MapHandle};
use std::cell::Cell;
use wasmscope_model::{FileVersion, Interest};

/// The kernel's list of tracked processes, and what each has done.
#[derive(Debug)]
pub struct Tracker {
    tracked: MapHandle,
    scope_tree: MapHandle,
    bystanders: MapHandle,
    readers: MapHandle,
    slots: Slots,
    code: MapHandle,
    has_readers: Cell<bool>,
    unmeasured: Cell<u64>,
}

// bpf/records.h, struct tracked starts with state and flags.
const STATE_HOST: u32 = 1;
const STATE_WORKLOAD: u32 = 2;
const FLAG_READS: u32 = 1;
const FLAG_MAPS: u32 = 2;
const ENTRY_BYTES: usize = size_of::<types::tracked>();
const FIRST_TRACE_AT: usize = std::mem::offset_of!(types::tracked, first_trace_ns);

impl Tracker {
    pub(crate) fn new(maps: &SharedMaps, scope: &Scope) -> libbpf_rs::Result<Self> {
        let tracker = Self {
            tracked: MapHandle::try_from(&maps.tracked)?,
            scope_tree: MapHandle::try_from(&maps.scope_tree)?,
            bystanders: MapHandle::try_from(&maps.bystanders)?,
            readers: MapHandle::try_from(&maps.readers)?,
            slots: Slots::new(maps)?,
            code: MapHandle::try_from(&maps.code)?,
            has_readers: Cell::new(false),
            unmeasured: Cell::new(0),
        };
        if let Scope::Tree(_) = scope {
            for pid in scope.members().unwrap_or_default() {
                tracker.scope_tree.update(&pid.to_ne_bytes(), &1u32.to_ne_bytes(), MapFlags::ANY)?;
            }
        }
        Ok(tracker)
    }

    /// Sets what is reported of `pid` from now on, and returns the monotonic time (ns) of its first trace of
    /// Wasm, if it left one. Call it while the process is pinned (an open `/proc/PID`), and [`forget`] it
    /// where the process turns out to have ended: its exit can no longer remove the entry.
    ///
    /// # Errors
    /// The map is full: the process is followed by sweeps only.
    ///
    /// [`forget`]: Self::forget
    pub fn set(&self, pid: u32, interest: Interest) -> libbpf_rs::Result<Option<u64>> {
        let (state, flags) = match interest {
            Interest::Host { any_file } => (STATE_HOST, if any_file { FLAG_READS } else { 0 }),
            Interest::Workload { any_file } => {
                (STATE_WORKLOAD, FLAG_MAPS | if any_file { FLAG_READS } else { 0 })
            }
        };
        if flags & FLAG_READS != 0 && !self.has_readers.replace(true) {
            self.readers.update(&0u32.to_ne_bytes(), &1u32.to_ne_bytes(), MapFlags::ANY)?;
        }
        let key = pid.to_ne_bytes();
        let mut entry = self.tracked.lookup(&key, MapFlags::ANY)?.unwrap_or_else(|| vec![0; ENTRY_BYTES]);
        entry[..4].copy_from_slice(&state.to_ne_bytes());
        entry[4..8].copy_from_slice(&flags.to_ne_bytes());
        let first =
            u64::from_ne_bytes(entry[FIRST_TRACE_AT..FIRST_TRACE_AT + 8].try_into().expect("8 bytes"));
        self.tracked.update(&key, &entry, MapFlags::ANY)?;
        if state == STATE_WORKLOAD {
            self.measure(pid);
        }
        Ok((first != 0).then_some(first))
    }

    /// Counts what `pid` does from now on, if there is room; a child's counters may have been there since its fork.
    fn measure(&self, pid: u32) {
        if let Err(error) = self.slots.measure(pid) {
            tracing::warn!(pid, %error, "another workload cannot be measured: it is followed without numbers and calls");
            self.unmeasured.set(self.unmeasured.get() + 1);
        }
    }

    /// Workloads for whose counters there was no room, so far.
    pub fn unmeasured(&self) -> u64 {
        self.unmeasured.get()
    }

    /// Says where `pid` has guest code, so that the stacks of its calls can be searched for it.
    pub fn set_code(&self, pid: u32, code: Option<(u64, u64)>) {
        let key = pid.to_ne_bytes();
        let done = match code {
            Some((low, high)) => {
                let value = [low.to_ne_bytes(), high.to_ne_bytes()].concat();
                self.code.update(&key, &value, MapFlags::ANY)
            }
            None => {
                let _ = self.code.delete(&key);
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::debug!(pid, %error, "its calls will have no guest stacks");
        }
    }

    /// What `pid` has done since it is measured; `None` where it is not.
    pub fn usage(&self, pid: u32) -> Option<Usage> {
        self.slots.usage(pid)
    }

    /// What the workload that `pid` was has done, for the last time: its counters are dropped.
    pub fn settle(&self, pid: u32) -> Option<Usage> {
        let usage = self.slots.usage(pid);
        self.slots.free(pid);
        let _ = self.code.delete(&pid.to_ne_bytes());
        usage
    }

    /// Stops reporting of `pid` and drops its counters. Unknown processes are none of our business: not an error.
    pub fn forget(&self, pid: u32) {
        self.slots.free(pid);
        let key = pid.to_ne_bytes();
        for map in [&self.tracked, &self.code] {
            let _ = map.delete(&key);
        }
    }

    /// Processes that have counters: workloads, children that they forked just now, and some whose end was lost.
    pub fn measured(&self) -> Vec<u32> {
        self.slots.owners()
    }

    /// Reports no more execs of this version of an executable; the least recently used are reported again.
    pub fn ignore(&self, executable: &FileVersion) {
        let mut key = Vec::with_capacity(size_of::<file_version>());
        key.extend(executable.inode.to_ne_bytes());
        key.extend(executable.size.to_ne_bytes());
        key.extend(executable.changed_ns.to_ne_bytes());
        key.extend(executable.device.to_ne_bytes());
        key.resize(size_of::<file_version>(), 0);
        if let Err(error) = self.bystanders.update(&key, &1u32.to_ne_bytes(), MapFlags::ANY) {
            tracing::debug!(%error, "an executable cannot be ignored");
        }
    }
}
