//! Where the kernel counts what each workload does: a slot for each, found by process id without hashing.
//!
//! The programs read these maps at every system call, and give a slot to the child that a workload forks; the rest is done
//! here. Both sides change a process's entry atomically, so that a slot has one owner at most.

use crate::{
    Usage,
    lifecycle::types::{self, slots as Words},
    load::SharedMaps,
};
use libbpf_rs::{MapCore, MapFlags, MapHandle};
use std::{
    os::fd::AsFd as _,
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
};

/// `SLOT_MEASURED` of `bpf/common.bpf.h`.
const MEASURED: u16 = 0x8000;
/// Most slots that 15 bits can name, slot 0 left out.
pub(crate) const MOST: u32 = MEASURED as u32 - 1;
const USAGE_BYTES: usize = size_of::<types::usage>();

/// Puts every slot into the empty queue of free ones.
pub(crate) fn free_all(free: &impl MapCore) -> libbpf_rs::Result<()> {
    (1..=free.max_entries()).try_for_each(|slot| free.update(&[], &slot.to_ne_bytes(), MapFlags::ANY))
}

/// The slots of all workloads.
#[derive(Debug)]
pub(crate) struct Slots {
    of_process: ByProcess,
    free: MapHandle,
    owners: MapHandle,
    usage: MapHandle,
}

/// Why a process cannot be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSlot {
    #[error("all slots are taken")]
    AllTaken,
    #[error(transparent)]
    Kernel(#[from] libbpf_rs::Error),
}

impl Slots {
    pub(crate) fn new(maps: &SharedMaps) -> libbpf_rs::Result<Self> {
        Ok(Self {
            of_process: ByProcess::map(&maps.slots)?,
            free: MapHandle::try_from(&maps.free_slots)?,
            owners: MapHandle::try_from(&maps.owners)?,
            usage: MapHandle::try_from(&maps.usage)?,
        })
    }

    /// Counts from now on: in the slot that it has, or in a new one from zero.
    pub(crate) fn measure(&self, pid: u32) -> Result<(), NoSlot> {
        if self.of_process.change(pid, |old| (old != 0).then_some(old | MEASURED)).is_some() {
            return Ok(());
        }
        let taken = self.free.lookup_and_delete(&[])?.ok_or(NoSlot::AllTaken)?;
        let slot = u32::from_ne_bytes(*taken.first_chunk().ok_or(NoSlot::AllTaken)?);
        let ready = self
            .usage
            .update(&slot.to_ne_bytes(), &[0; USAGE_BYTES], MapFlags::ANY)
            .and_then(|()| self.owners.update(&slot.to_ne_bytes(), &pid.to_ne_bytes(), MapFlags::ANY));
        let entry = slot as u16 | MEASURED;
        if ready.is_ok() && self.of_process.change(pid, |old| (old == 0).then_some(entry)).is_some() {
            return Ok(());
        }
        // Its fork has given it another meanwhile.
        self.give_back(slot);
        self.of_process.change(pid, |old| (old != 0).then_some(old | MEASURED));
        Ok(ready?)
    }

    /// What `pid` has done; `None` where nobody counted.
    pub(crate) fn usage(&self, pid: u32) -> Option<Usage> {
        let slot = u32::from(self.of_process.get(pid) & !MEASURED);
        let raw = (slot != 0).then(|| self.usage.lookup(&slot.to_ne_bytes(), MapFlags::ANY))?;
        Usage::decode(&raw.ok()??)
    }

    /// Drops the counters of `pid`, if it has any.
    pub(crate) fn free(&self, pid: u32) {
        if let Some(old) = self.of_process.change(pid, |old| (old != 0).then_some(0)) {
            self.give_back(u32::from(old & !MEASURED));
        }
    }

    fn give_back(&self, slot: u32) {
        let given = self
            .owners
            .update(&slot.to_ne_bytes(), &[0; 4], MapFlags::ANY)
            .and_then(|()| self.free.update(&[], &slot.to_ne_bytes(), MapFlags::ANY));
        if let Err(error) = given {
            tracing::warn!(slot, %error, "a place for counters is lost until the next start");
        }
    }

    /// Processes that have a slot.
    pub(crate) fn owners(&self) -> Vec<u32> {
        let all = (1..self.owners.max_entries())
            .filter_map(|slot| self.owners.lookup(&slot.to_ne_bytes(), MapFlags::ANY).ok().flatten());
        let pids = all.filter_map(|raw| Some(u32::from_ne_bytes(*raw.first_chunk()?)));
        pids.filter(|&pid| pid != 0 && self.of_process.get(pid) != 0).collect()
    }
}

/// `struct slots`: 16 bits for each process id.
#[derive(Debug)]
struct ByProcess(NonNull<AtomicU32>);

const WORDS: usize = size_of::<Words>() / 4;

impl ByProcess {
    fn map(map: &MapHandle) -> libbpf_rs::Result<Self> {
        use rustix::mm::{MapFlags, ProtFlags, mmap};
        let read_write = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place; the map has as many bytes, and keeps them as long as it is mapped.
        let place =
            unsafe { mmap(std::ptr::null_mut(), WORDS * 4, read_write, MapFlags::SHARED, map.as_fd(), 0) };
        let place = place.map_err(|errno| libbpf_rs::Error::from_raw_os_error(errno.raw_os_error()))?;
        Ok(Self(NonNull::new(place.cast()).expect("mmap returns no null page")))
    }

    fn word(&self, pid: u32) -> (&AtomicU32, u32) {
        // SAFETY: `WORDS` words are mapped until `self` is dropped, and everybody changes them atomically.
        (unsafe { &*self.0.as_ptr().add(pid as usize / 2 % WORDS) }, pid % 2 * 16)
    }

    fn get(&self, pid: u32) -> u16 {
        let (word, shift) = self.word(pid);
        (word.load(Ordering::Acquire) >> shift) as u16
    }

    /// Replaces the entry by what `change` makes of it and gives the old one; `None` where `change` gives none.
    fn change(&self, pid: u32, change: impl Fn(u16) -> Option<u16>) -> Option<u16> {
        let (word, shift) = self.word(pid);
        let changed = word.try_update(Ordering::AcqRel, Ordering::Acquire, |old| {
            let new = change((old >> shift) as u16)?;
            Some(old & !(0xffff << shift) | u32::from(new) << shift)
        });
        changed.ok().map(|old| (old >> shift) as u16)
    }
}

impl Drop for ByProcess {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, with this length; nothing refers to it any more.
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr().cast(), WORDS * 4) };
    }
}
