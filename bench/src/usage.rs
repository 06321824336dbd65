//! What a process took, as the kernel tells its parent.

use anyhow::{Context as _, Result, ensure};
use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Command, ExitStatus},
    time::Duration,
};

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// How it ended.
    pub status: ExitStatus,
    /// CPU time, of user and system, of it and the children that it waited for.
    pub cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub peak: u64,
}

/// Starts a process and waits for it.
///
/// # Errors
/// It cannot be started.
pub fn usage(command: &mut Command) -> Result<Usage> {
    let child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
    let mut status = 0;
    // SAFETY: an all-zero rusage is valid, and both pointers are to locals that outlive the call.
    let (pid, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage), usage)
    };
    ensure!(pid == child.id().cast_signed(), "wait4: {}", std::io::Error::last_os_error());
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.cast_unsigned()) + Duration::from_micros(time.tv_usec.cast_unsigned())
    };
    Ok(Usage {
        status: ExitStatus::from_raw(status),
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak: usage.ru_maxrss.cast_unsigned() * 1024,
    })
}
