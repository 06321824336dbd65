//! The system calls of this architecture: their names, and what the `calls` probe does about each.
//!
//! All are counted. Those in [`SPECS`] are told as well, or have bytes counted; a new one is a line there.

use std::sync::LazyLock;
use syscalls::Sysno;

/// What the probe does about a call: `enum call_class` of `bpf/records.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Reads = 1,
    Writes = 2,
    Sends = 3,
    Maps = 4,
    Opens = 5,
    Paths = 6,
    Connects = 7,
    Accepts = 8,
    Signals = 9,
    Sensitive = 10,
    ReadsAt = 11,
    WritesAt = 12,
}

/// `struct call_spec`: where the call has what, as indices of arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) class: Class,
    pub(crate) rare: bool,
    pub(crate) failures_only: bool,
    pub(crate) target: Option<u8>,
    pub(crate) fd: [Option<u8>; 2],
    pub(crate) text: [Option<u8>; 2],
}

const fn spec(class: Class) -> Spec {
    Spec { class, rare: false, failures_only: false, target: None, fd: [None; 2], text: [None; 2] }
}

/// Bytes on the descriptor in argument 0, whatever it leads to.
const fn io(class: Class) -> Spec {
    Spec { fd: [Some(0), None], ..spec(class) }
}

/// Something done to the path in argument `text`, relative to the directory in argument `fd`.
const fn path(text: u8, fd: Option<u8>) -> Spec {
    Spec { text: [Some(text), None], fd: [fd, None], ..spec(Class::Paths) }
}

const fn open(text: u8, fd: Option<u8>) -> Spec {
    Spec { class: Class::Opens, ..path(text, fd) }
}

const fn paths(text: [u8; 2], fd: [Option<u8>; 2]) -> Spec {
    Spec { text: [Some(text[0]), Some(text[1])], fd, ..spec(Class::Paths) }
}

const fn rare(spec: Spec) -> Spec {
    Spec { rare: true, ..spec }
}

const SENSITIVE: Spec = rare(spec(Class::Sensitive));

/// For `Maps`: the protection is in argument `text[0]`, the length in `text[1]`; `target` says that the address is in
/// argument 0, otherwise it is the result.
const fn map(prot: Option<u8>, length: u8, at_argument: bool) -> Spec {
    let target = if at_argument { Some(0) } else { None };
    Spec { text: [prot, Some(length)], target, ..spec(Class::Maps) }
}

/// By name; those that an architecture lacks are left out there.
pub(crate) const SPECS: &[(&str, Spec)] = &[
    ("read", io(Class::Reads)),
    ("readv", io(Class::Reads)),
    ("pread64", spec(Class::ReadsAt)),
    ("preadv", spec(Class::ReadsAt)),
    // Offset -1 stands for the position, which sockets have, too.
    ("preadv2", io(Class::Reads)),
    ("write", io(Class::Writes)),
    ("writev", io(Class::Writes)),
    ("pwrite64", spec(Class::WritesAt)),
    ("pwritev", spec(Class::WritesAt)),
    ("pwritev2", io(Class::Writes)),
    ("recvfrom", io(Class::Reads)),
    ("recvmsg", io(Class::Reads)),
    ("sendfile", Spec { fd: [Some(0), Some(1)], ..spec(Class::Writes) }),
    ("splice", Spec { fd: [Some(0), Some(2)], ..spec(Class::Reads) }),
    ("copy_file_range", Spec { fd: [Some(0), Some(2)], ..spec(Class::Reads) }),
    // `target` has the address, where the call has one.
    ("sendto", Spec { target: Some(4), ..io(Class::Sends) }),
    ("sendmsg", io(Class::Sends)),
    ("sendmmsg", io(Class::Sends)),
    ("mmap", map(Some(2), 1, false)),
    ("mprotect", map(Some(2), 1, true)),
    ("pkey_mprotect", map(Some(2), 1, true)),
    ("mremap", map(None, 2, false)),
    ("open", open(0, None)),
    ("creat", open(0, None)),
    ("openat", open(1, Some(0))),
    ("openat2", Spec { target: Some(2), ..open(1, Some(0)) }),
    ("unlink", path(0, None)),
    ("unlinkat", path(1, Some(0))),
    ("rmdir", path(0, None)),
    ("mkdir", path(0, None)),
    ("mkdirat", path(1, Some(0))),
    ("mknod", path(0, None)),
    ("mknodat", path(1, Some(0))),
    ("truncate", path(0, None)),
    ("rename", paths([0, 1], [None, None])),
    ("renameat", paths([1, 3], [Some(0), Some(2)])),
    ("renameat2", paths([1, 3], [Some(0), Some(2)])),
    ("link", paths([0, 1], [None, None])),
    ("linkat", paths([1, 3], [Some(0), Some(2)])),
    ("symlink", paths([0, 1], [None, None])),
    ("symlinkat", paths([0, 2], [None, Some(1)])),
    ("connect", Spec { text: [Some(1), None], ..spec(Class::Connects) }),
    ("bind", Spec { text: [Some(1), None], ..spec(Class::Connects) }),
    ("listen", spec(Class::Connects)),
    ("accept", spec(Class::Accepts)),
    ("accept4", spec(Class::Accepts)),
    ("kill", rare(Spec { target: Some(0), ..spec(Class::Signals) })),
    ("tgkill", rare(Spec { target: Some(0), ..spec(Class::Signals) })),
    ("rt_sigqueueinfo", rare(Spec { target: Some(0), ..spec(Class::Signals) })),
    ("rt_tgsigqueueinfo", rare(Spec { target: Some(0), ..spec(Class::Signals) })),
    ("pidfd_send_signal", rare(spec(Class::Signals))),
    // A successful one is an exec record.
    ("execve", rare(Spec { failures_only: true, ..path(0, None) })),
    ("execveat", rare(Spec { failures_only: true, ..path(1, Some(0)) })),
    ("chroot", rare(path(0, None))),
    ("mount", rare(paths([0, 1], [None, None]))),
    ("umount2", rare(path(0, None))),
    ("pivot_root", rare(paths([0, 1], [None, None]))),
    ("move_mount", rare(paths([1, 3], [Some(0), Some(2)]))),
    ("open_tree", rare(path(1, Some(0)))),
    ("fsopen", SENSITIVE),
    ("fsmount", SENSITIVE),
    ("mount_setattr", SENSITIVE),
    ("memfd_create", rare(path(0, None))),
    ("memfd_secret", SENSITIVE),
    ("ptrace", SENSITIVE),
    ("process_vm_readv", SENSITIVE),
    ("process_vm_writev", SENSITIVE),
    ("pidfd_getfd", SENSITIVE),
    ("kcmp", SENSITIVE),
    ("setns", SENSITIVE),
    ("unshare", SENSITIVE),
    ("setuid", SENSITIVE),
    ("setgid", SENSITIVE),
    ("setreuid", SENSITIVE),
    ("setregid", SENSITIVE),
    ("setresuid", SENSITIVE),
    ("setresgid", SENSITIVE),
    ("setfsuid", SENSITIVE),
    ("setfsgid", SENSITIVE),
    ("setgroups", SENSITIVE),
    ("capset", SENSITIVE),
    ("bpf", SENSITIVE),
    ("perf_event_open", SENSITIVE),
    ("init_module", SENSITIVE),
    ("finit_module", SENSITIVE),
    ("delete_module", SENSITIVE),
    ("kexec_load", SENSITIVE),
    ("kexec_file_load", SENSITIVE),
    ("io_uring_setup", SENSITIVE),
    ("userfaultfd", SENSITIVE),
    ("add_key", SENSITIVE),
    ("request_key", SENSITIVE),
    ("keyctl", SENSITIVE),
    ("iopl", SENSITIVE),
    ("ioperm", SENSITIVE),
    ("personality", SENSITIVE),
    ("seccomp", SENSITIVE),
    ("acct", SENSITIVE),
    ("quotactl", SENSITIVE),
    ("swapon", SENSITIVE),
    ("swapoff", SENSITIVE),
    ("reboot", SENSITIVE),
    ("sethostname", SENSITIVE),
    ("setdomainname", SENSITIVE),
    ("settimeofday", SENSITIVE),
    ("clock_settime", SENSITIVE),
    ("open_by_handle_at", SENSITIVE),
    ("fanotify_init", SENSITIVE),
    ("lookup_dcookie", SENSITIVE),
];

