//! Software clocks that interrupt a thread after some CPU time.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
    time::Duration,
};

/// `struct perf_event_attr` of version 0, the 64 bytes that every kernel knows (linux/perf_event.h).
#[repr(C)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
}

// linux/perf_event.h
const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_CPU_CLOCK: u64 = 0;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;
const PERF_EVENT_IOC_ENABLE: libc::c_ulong = 0x2400;
/// Bits of [`Attributes::flags`].
const DISABLED: u64 = 1;
const INHERIT: u64 = 1 << 1;
/// By new threads, not by new processes (Linux 5.13, commit 2b26f0aa0049).
const INHERIT_THREAD: u64 = 1 << 35;
/// Another program is another workload (Linux 5.13, commit 2e498d0a74e5).
const REMOVE_ON_EXEC: u64 = 1 << 36;

/// See `clock_of` in `probe.bpf.c`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Number {
    /// Another one each time that a process is added.
    pub(crate) turn: u32,
    /// Among the clocks of this turn.
    pub(crate) clock: u32,
}

/// A clock on one thread and those that it will start; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Clock(OwnedFd);

impl Clock {
    /// Runs `program` in each `period` of CPU time of the thread `tid`; 0 is the calling thread. The program tells
    /// clocks on one thread apart by their `number`.
    ///
    /// # Errors
    /// `ESRCH`: the thread has ended. `EMFILE`, `ENFILE`: no descriptor is left. `EPERM`, `EACCES`: it is not ours to see.
    pub(crate) fn start(
        tid: u32,
        period: Duration,
        number: Number,
        program: BorrowedFd<'_>,
    ) -> io::Result<Self> {
        let attributes = Attributes {
            kind: PERF_TYPE_SOFTWARE,
            size: size_of::<Attributes>() as u32,
            config: PERF_COUNT_SW_CPU_CLOCK,
            sample_period: u64::try_from(period.as_nanos()).unwrap_or(u64::MAX >> 1),
            sample_type: 0,
            read_format: 0,
            flags: DISABLED | INHERIT | INHERIT_THREAD | REMOVE_ON_EXEC,
            wakeup_events: 0,
            bp_type: 0,
            config1: u64::from(number.turn) << 32 | u64::from(number.clock),
        };
        let (any_cpu, no_group) = (-1, -1);
        // SAFETY: the kernel reads as many bytes as the member `size` says.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attributes,
                tid,
                any_cpu,
                no_group,
                PERF_FLAG_FD_CLOEXEC,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor that nobody else owns.
        let clock = Self(unsafe { OwnedFd::from_raw_fd(fd as i32) });
        // Threads take over the program of their parent's clock as it is when they start: first the program.
        clock.control(PERF_EVENT_IOC_SET_BPF, program.as_raw_fd())?;
        clock.control(PERF_EVENT_IOC_ENABLE, 0)?;
        Ok(clock)
    }

    fn control(&self, request: libc::c_ulong, argument: libc::c_int) -> io::Result<()> {
        // SAFETY: both requests take an integer.
        let result = unsafe { libc::ioctl(self.0.as_fd().as_raw_fd(), request, argument) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
