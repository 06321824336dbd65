//! Trial of every kind of BPF program, one at a time.

use crate::load::{Refusal, attempt, slot};
use libbpf_rs::{
    Iter, IterOpts,
    skel::{OpenSkel as _, SkelBuilder as _},
};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};

mod skel {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks, dead_code)]
    include!(concat!(env!("OUT_DIR"), "/kinds.skel.rs"));
}

/// How a kind is tried after it has loaded.
#[derive(Debug, Clone, Copy)]
enum Trial {
    /// Attach and detach.
    Attach,
    /// Attach and read nothing.
    Iterator,
    /// Attach to a sampling event of this very process.
    PerfEvent,
    /// Attach to a function of this very process.
    Uprobe,
    /// Loading is the question (attaching would reach every process).
    LoadOnly,
}

/// One kind of program.
#[derive(Debug)]
pub(crate) struct Kind {
    program: &'static str,
    trial: Trial,
    /// Shown name.
    pub(crate) name: &'static str,
    /// What it is good for.
    pub(crate) sees: &'static str,
    /// What is missing without it.
    pub(crate) cost: &'static str,
}

const fn kind(
    program: &'static str,
    trial: Trial,
    name: &'static str,
    sees: &'static str,
    cost: &'static str,
) -> Kind {
    Kind { program, trial, name, sees, cost }
}

pub(crate) const KINDS: &[Kind] = &[
    kind(
        "kind_tp_btf",
        Trial::Attach,
        "tp_btf",
        "tracepoints with kernel objects",
        "nothing new can be found",
    ),
    kind(
        "kind_raw_tp",
        Trial::Attach,
        "raw_tp",
        "raw tracepoints",
        "no substitute for tp_btf on old kernels",
    ),
    kind("kind_tracepoint", Trial::Attach, "tracepoint", "classic tracepoints", "no substitute for raw_tp"),
    kind(
        "kind_perf_event",
        Trial::PerfEvent,
        "perf_event",
        "CPU sampling with user stacks",
        "no guest profile",
    ),
    kind(
        "kind_uprobe",
        Trial::Uprobe,
        "uprobe",
        "functions of runtimes and of .cwasm files",
        "no probes in user functions",
    ),
    kind("kind_iter_task", Trial::Iterator, "iter/task", "all processes in one pass", "slower start-up scan"),
    kind(
        "kind_iter_task_vma",
        Trial::Iterator,
        "iter/task_vma",
        "all memory maps in one pass",
        "slower start-up scan",
    ),
    kind(
        "kind_iter_task_file",
        Trial::Iterator,
        "iter/task_file",
        "all open files in one pass",
        "slower start-up scan",
    ),
    kind(
        "kind_iter_tcp",
        Trial::Iterator,
        "iter/tcp",
        "connections that are older than the agent",
        "older connections stay unknown",
    ),
    kind(
        "kind_fentry",
        Trial::LoadOnly,
        "fentry",
        "kernel functions, cheaply",
        "tracepoints are used instead",
    ),
    kind(
        "kind_lsm",
        Trial::LoadOnly,
        "lsm",
        "security decisions, and denying them",
        "nothing can be denied from the kernel; tracepoints are used to see",
    ),
    kind("kind_kprobe", Trial::Attach, "kprobe", "kernel functions", "tracepoints are used instead"),
];

/// Loads, and where harmless attaches, the program of `kind` alone.
pub(crate) fn try_kind(kind: &Kind) -> Result<(), Refusal> {
    attempt(|| {
        let mut open = skel::ProbeSkelBuilder::default().open(slot())?;
        for mut program in open.open_object_mut().progs_mut() {
            let wanted = program.name() == kind.program;
            program.set_autoload(wanted);
        }
        let loaded = open.load()?;
        use libbpf_rs::skel::Skel as _;
        let object = loaded.object();
        let program = object
            .progs_mut()
            .find(|p| p.name() == kind.program)
            .expect("KINDS names programs of probe.bpf.c");
        match kind.trial {
            Trial::LoadOnly => {}
            Trial::Attach => drop(program.attach()?),
            Trial::Iterator => drop(Iter::new(&program.attach_iter_with_opts(IterOpts::None)?)?),
            Trial::PerfEvent => {
                let event = own_cpu_clock()?;
                let link = program.attach_perf_event(event.as_raw_fd())?;
                let _ = event.into_raw_fd(); // the link closes it
                drop(link);
            }
            Trial::Uprobe => {
                let function = try_kind as *const () as usize;
                let (path, offset) = own_file_offset(function)?;
                drop(program.attach_uprobe(false, std::process::id() as i32, path, offset)?);
            }
        }
        Ok(())
    })
}

/// A software clock event on this process alone.
fn own_cpu_clock() -> std::io::Result<OwnedFd> {
    // linux/perf_event.h: PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, struct perf_event_attr of version 0 (64 bytes):
    // type, size, config, sample_period, …
    const FD_CLOEXEC: libc::c_ulong = 8;
    let mut attributes = [0u8; 64];
    attributes[0..4].copy_from_slice(&1u32.to_ne_bytes());
    attributes[4..8].copy_from_slice(&64u32.to_ne_bytes());
    attributes[16..24].copy_from_slice(&1_000_000_000u64.to_ne_bytes());
    // SAFETY: the kernel reads 64 bytes, as the size member says; pid 0 = this process, cpu -1 = any.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, FD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// File and offset of one of our own functions, from `/proc/self/maps`.
fn own_file_offset(address: usize) -> std::io::Result<(String, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let hex = |text: &str| usize::from_str_radix(text, 16).ok();
    let found = maps.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let (start, end) = (hex(start)?, hex(end)?);
        let offset = hex(fields.nth(1)?)?;
        let path = fields.nth(2)?;
        (start..end).contains(&address).then(|| (path.to_owned(), address - start + offset))
    });
    found.ok_or_else(|| std::io::Error::other("own code is not mapped from a file"))
}
