//! What the kernel reports, before anybody knows which workload it belongs to.

use crate::{Pid, ProcessKey};
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
pub enum Record {
    /// A program was executed.
    Exec {
        /// Who and when.
        head: Head,
        /// The executable.
        exe: FileVersion,
        /// NUL-separated arguments, at most 1 KiB; read from user memory.
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
            | Self::MapChange { head, .. } => head,
        }
    }
}
