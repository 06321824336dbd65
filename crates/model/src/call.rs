//! A system call as the kernel reports it.

use crate::{Head, record::RawStack};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A system call of a workload, after it returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Who and when.
    pub head: Head,
    /// Name, e.g. `openat2`; empty for a number that has none, or of another ABI.
    pub name: Cow<'static, str>,
    /// Number, of this architecture or, with `compat`, of another ABI (32-bit, x32).
    pub number: u32,
    /// By way of another ABI than the process's own: whoever filters by number does not see it.
    pub compat: bool,
    /// Arguments, as registers.
    pub args: [u64; 6],
    /// What it returned; an error as its negative number.
    pub result: i64,
    /// Name of the error, e.g. `ENOENT`, where the result is one.
    pub error: Option<Cow<'static, str>>,
    /// Texts that arguments point to, without their NUL. User memory, read after the call.
    pub texts: [Option<Text>; 2],
    /// From kernel objects: of the opened file (`resolved`), or of the directories that the texts are relative to.
    pub paths: [Option<KernelPath>; 2],
    /// Whether `paths[0]` is the file itself.
    pub resolved: bool,
    /// Whether the open made the file.
    pub created: bool,
    /// `struct open_how` of openat2: flags, mode, resolve. User memory.
    pub how: Option<[u64; 3]>,
    /// Magic number of the file system of `paths[0]`, where that is resolved (linux/magic.h).
    pub fs_magic: u64,
    /// IP protocol number of the socket; 0 for none.
    pub protocol: u16,
    /// The socket's own address.
    pub local: Option<Address>,
    /// The other side's.
    pub peer: Option<Address>,
    /// `peer` was read from user memory.
    pub peer_untrusted: bool,
    /// Frames that belong, or once belonged, to guest code.
    pub stack: RawStack,
    /// The signal that the probe sent to the process at this call, because it was told to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signalled: Option<Signalled>,
}

/// A signal of the probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signalled {
    /// SIGKILL; otherwise SIGSTOP.
    pub kill: bool,
    /// The kernel has taken it.
    pub sent: bool,
}

/// Bytes from user memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// At most 4 KiB.
    #[serde(with = "crate::raw")]
    pub bytes: Vec<u8>,
    /// There was more.
    pub cut: bool,
}

/// A path from kernel objects, as the process sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelPath {
    /// Starts with `/`, unless it is nameless.
    #[serde(with = "crate::raw")]
    pub bytes: Vec<u8>,
    /// Up to the root; a deeper one is cut at the front.
    pub complete: bool,
    /// Below the directory that the call was relative to.
    pub beneath: bool,
    /// In no directory: `memfd:name`, a pipe, a socket.
    pub nameless: bool,
}

/// A socket's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// `AF_*`.
    pub family: u16,
    /// Of the two internet families.
    pub ip: Option<IpAddr>,
    /// 0 for none.
    pub port: u16,
}

/// `AF_UNIX`
pub const AF_UNIX: u16 = 1;
/// `AF_INET`
pub const AF_INET: u16 = 2;
/// `AF_INET6`
pub const AF_INET6: u16 = 10;

impl Address {
    /// From the kernel's form; `None` for no address at all.
    pub fn new(family: u16, port: u16, bytes: [u8; 16]) -> Option<Self> {
        let ip = match family {
            0 => return None,
            AF_INET => {
                let [a, b, c, d, ..] = bytes;
                Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
            }
            AF_INET6 => Some(Ipv6Addr::from(bytes).to_canonical()),
            _ => None,
        };
        Some(Self { family, ip, port })
    }

    /// Neither an address nor a port: a socket that is bound or connected to nothing.
    pub fn is_unset(&self) -> bool {
        self.port == 0 && self.ip.is_none_or(|ip| ip.is_unspecified())
    }
}
