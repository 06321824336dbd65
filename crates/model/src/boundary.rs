//! What hooks between guest and host tell of: calls, runs, growth, and the life of instances.
//!
//! The observed process itself says all of it (through `wasmscope-sensor-wasmtime`): unlike the kernel's events, it is worth as
//! much as the word of that process.

use crate::{
    Loss, Pid, WorkloadId,
    activity::{Actor, Word},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an agent listens for hooks unless it is told otherwise.
pub const SOCKET: &str = "/run/wasmscope/hooks.sock";

/// Longest line that an agent takes from a hook, bytes. The end of an instance that called every function is shorter.
pub const MOST_LINE_BYTES: usize = 256 * 1024;

/// One line that a hook writes: what happened, before anybody knows to which workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookLine {
    /// `CLOCK_MONOTONIC` in nanoseconds, when it began.
    #[serde(rename = "time.monotonic_ns")]
    pub monotonic_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: HookEvent,
}

/// What happened. The tag is the OpenTelemetry `event.name`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event.name")]
pub enum HookEvent {
    /// An instance began.
    #[serde(rename = "boundary.instance.started")]
    Started(Hooked<InstanceStart>),
    /// It ended.
    #[serde(rename = "boundary.instance.ended")]
    Ended(Hooked<Box<InstanceTotals>>),
    /// The guest called the host.
    #[serde(rename = "boundary.call")]
    Call(Hooked<Box<HostCall>>),
    /// Guest code ran, and came back.
    #[serde(rename = "boundary.run")]
    Run(Hooked<Box<GuestRun>>),
    /// A memory or table asked for more.
    #[serde(rename = "boundary.grown")]
    Grown(Hooked<InstanceGrowth>),
    /// Events that the hooks could not pass on.
    #[serde(rename = "sensor.lost")]
    Lost(Loss),
}

/// An instance, as its host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Number of the instance, unique in the process.
    #[serde(rename = "wasm.instance.id")]
    pub id: u64,
    /// The name that the host gave it.
    #[serde(rename = "wasm.instance.name")]
    pub name: String,
    /// The thread that it happened on, in the process's own PID namespace. Absent where no thread is to be named.
    #[serde(rename = "thread.id", skip_serializing_if = "Option::is_none", default)]
    pub tid: Option<u32>,
}

/// What the hooks will tell of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStart {
    /// Classes of which every call is told, but for those that only move bytes, wait, or ask for the time or for random numbers.
    #[serde(rename = "wasi.call.classes.told", skip_serializing_if = "Vec::is_empty", default)]
    pub told: Vec<String>,
}

/// Something of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooked<T> {
    /// Whose.
    #[serde(flatten)]
    pub instance: Instance,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// The same of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary<T> {
    /// Which workload.
    #[serde(rename = "workload.id")]
    pub id: WorkloadId,
    /// Its process.
    #[serde(rename = "process.pid")]
    pub pid: Pid,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// An act that a guest function led to, and no host call that the hooks told of. Hooks tell every call, so guest code has
/// come to the kernel by a way of its own; or the host offers a function that the hooks do not watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexplained {
    /// Who, and by which guest functions.
    #[serde(flatten)]
    pub actor: Actor,
    /// Name of the event that told of the act: `workload.file.opened`.
    #[serde(rename = "act.event.name")]
    pub event: Word,
    /// `CLOCK_MONOTONIC` in nanoseconds of that event.
    #[serde(rename = "act.monotonic_ns")]
    pub at_ns: u64,
    /// The system call.
    #[serde(rename = "syscall.name", skip_serializing_if = "Option::is_none", default)]
    pub call: Option<Word>,
    /// What it was done to: a path or an address.
    #[serde(rename = "act.target", skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// `outside`: no host call was going on. `other_call`: one was, and cannot lead to such an act.
    #[serde(rename = "act.unexplained")]
    pub why: Word,
    /// The host call during which it was, if there was one.
    #[serde(rename = "wasi.call.name", skip_serializing_if = "Option::is_none", default)]
    pub during: Option<String>,
}

