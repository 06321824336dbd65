//! What is told in full.

use crate::{Args, Class, Code, Function, Summary, Value};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::sync::Arc;

/// Something that happened in one instance.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// `CLOCK_MONOTONIC` in nanoseconds, when it began.
    #[serde(rename = "time.monotonic_ns")]
    pub monotonic_ns: u64,
    /// Number of the instance, unique in the process.
    #[serde(rename = "wasm.instance.id")]
    pub instance: u64,
    /// The name that the host gave the instance.
    #[serde(rename = "wasm.instance.name", serialize_with = "text")]
    pub name: Arc<str>,
    /// The thread that told of it, in the process's PID namespace: that of the guest. An async host may have begun the call
    /// on another.
    #[serde(rename = "thread.id")]
    pub tid: u32,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. The tag is the OpenTelemetry `event.name`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event.name")]
pub enum EventKind {
    /// A store began.
    #[serde(rename = "boundary.instance.started")]
    Started {
        /// Classes of which every call is told, with times that can be compared with those of the kernel
        /// ([`kernel_clock`](crate::SensorBuilder::kernel_clock)).
        #[serde(rename = "wasi.call.classes.told")]
        told: Vec<Class>,
    },
    /// A store ended.
    #[serde(rename = "boundary.instance.ended")]
    Ended {
        /// Everything that was counted.
        #[serde(flatten)]
        summary: Box<Summary>,
    },
    /// The guest called the host.
    #[serde(rename = "boundary.call")]
    Call(CallEvent),
    /// The guest ran, and came back.
    #[serde(rename = "boundary.run")]
    Run(RunEvent),
    /// The guest asked for more memory or a larger table.
    #[serde(rename = "boundary.grown")]
    Grown(GrowthEvent),
}

impl EventKind {
    /// The OpenTelemetry `event.name`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "boundary.instance.started",
            Self::Ended { .. } => "boundary.instance.ended",
            Self::Call(_) => "boundary.call",
            Self::Run(_) => "boundary.run",
            Self::Grown(_) => "boundary.grown",
        }
    }
}

/// A call from guest to host.
#[derive(Debug, Clone)]
pub struct CallEvent {
    /// Which function.
    pub function: &'static Function,
    /// Its arguments, named by [`Function::params`].
    pub args: Args,
    /// How it ended.
    pub outcome: Outcome,
    /// What it returned.
    pub result: Value,
    /// Nanoseconds, waiting included.
    pub ns: u64,
    /// Bytes that the guest got.
    pub read: u64,
    /// Bytes that the guest gave.
    pub written: u64,
    /// The rule of the gate that refused it.
    pub denied: Option<Arc<str>>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gave a result.
    Ok,
    /// It gave an error.
    Error(Code),
    /// It ended the guest by an error of the host's: a trap.
    Trap,
    /// It ended the guest as the guest wished, with this status.
    Exit(i32),
}

impl Serialize for CallEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("wasi.call.interface", self.function.interface)?;
        map.serialize_entry("wasi.call.name", self.function.name)?;
        map.serialize_entry("wasi.call.class", &self.function.class)?;
        map.serialize_entry("wasi.call.arguments", &Named(self.function.params, &self.args))?;
        match self.outcome {
            Outcome::Ok => map.serialize_entry("wasi.call.outcome", "ok")?,
            Outcome::Error(code) => {
                map.serialize_entry("wasi.call.outcome", "error")?;
                map.serialize_entry("error.type", &code)?;
            }
            Outcome::Trap => map.serialize_entry("wasi.call.outcome", "trap")?,
            Outcome::Exit(status) => {
                map.serialize_entry("wasi.call.outcome", "exit")?;
                map.serialize_entry("process.exit.code", &status)?;
            }
        }
        if self.result != Value::None {
            map.serialize_entry("wasi.call.result", &self.result)?;
        }
        map.serialize_entry("wasi.call.duration_ns", &self.ns)?;
        for (name, bytes) in [("wasi.call.bytes.read", self.read), ("wasi.call.bytes.written", self.written)]
        {
            if bytes > 0 {
                map.serialize_entry(name, &bytes)?;
            }
        }
        if let Some(rule) = &self.denied {
            map.serialize_entry("policy.rule", &**rule)?;
        }
        map.end()
    }
}

