//! Identities: which process, which workload, which bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256 as Hasher};
use std::fmt;

/// A process id in the agent's own PID namespace (the kernel's `tgid`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pid(pub u32);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kernel's random id of this boot, `/proc/sys/kernel/random/boot_id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub String);

/// One program running in one process: survives nothing, is reused by nobody.
///
/// `/proc/PID/stat` and the kernel's `task_struct` give the same three numbers, so every sensor
/// computes the same key without talking to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Process id.
    pub pid: Pid,
    /// Start of the process in clock ticks since boot (`stat` field 22; 10 ms on every Linux
    /// architecture, `USER_HZ` = 100). A reused PID has another one.
    pub start_ticks: u64,
    /// Initial stack address (`stat` field 28, `mm->start_stack`): address-space randomisation gives
    /// each `execve` another one, so a shell that execs a runtime is not that runtime's workload.
    /// 0 where the reader lacks the right to see it.
    pub exec_stamp: u64,
}

impl ProcessKey {
    /// Nanoseconds in one clock tick (`USER_HZ` is part of the Linux ABI: 100).
    pub const TICK_NS: u64 = 10_000_000;

    /// The key of a task whose kernel `start_boottime` (ns) and `mm->start_stack` are known.
    pub fn from_kernel(pid: u32, start_boottime_ns: u64, start_stack: u64) -> Self {
        Self { pid: Pid(pid), start_ticks: start_boottime_ns / Self::TICK_NS, exec_stamp: start_stack }
    }
}

/// Sixteen hexadecimal digits that name one workload on one host until the next boot.
///
/// The truncated SHA-256 of boot id and [`ProcessKey`]: `ps`, `inspect` and `watch` agree on it
/// without sharing state, and it reveals neither address nor boot id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadId(u64);

impl WorkloadId {
    /// Derives the id of `process` in the boot `boot`.
    pub fn new(boot: &BootId, process: &ProcessKey) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(boot.0.as_bytes());
        hasher.update([0]);
        hasher.update(process.pid.0.to_le_bytes());
        hasher.update(process.start_ticks.to_le_bytes());
        hasher.update(process.exec_stamp.to_le_bytes());
        let digest = hasher.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }
}

impl From<WorkloadId> for u64 {
    /// The number that its digits write.
    fn from(id: WorkloadId) -> Self {
        id.0
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for WorkloadId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkloadId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// SHA-256 of a file's bytes; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct Sha256(#[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))] pub [u8; 32]);

impl Sha256 {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Hasher::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(serde::de::Error::custom("a SHA-256 has 64 hexadecimal digits"));
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(serde::de::Error::custom)?;
            *byte = u8::from_str_radix(digits, 16).map_err(serde::de::Error::custom)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pid: u32, start_ticks: u64, exec_stamp: u64) -> ProcessKey {
        ProcessKey { pid: Pid(pid), start_ticks, exec_stamp }
    }

    #[test]
    fn a_reused_pid_an_exec_and_a_reboot_are_other_workloads() {
        let boot = BootId("a".into());
        let base = WorkloadId::new(&boot, &key(7, 100, 0x7ffd_0000));
        assert_eq!(base, WorkloadId::new(&boot, &key(7, 100, 0x7ffd_0000)));
        assert_ne!(base, WorkloadId::new(&boot, &key(7, 101, 0x7ffd_0000)), "reused PID");
        assert_ne!(base, WorkloadId::new(&boot, &key(7, 100, 0x7ffd_1000)), "exec");
        assert_ne!(base, WorkloadId::new(&BootId("b".into()), &key(7, 100, 0x7ffd_0000)), "reboot");
    }

    #[test]
    fn kernel_nanoseconds_become_the_ticks_of_proc() {
        assert_eq!(ProcessKey::from_kernel(1, 1_239_999_999, 0).start_ticks, 123);
    }

    #[test]
    fn ids_survive_json() {
        let id = WorkloadId::new(&BootId("a".into()), &key(1, 2, 3));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<WorkloadId>(&json).unwrap(), id);
        let hash = Sha256::of(b"\0asm");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Sha256>(&json).unwrap(), hash);
        assert!(serde_json::from_str::<Sha256>("\"12\"").is_err());
    }
}