/// Slots of the counters, and the one for calls that have no name here (`CALLS`, `CALL_OTHER` of `bpf/records.h`).
pub const CALLS: usize = 512;
/// See [`CALLS`].
pub const CALL_OTHER: u32 = 511;

/// [`SPECS`] by the numbers of this architecture.
pub(crate) fn specs() -> impl Iterator<Item = (usize, &'static Spec)> {
    SPECS.iter().filter_map(|(name, spec)| Some((name.parse::<Sysno>().ok()?.id() as usize, spec)))
}

/// Names of the calls of which each is told, unless it is throttled: those that can be answered at the event.
pub fn told_calls() -> Vec<&'static str> {
    let is_told = |spec: &Spec| {
        use Class::*;
        matches!(spec.class, Opens | Paths | Connects | Accepts | Signals | Sensitive) && !spec.failures_only
    };
    SPECS.iter().filter(|(_, spec)| is_told(spec)).map(|(name, _)| *name).collect()
}

/// The number of a call on this architecture.
pub fn number(name: &str) -> Option<usize> {
    Some(name.parse::<Sysno>().ok()?.id() as usize)
}

/// The numbers of the calls of `class`.
pub(crate) fn of_class(class: Class) -> impl Iterator<Item = usize> {
    static BY_NUMBER: LazyLock<Vec<(usize, Class)>> =
        LazyLock::new(|| specs().map(|(number, spec)| (number, spec.class)).collect());
    BY_NUMBER.iter().filter(move |(_, its)| *its == class).map(|(number, _)| *number)
}

/// The name of a system call of this architecture, as `strace` and the manual have it.
pub fn name(number: u32) -> Option<&'static str> {
    Sysno::new(number as usize).map(|call| call.name())
}

/// The name of an error number, e.g. `ENOENT`.
pub fn error_name(number: u32) -> Option<&'static str> {
    i32::try_from(number).ok().and_then(|number| syscalls::Errno::new(number).name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_one_line_and_a_slot() {
        let mut numbers: Vec<_> = specs().map(|(number, _)| number).collect();
        #[cfg(target_arch = "x86_64")]
        assert_eq!(numbers.len(), SPECS.len(), "a name that is no system call");
        numbers.sort_unstable();
        let all = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "a call with two lines");
        let last = Sysno::iter().last().expect("there are calls");
        assert!((last.id() as u32) < CALL_OTHER, "{last} does not fit: raise CALLS");
    }

    #[test]
    fn numbers_have_names() {
        assert_eq!(name(libc::SYS_openat2 as u32), Some("openat2"));
        assert_eq!(name(CALL_OTHER), None);
        assert_eq!(error_name(2), Some("ENOENT"));
        assert_eq!(error_name(5000), None);
    }
}
