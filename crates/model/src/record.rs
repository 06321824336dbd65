//! What the kernel reports, before anybody knows which workload it belongs to.

use crate::{Pid, ProcessKey, call::Call};
use serde::{Deserialize, Serialize};

/// Who and when, common to all records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The process and its program. `exec_stamp` is 0 in an exit record: the memory map is gone by then.
    pub process: ProcessKey,
    /// Thread id.
    pub tid: u32,
    /// Parent process.
    pub parent: Pid,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub monotonic_ns: u64,
}

/// One version of one file, as the kernel tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileVersion {
    /// Inode number.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of the inode, ns since the epoch: its owner cannot set it back.
    pub changed_ns: u64,
    /// Device, kernel encoding: major << 20 | minor.
    pub device: u32,
}

/// One record from the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A program was executed.
    Exec {
        /// Who and when.
        head: Head,
        /// The executable.
        exe: FileVersion,
        /// Last component of its path, at most 63 bytes; from the kernel's own objects.
        #[serde(with = "crate::raw")]
        name: Vec<u8>,
        /// It is in no directory: made by `memfd_create`.
        nameless: bool,
        /// NUL-separated arguments, at most 1 KiB; read from user memory.
        #[serde(with = "crate::raw")]
        args: Vec<u8>,
    },
    /// A workload forked; `head` is the child.
    Fork {
        /// Who and when.
        head: Head,
    },
    /// A tracked process ended.
    Exit {
        /// Who and when.
        head: Head,
        /// Encoding of `wait(2)`.
        wait_status: u32,
    },
    /// A large part of the address space was reserved.
    Reservation {
        /// Who and when.
        head: Head,
        /// First address.
        address: u64,
        /// Bytes.
        length: u64,
    },
    /// The first page of a file was read that may be a module.
    ModuleRead {
        /// Who and when.
        head: Head,
        /// Device (kernel encoding) and inode.
        file: (u32, u64),
        /// Bytes of the file.
        size: u64,
        /// Path within its file system, as bytes, starting with `/`; where the file system is mounted, and for
        /// whom, is not known here.
        #[serde(with = "crate::raw")]
        path: Vec<u8>,
        /// Whether `path` starts at the root of the file system; a deeper one is cut at the front.
        complete: bool,
    },
    /// A workload made memory writable or executable.
    MapChange {
        /// Who and when.
        head: Head,
        /// First address.
        address: u64,
        /// Bytes.
        length: u64,
        /// Whether the protection includes PROT_EXEC.
        executable: bool,
    },
    /// A system call of a workload has returned.
    Call(Box<Call>),
    /// A signal is delivered to a workload that a fault or an abort raises.
    Signal {
        /// Who and when.
        head: Head,
        /// Linux signal number.
        signal: u8,
        /// `si_code`: above 0, the kernel raised it.
        code: i32,
        /// `si_addr`: the faulting address, where the signal has one.
        address: u64,
        /// Where the thread was interrupted.
        instruction_pointer: u64,
        /// The frame pointer there.
        frame_pointer: u64,
        /// The process has a handler for it.
        handled: bool,
        /// Frames that belong, or once belonged, to guest code.
        stack: RawStack,
    },
    /// Records of a process were withheld, because it used up what it has for a second.
    Throttled {
        /// Who and when.
        head: Head,
        /// Start of that second, `CLOCK_MONOTONIC`, nanoseconds.
        since_ns: u64,
        /// How many; `None` for the first one, while it goes on.
        withheld: Option<u64>,
        /// Of the budget that rare calls have for themselves.
        rare: bool,
    },
}

/// What of a user stack may be frames of a guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RawStack {
    /// In the order of their addresses. Some are stale.
    pub frames: Vec<FrameRecord>,
    /// It was looked for: the process has guest code at known places.
    pub asked: bool,
    /// There may be more further out.
    pub cut: bool,
}

/// Two neighbouring words of a stack of which the upper one lies in guest code.
///
/// The lower one is the saved frame pointer, if the two are a frame's record. It need not look like one: return addresses
/// into trampolines stand alone, and tell which record is the innermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[u64; 3]", into = "[u64; 3]")] // most of a recording are these: no names
pub struct FrameRecord {
    /// Address of the lower word.
    pub at: u64,
    /// The lower word: the caller's frame pointer.
    pub fp: u64,
    /// The upper word: the return address into the caller.
    pub ret: u64,
}

impl From<[u64; 3]> for FrameRecord {
    fn from([at, fp, ret]: [u64; 3]) -> Self {
        Self { at, fp, ret }
    }
}

impl From<FrameRecord> for [u64; 3] {
    fn from(FrameRecord { at, fp, ret }: FrameRecord) -> Self {
        [at, fp, ret]
    }
}

impl Record {
    /// Who and when.
    pub fn head(&self) -> &Head {
        match self {
            Self::Exec { head, .. }
            | Self::Fork { head }
            | Self::Exit { head, .. }
            | Self::Reservation { head, .. }
            | Self::ModuleRead { head, .. }
            | Self::MapChange { head, .. }
            | Self::Signal { head, .. }
            | Self::Throttled { head, .. } => head,
            Self::Call(call) => &call.head,
        }
    }
}
