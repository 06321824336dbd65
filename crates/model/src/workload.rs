//! What the user thinks of as one running thing.

use crate::{CodeImage, LinearMemory, Pid, Recognition, Sha256, WorkloadId, activity::Word};
use serde::{Deserialize, Serialize};

/// How a module file was tied to the workload, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleOrigin {
    /// Its function symbols are those of a code image in memory.
    CodeImage,
    /// The process has the file mapped.
    Mapped,
    /// The process has the file open.
    Open,
    /// The kernel saw the process read the file's first page, and it begins with `\0asm`.
    Read,
    /// The command line names it; nothing confirms that this is what runs.
    CommandLine,
}

/// A module file that a workload uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleFile {
    /// Path as the process sees it (inside its container); attacker-controlled. `None` where only the
    /// file itself could be had (deleted, or read and closed before anybody looked).
    #[serde(rename = "wasm.module.path", skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// SHA-256 of the file's bytes at the time it was looked at; `None` where it could not be read
    /// or is larger than the agent's bound.
    #[serde(rename = "wasm.module.sha256", skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// Size in bytes.
    #[serde(rename = "wasm.module.size", skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Module name from its name section.
    #[serde(rename = "wasm.module.name", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it was tied to the workload.
    #[serde(rename = "wasm.module.origin")]
    pub origin: ModuleOrigin,
    /// What it can ask of its host, by what it imports and, where that was found out, what its exports reach: names of
    /// `wasmscope-analyze`'s vocabulary; `None` where nobody looked into it.
    #[serde(rename = "wasm.module.capabilities", skip_serializing_if = "Option::is_none", default)]
    pub capabilities: Option<Vec<Word>>,
    /// Ids of the findings that `scan` has of it, medium and above.
    #[serde(rename = "wasm.module.findings", skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Word>,
}

/// Container, pod and unit of a process, from its cgroup path alone.
///
/// All `None` for a process outside any: a shim without a cgroup of its own has none, and never the host's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Container id as the engine wrote it into the cgroup path.
    #[serde(rename = "container.id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Pod UID, dashes restored.
    #[serde(rename = "k8s.pod.uid", skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
    /// systemd service or scope unit, unless it only carries a container.
    #[serde(rename = "systemd.unit", skip_serializing_if = "Option::is_none")]
    pub systemd_unit: Option<String>,
}

/// One Wasm workload: a process that runs modules, and all that was learned about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Stable name of the workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// Process id in the agent's PID namespace.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// Process id in the process's own, innermost PID namespace, where that is another.
    #[serde(rename = "process.vpid", skip_serializing_if = "Option::is_none")]
    pub namespace_pid: Option<Pid>,
    /// Parent.
    #[serde(rename = "process.parent_pid")]
    pub parent_pid: Pid,
    /// Effective user id at the time of looking, in the agent's user namespace.
    #[serde(rename = "process.user.id")]
    pub uid: u32,
    /// Wall-clock start, seconds since the Unix epoch (10 ms resolution).
    #[serde(rename = "process.creation.time")]
    pub started_unix: f64,
    /// `/proc/PID/exe` as the process sees it.
    #[serde(rename = "process.executable.path", skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// Runtime, version, confidence, evidence.
    #[serde(flatten)]
    pub recognition: Recognition,
    /// Module files, best tied first.
    #[serde(rename = "wasm.modules")]
    pub modules: Vec<ModuleFile>,
    /// Code images in memory.
    #[serde(rename = "wasm.images")]
    pub images: Vec<CodeImage>,
    /// Linear memories.
    #[serde(rename = "wasm.memories")]
    pub memories: Vec<LinearMemory>,
    /// Container identity, where there is one.
    #[serde(flatten)]
    pub container: Container,
    /// What could not be learned, and why: never silently less.
    #[serde(rename = "wasm.unknown", skip_serializing_if = "Vec::is_empty", default)]
    pub unknown: Vec<String>,
}

impl Workload {
    /// Sum of the current sizes of all linear memories, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.memories.iter().fold(0, |sum, m| sum.saturating_add(m.size_bytes))
    }

    /// Number of guest functions in all code images.
    pub fn functions(&self) -> u64 {
        self.images.iter().map(|i| u64::from(i.functions)).sum()
    }

    /// The module this workload is shown as: its best-tied file.
    pub fn module(&self) -> Option<&ModuleFile> {
        self.modules.first()
    }
}
