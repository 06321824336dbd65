//! What workloads do: the content of events that tell of one act each.
//!
//! Fields come from the kernel's own objects, which the workload cannot forge, unless `untrusted` names them: those were
//! read from its memory, which it may have changed since the kernel used it.

use crate::{Frame, Pid, WorkloadId};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, net::IpAddr};

/// A word of ours, or one of the kernel's: a copy only where it was read from a recording.
pub type Word = Cow<'static, str>;

fn is_false(value: &bool) -> bool {
    !value
}

/// Who acted, and what in the guest led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Which workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// Its process.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// The thread, in the agent's PID namespace.
    #[serde(rename = "thread.id")]
    pub tid: u32,
    /// Guest functions, innermost first. Read from memory of the workload.
    #[serde(rename = "wasm.stack", skip_serializing_if = "Vec::is_empty", default)]
    pub stack: Vec<Frame>,
    /// There are more functions further out.
    #[serde(rename = "wasm.stack.cut", skip_serializing_if = "is_false", default)]
    pub stack_cut: bool,
    /// Why no function is named.
    #[serde(rename = "wasm.stack.missing", skip_serializing_if = "Option::is_none", default)]
    pub stack_missing: Option<Word>,
    /// Names of the fields that were read from memory of the workload. (The stack always was.)
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub untrusted: Vec<Word>,
}

/// Which system call, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the system call.
    #[serde(rename = "syscall.name")]
    pub call: Word,
    /// What it returned, where that is no error.
    #[serde(rename = "syscall.result", skip_serializing_if = "Option::is_none", default)]
    pub result: Option<i64>,
    /// Name of the error, e.g. `ENOENT`.
    #[serde(rename = "error.type", skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Word>,
}

/// Something done to a file or directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAct {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Path of the file that was opened, as the process sees it.
    #[serde(rename = "file.path", skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Path that was asked for.
    #[serde(rename = "file.path.requested", skip_serializing_if = "Option::is_none", default)]
    pub requested: Option<String>,
    /// Directory that the requested path is relative to; absent where it is absolute.
    #[serde(rename = "file.directory", skip_serializing_if = "Option::is_none", default)]
    pub directory: Option<String>,
    /// The other path of a rename or link.
    #[serde(rename = "file.target_path", skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// Directory that the other path is relative to.
    #[serde(rename = "file.target_directory", skip_serializing_if = "Option::is_none", default)]
    pub target_directory: Option<String>,
    /// What it was opened for: `read`, `write`, `append`, `create`, `exclusive`, `truncate`, `directory`, `no_follow`, `path`.
    #[serde(rename = "file.open.flags", skip_serializing_if = "Vec::is_empty", default)]
    pub flags: Vec<Word>,
    /// Whether the opened file is the directory that the path was relative to, or below it.
    #[serde(rename = "file.beneath", skip_serializing_if = "Option::is_none", default)]
    pub beneath: Option<bool>,
    /// The kernel was told to refuse what is not beneath (`RESOLVE_BENEATH` or `RESOLVE_IN_ROOT`).
    #[serde(rename = "file.open.confined", skip_serializing_if = "Option::is_none", default)]
    pub confined: Option<bool>,
    /// The kind of file system, where it is one that is no storage: `proc`, `sysfs`, `devpts`, `cgroup`, ….
    #[serde(rename = "file.system", skip_serializing_if = "Option::is_none", default)]
    pub system: Option<Word>,
}

/// Something done with a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAct {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// `tcp`, `udp`, `unix`, or a number of the IP protocol.
    #[serde(rename = "network.transport", skip_serializing_if = "Option::is_none", default)]
    pub transport: Option<Word>,
    /// The socket's own address.
    #[serde(rename = "network.local.address", skip_serializing_if = "Option::is_none", default)]
    pub local_address: Option<IpAddr>,
    /// And port.
    #[serde(rename = "network.local.port", skip_serializing_if = "Option::is_none", default)]
    pub local_port: Option<u16>,
    /// The other side's address.
    #[serde(rename = "network.peer.address", skip_serializing_if = "Option::is_none", default)]
    pub peer_address: Option<IpAddr>,
    /// And port.
    #[serde(rename = "network.peer.port", skip_serializing_if = "Option::is_none", default)]
    pub peer_port: Option<u16>,
    /// Path of a local socket.
    #[serde(rename = "network.socket.path", skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
}