/// A call from guest to host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// `wasi_snapshot_preview1`, `wasi:filesystem/types`, or the host's own.
    #[serde(rename = "wasi.call.interface")]
    pub interface: String,
    /// The function.
    #[serde(rename = "wasi.call.name")]
    pub name: String,
    /// What kind of call: `files`, `sockets`, `clocks`, `random`, `poll`, `streams`, `cli`, `http`, `process`, `custom`.
    #[serde(rename = "wasi.call.class")]
    pub class: String,
    /// Arguments by name.
    #[serde(rename = "wasi.call.arguments", default)]
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// `ok`, `error`, `trap`, `exit`.
    #[serde(rename = "wasi.call.outcome")]
    pub outcome: String,
    /// Name of the error that the guest got.
    #[serde(rename = "error.type", skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Status, of an exit.
    #[serde(rename = "process.exit.code", skip_serializing_if = "Option::is_none", default)]
    pub exit_code: Option<i32>,
    /// What it returned.
    #[serde(rename = "wasi.call.result", skip_serializing_if = "Option::is_none", default)]
    pub result: Option<serde_json::Value>,
    /// Nanoseconds, waiting included.
    #[serde(rename = "wasi.call.duration_ns")]
    pub duration_ns: u64,
    /// Bytes that the guest got.
    #[serde(rename = "wasi.call.bytes.read", skip_serializing_if = "is_zero", default)]
    pub read_bytes: u64,
    /// Bytes that the guest gave.
    #[serde(rename = "wasi.call.bytes.written", skip_serializing_if = "is_zero", default)]
    pub written_bytes: u64,
    /// The rule of the gate that refused it.
    #[serde(rename = "policy.rule", skip_serializing_if = "Option::is_none", default)]
    pub denied_by: Option<String>,
}

impl HostCall {
    /// The first path among its arguments, if one is text.
    pub fn path(&self) -> Option<&str> {
        ["path", "old_path", "old-path"].into_iter().find_map(|name| text(self.arguments.get(name)?))
    }

    /// Whether it opens a file that it makes if it is not there, or empties.
    pub fn creates(&self) -> bool {
        let flags =
            ["oflags", "open-flags"].into_iter().find_map(|name| self.arguments.get(name)?.as_array());
        let making = ["creat", "create", "trunc", "truncate"];
        flags.into_iter().flatten().filter_map(|flag| flag.as_str()).any(|flag| making.contains(&flag))
    }

    /// The first address or name of another host among its arguments.
    pub fn address(&self) -> Option<&str> {
        let names = ["remote_address", "remote-address", "local_address", "local-address", "addr", "name"];
        if self.class != "sockets" {
            return None;
        }
        names.into_iter().find_map(|name| text(self.arguments.get(name)?))
    }
}

/// Text that is whole, or the head of one that was cut or was no UTF-8.
fn text(value: &serde_json::Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("text")?.as_str())
}

/// A run of guest code: an instantiation, or the call of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestRun {
    /// What the host called it, e.g. `_start`.
    #[serde(rename = "wasm.run.name")]
    pub name: String,
    /// `returned`, `exited`, `trapped`, `failed`.
    #[serde(rename = "wasm.run.end")]
    pub end: String,
    /// Status, of an exit.
    #[serde(rename = "process.exit.code", skip_serializing_if = "Option::is_none", default)]
    pub exit_code: Option<i32>,
    /// What Wasmtime calls the trap.
    #[serde(rename = "wasm.trap.code", skip_serializing_if = "Option::is_none", default)]
    pub trap: Option<Word>,
    /// The host's error.
    #[serde(rename = "error.message", skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Guest functions that were active, innermost first.
    #[serde(rename = "wasm.stack.frames", skip_serializing_if = "Vec::is_empty", default)]
    pub frames: Vec<HookFrame>,
    /// Whether there were more.
    #[serde(rename = "wasm.stack.cut", skip_serializing_if = "is_false", default)]
    pub cut: bool,
    /// Nanoseconds.
    #[serde(rename = "wasm.run.wall_ns")]
    pub wall_ns: u64,
    /// CPU time of the threads that it ran on, nanoseconds.
    #[serde(rename = "wasm.run.cpu_ns")]
    pub cpu_ns: u64,
    /// Nanoseconds in host calls whose times are taken.
    #[serde(rename = "wasm.run.host_ns")]
    pub host_ns: u64,
    /// CPU time of guest code, nanoseconds.
    #[serde(rename = "wasm.run.guest_cpu_ns")]
    pub guest_cpu_ns: u64,
    /// Fuel used, where the engine counts it.
    #[serde(rename = "wasm.run.fuel", skip_serializing_if = "Option::is_none", default)]
    pub fuel: Option<u64>,
}