/// Serde knows no `Arc<str>` by itself.
fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// Arguments by name.
struct Named<'a>(&'a [&'a str], &'a [Value]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// A run of guest code: an instantiation, or the call of an export.
#[derive(Debug, Clone, Serialize)]
pub struct RunEvent {
    /// What the host called it, e.g. `_start`.
    #[serde(rename = "wasm.run.name", serialize_with = "text")]
    pub name: Arc<str>,
    /// How it ended.
    #[serde(flatten)]
    pub end: RunEnd,
    /// Nanoseconds.
    #[serde(rename = "wasm.run.wall_ns")]
    pub wall_ns: u64,
    /// CPU time of the threads that it ran on, nanoseconds.
    #[serde(rename = "wasm.run.cpu_ns")]
    pub cpu_ns: u64,
    /// Nanoseconds in host calls whose times are taken.
    #[serde(rename = "wasm.run.host_ns")]
    pub host_ns: u64,
    /// CPU time of guest code, nanoseconds; see [`crate::RunTotals::guest_cpu_ns`].
    #[serde(rename = "wasm.run.guest_cpu_ns")]
    pub guest_cpu_ns: u64,
    /// Fuel used; absent where the engine does not count it.
    #[serde(rename = "wasm.run.fuel", skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "wasm.run.end", rename_all = "snake_case")]
pub enum RunEnd {
    /// It returned.
    Returned,
    /// By `proc_exit` or `wasi:cli/exit`.
    Exited {
        /// Its status.
        #[serde(rename = "process.exit.code")]
        status: i32,
    },
    /// By a trap of the guest's.
    Trapped {
        /// What wasmtime calls it: `MemoryOutOfBounds`, `UnreachableCodeReached`, …
        #[serde(rename = "wasm.trap.code")]
        code: String,
        /// Where.
        #[serde(flatten)]
        stack: Stack,
    },
    /// By an error of the host's: of a host function, or before the guest ran.
    Failed {
        /// The host's words, at most [`TEXT_BYTES`](crate::TEXT_BYTES).
        #[serde(rename = "error.message")]
        message: String,
        /// Where, if the guest had run.
        #[serde(flatten)]
        stack: Stack,
    },
}

/// Guest functions that were active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// Innermost first, at most 64. wasmtime itself keeps 20 of a trap's, unless the host's
    /// [`Config`](wasmtime::Config::wasm_backtrace_max_frames) says otherwise.
    #[serde(rename = "wasm.stack.frames")]
    pub frames: Vec<Frame>,
    /// Whether there were more. Of those that wasmtime did not keep, nobody knows.
    #[serde(rename = "wasm.stack.cut", skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// One guest function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Index in its core module's function index space, imports included.
    #[serde(rename = "wasm.function.index")]
    pub function_index: u32,
    /// Name from the name section, at most 256 bytes.
    #[serde(rename = "wasm.function.name", skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Name of its core module, at most 256 bytes.
    #[serde(rename = "wasm.module.name", skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Bytes from the start of the core module to the instruction.
    #[serde(rename = "wasm.function.offset", skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// More was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrowthEvent {
    /// `memory`, in bytes, or `table`, in elements.
    #[serde(rename = "wasm.grown.what")]
    pub what: &'static str,
    /// Before.
    #[serde(rename = "wasm.grown.from")]
    pub from: u64,
    /// What was asked for.
    #[serde(rename = "wasm.grown.asked")]
    pub asked: u64,
    /// The most that it may ever have, by its own declaration.
    #[serde(rename = "wasm.grown.maximum", skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
    /// What came of it.
    #[serde(rename = "wasm.grown.answer")]
    pub answer: GrowthAnswer,
}

/// What came of a wish to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrowthAnswer {
    /// It has it.
    Granted,
    /// The host's limiter refused.
    Refused,
    /// The host's limiter ended the guest.
    Trapped,
    /// The limiter had granted it, and wasmtime could not do it; or it was beyond what the declaration allows.
    Failed,
}