/// A name server was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAct {
    /// Who, and which server.
    #[serde(flatten)]
    pub network: NetworkAct,
    /// The name; absent where the datagram is no well-formed question.
    #[serde(rename = "dns.question.name", skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Type of record: `A`, `AAAA`, …, or its number.
    #[serde(rename = "dns.question.type", skip_serializing_if = "Option::is_none", default)]
    pub record_type: Option<Word>,
}

/// Memory is writable and executable at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryAct {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// First address.
    #[serde(rename = "memory.address")]
    pub address: u64,
    /// Bytes.
    #[serde(rename = "memory.size")]
    pub bytes: u64,
}

/// A system call that sound workloads have little use for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAct {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Its arguments as registers, hexadecimal.
    #[serde(rename = "syscall.arguments")]
    pub arguments: Vec<String>,
    /// Texts that they point to: a path, a name.
    #[serde(rename = "syscall.texts", skip_serializing_if = "Vec::is_empty", default)]
    pub texts: Vec<String>,
    /// By way of another ABI (32-bit, x32), where numbers mean something else.
    #[serde(rename = "syscall.foreign_abi", skip_serializing_if = "is_false", default)]
    pub foreign_abi: bool,
}

/// A signal was sent to another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalAct {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Signal number; 0 only asks whether the target is there.
    #[serde(rename = "signal.number")]
    pub signal: i32,
    /// Process id as the sender knows it: of its own PID namespace, negative for a group; absent for a pidfd.
    #[serde(rename = "signal.target", skip_serializing_if = "Option::is_none", default)]
    pub target: Option<i32>,
}

/// Another program was executed, by the workload's process or by its child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecAct {
    /// Which workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// The workload's process.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// The process that executes: another one than `process.pid` for a child.
    #[serde(rename = "process.child.pid", skip_serializing_if = "Option::is_none", default)]
    pub child: Option<Pid>,
    /// Last component of the executable's path.
    #[serde(rename = "process.executable.name")]
    pub name: String,
    /// The executable is in no directory: made by `memfd_create`.
    #[serde(rename = "process.executable.memfd", skip_serializing_if = "is_false", default)]
    pub memfd: bool,
    /// Arguments, at most 1 KiB of them. Read from memory of the process.
    #[serde(rename = "process.command_args")]
    pub args: Vec<String>,
    /// Names of the fields that were read from memory.
    pub untrusted: Vec<Word>,
}

/// A guest's fault, turned into a trap; or a fault of the runtime itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// Signal number.
    #[serde(rename = "signal.number")]
    pub signal: u8,
    /// `si_code`: above 0, the kernel raised the signal; else a process did.
    #[serde(rename = "signal.code")]
    pub code: i32,
    /// What the runtime calls the trap, e.g. `MemoryOutOfBounds`; absent for a crash, or where it cannot be read.
    #[serde(rename = "wasm.trap.code", skip_serializing_if = "Option::is_none", default)]
    pub trap: Option<Word>,
    /// The faulting address, where the signal has one.
    #[serde(rename = "fault.address", skip_serializing_if = "Option::is_none", default)]
    pub address: Option<u64>,
    /// Address of the instruction.
    #[serde(rename = "fault.instruction")]
    pub instruction: u64,
    /// The process has a handler for the signal.
    #[serde(rename = "signal.handled")]
    pub handled: bool,
}

/// Events of one workload were withheld: it did too much in a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttled {
    /// Which workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// Its process.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// How many, in the second that began at `since_ns`; absent when it begins, for that second is not over.
    #[serde(rename = "throttled.count", skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// Start of that second, `CLOCK_MONOTONIC`, nanoseconds.
    #[serde(rename = "throttled.since_ns")]
    pub since_ns: u64,
    /// `rare` for calls that have a budget of their own, else `common`.
    #[serde(rename = "throttled.budget")]
    pub budget: Word,
}