/// One guest function, as the host's engine names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookFrame {
    /// Index in its core module's function index space, imports included.
    #[serde(rename = "wasm.function.index")]
    pub function_index: u32,
    /// Name from the name section.
    #[serde(rename = "wasm.function.name", skip_serializing_if = "Option::is_none", default)]
    pub function: Option<String>,
    /// Name of its core module.
    #[serde(rename = "wasm.module.name", skip_serializing_if = "Option::is_none", default)]
    pub module: Option<String>,
    /// Bytes from the start of the core module to the instruction.
    #[serde(rename = "wasm.function.offset", skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
}

/// More was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceGrowth {
    /// `memory`, in bytes, or `table`, in elements.
    #[serde(rename = "wasm.grown.what")]
    pub what: Word,
    /// Before.
    #[serde(rename = "wasm.grown.from")]
    pub from: u64,
    /// What was asked for.
    #[serde(rename = "wasm.grown.asked")]
    pub asked: u64,
    /// The most that it may ever have.
    #[serde(rename = "wasm.grown.maximum", skip_serializing_if = "Option::is_none", default)]
    pub maximum: Option<u64>,
    /// `granted`, `refused`, `trapped`, `failed`.
    #[serde(rename = "wasm.grown.answer")]
    pub answer: Word,
}

/// What an instance had done when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceTotals {
    /// Calls by function: `wasi:filesystem/types#stat`.
    #[serde(default)]
    pub functions: BTreeMap<String, CallTotals>,
    /// Errors that guests got: by function, space, name.
    #[serde(default)]
    pub errors: BTreeMap<String, u64>,
    /// The most linear memory that it had, and how often it asked for more.
    pub memory: GrowthTotals,
    /// The same of tables, in elements.
    pub table: GrowthTotals,
    /// Runs of guest code.
    pub run: RunTotals,
}

/// Calls of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTotals {
    /// How often it was called.
    pub calls: u64,
    /// How often the guest got an error.
    pub errors: u64,
    /// How often the call ended the guest.
    pub traps: u64,
    /// How often the gate refused it.
    pub denied: u64,
    /// Nanoseconds in it, waiting included.
    pub ns: u64,
    /// Bytes that the guest got.
    pub read: u64,
    /// Bytes that the guest gave.
    pub written: u64,
}

/// Growth of memories or tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrowthTotals {
    /// How often more was asked for.
    pub asked: u64,
    /// How often it was granted.
    pub granted: u64,
    /// How often it was not.
    pub refused: u64,
    /// The most that there was: bytes, or elements.
    pub high_water: u64,
}

/// Runs of guest code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTotals {
    /// How many.
    pub runs: u64,
    /// Those that trapped.
    pub trapped: u64,
    /// Those that exited.
    pub exited: u64,
    /// Those that a host error ended.
    pub failed: u64,
    /// Nanoseconds in them.
    pub wall_ns: u64,
    /// CPU time, nanoseconds.
    pub cpu_ns: u64,
    /// Nanoseconds in host calls.
    pub host_ns: u64,
    /// CPU time of guest code, nanoseconds.
    pub guest_cpu_ns: u64,
    /// Fuel used.
    pub fuel: u64,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_false(value: &bool) -> bool {
    !value
}
