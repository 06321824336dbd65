//! Looking at one process from outside, through `/proc`.
//!
//! A [`Process`] holds its `/proc/PID` directory open: whatever is read later comes from that very process or
//! fails, even if its id was reused meanwhile. Every read is bounded, because the observed process chooses what
//! there is to read. Files it names are opened inside its own root (`openat2`, `RESOLVE_IN_ROOT`), so that a
//! symbolic link in a container cannot lead to a file of the host.

mod files;
mod process;

pub use files::{FileId, OpenFile, RegularFile};
pub use process::{ExecutableFile, Facts, Process, ProcessError};

use std::{fs, time::Duration};
use wasmscope_model::BootId;

/// `CLOCK_MONOTONIC`, the clock of the kernel's records.
pub fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// All process ids that `/proc` shows now.
///
/// # Errors
/// `/proc` is not mounted.
pub fn pids() -> std::io::Result<Vec<u32>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect())
}

/// The id of this boot.
///
/// # Errors
/// `/proc` is not mounted.
pub fn boot_id() -> std::io::Result<BootId> {
    Ok(BootId(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned()))
}

/// Wall-clock time of boot in seconds since the Unix epoch: process start ticks count from it.
///
/// # Errors
/// `/proc/stat` cannot be read or has no `btime`.
pub fn boot_time() -> std::io::Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().find_map(|l| l.strip_prefix("btime "));
    line.and_then(|s| s.trim().parse().ok()).ok_or_else(|| std::io::Error::other("/proc/stat has no btime"))
}

/// CPU time of our own process so far, user and system.
pub fn own_cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(used.tv_sec).unwrap_or(0), u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// Resident memory of our own process, in bytes.
///
/// # Errors
/// `/proc` is not mounted.
pub fn own_resident_bytes() -> std::io::Result<u64> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages = text.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| std::io::Error::other("/proc/self/statm has no second number"))?;
    Ok(pages * rustix::param::page_size() as u64)
}
