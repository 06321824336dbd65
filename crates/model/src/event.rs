//! Events: what was seen, when, about which workload.
//!
//! One event is one JSON line. Attribute names follow the OpenTelemetry semantic conventions where one
//! exists, `wasm.*` otherwise; `docs/events.md` lists them.

use crate::{
    Detection, LinearMemory, Pid, ProbeReport, Response, Workload, WorkloadId,
    activity::{
        Actor, CallAct, DnsAct, ExecAct, Fault, FileAct, MemoryAct, NetworkAct, Outcome, SignalAct,
        Throttled, Word,
    },
    boundary::{
        Boundary, GuestRun, Hooked, HostCall, Instance, InstanceGrowth, InstanceStart, InstanceTotals,
        Unexplained,
    },
};
use serde::{Deserialize, Serialize};

/// Version of the JSON-lines format; raised when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// One thing seen, in the order in which the agent learned of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// [`FORMAT`].
    #[serde(rename = "wasmscope.format")]
    pub format: u32,
    /// RFC 3339 wall-clock time, UTC, microseconds. Steps with the host's clock.
    pub time: String,
    /// `CLOCK_MONOTONIC` in nanoseconds when the kernel (or, for what was found by looking, the agent)
    /// saw it. Never steps; order by this.
    #[serde(rename = "time.monotonic_ns")]
    pub monotonic_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// What follows from this one, as of the same time.
    pub fn followed_by(&self, kind: EventKind) -> Self {
        Self { format: FORMAT, time: self.time.clone(), monotonic_ns: self.monotonic_ns, kind }
    }
}

/// What happened. The tag is the OpenTelemetry `event.name`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event.name")]
pub enum EventKind {
    /// A process was recognised as a Wasm workload for the first time.
    #[serde(rename = "workload.started")]
    Started {
        /// Everything known at that moment.
        #[serde(flatten)]
        workload: Box<Workload>,
        /// True for a workload that already ran when the agent started.
        #[serde(rename = "workload.found_running")]
        found_running: bool,
        /// Milliseconds from the first trace of Wasm that the kernel reported (reservation or module
        /// read) to this event; absent where there was none.
        #[serde(rename = "workload.recognition.delay_ms", skip_serializing_if = "Option::is_none")]
        delay_ms: Option<f64>,
    },
    /// More, or something else, is now known: another module, image, version or container.
    #[serde(rename = "workload.identified")]
    Identified {
        /// Everything known now.
        #[serde(flatten)]
        workload: Box<Workload>,
        /// Which parts changed: `modules`, `images`, `runtime`, `memories`.
        #[serde(rename = "workload.changed")]
        changed: Vec<String>,
    },
    /// A linear memory became larger.
    #[serde(rename = "workload.memory.grown")]
    Grown {
        /// Which workload.
        #[serde(rename = "workload.id")]
        id: WorkloadId,
        /// Its process.
        #[serde(rename = "process.pid")]
        pid: Pid,
        /// The memory as it is now.
        #[serde(flatten)]
        memory: LinearMemory,
        /// Bytes before.
        #[serde(rename = "wasm.memory.size.previous")]
        previous_bytes: u64,
    },
    /// The workload's process ended or replaced itself by `execve`.
    #[serde(rename = "workload.exited")]
    Exited {
        /// Which workload.
        #[serde(rename = "workload.id")]
        id: WorkloadId,
        /// Its process.
        #[serde(rename = "process.pid")]
        pid: Pid,
        /// How it ended.
        #[serde(flatten)]
        how: Exit,
        /// Seconds from process start to end.
        #[serde(rename = "workload.duration")]
        seconds: f64,
    },
    /// Its process made another one.
    #[serde(rename = "workload.process.forked")]
    Forked {
        /// Which workload.
        #[serde(rename = "workload.id")]
        id: WorkloadId,
        /// Its process.
        #[serde(rename = "process.pid")]
        pid: Pid,
        /// The new one.
        #[serde(rename = "process.child.pid")]
        child: Pid,
    },
    /// It, or its child, executed another program.
    #[serde(rename = "workload.process.executed")]
    Executed(ExecAct),
    /// A file was opened, or could not be.
    #[serde(rename = "workload.file.opened")]
    Opened(FileAct),
    /// A file, directory or node was made.
    #[serde(rename = "workload.file.created")]
    Created(FileAct),
    /// A file or directory was removed.
    #[serde(rename = "workload.file.removed")]
    Removed(FileAct),
    /// A file or directory was renamed.
    #[serde(rename = "workload.file.renamed")]
    Renamed(FileAct),
    /// A hard or symbolic link was made.
    #[serde(rename = "workload.file.linked")]
    Linked(FileAct),
    /// A file was cut, by its path.
    #[serde(rename = "workload.file.truncated")]
    Truncated(FileAct),
    /// A connection was asked for (which may still be going on: `EINPROGRESS`).
    #[serde(rename = "workload.network.connected")]
    Connected(NetworkAct),
    /// A connection came in.
    #[serde(rename = "workload.network.accepted")]
    Accepted(NetworkAct),
    /// A socket got an address.
    #[serde(rename = "workload.network.bound")]
    Bound(NetworkAct),
    /// A socket waits for connections.
    #[serde(rename = "workload.network.listening")]
    Listening(NetworkAct),
    /// The first datagram to a peer.
    #[serde(rename = "workload.network.peer")]
    Peer(NetworkAct),
    /// A name server was asked.
    #[serde(rename = "workload.dns.asked")]
    Asked(DnsAct),
    /// Memory was made writable and executable.
    #[serde(rename = "workload.memory.writable_executable")]
    WritableExecutable(MemoryAct),
    /// A call that sound workloads have little use for.
    #[serde(rename = "workload.call.sensitive")]
    Sensitive(CallAct),
    /// A signal was sent to another process.
    #[serde(rename = "workload.signal.sent")]
    SignalSent(SignalAct),
    /// The guest trapped: its own fault, contained.
    #[serde(rename = "workload.trapped")]
    Trapped(Fault),
    /// The runtime's own code faulted or aborted.
    #[serde(rename = "workload.crashed")]
    Crashed(Fault),
    /// Events of it were withheld.
    #[serde(rename = "workload.throttled")]
    Throttled(Throttled),
    /// Hooks in its process: an instance began.
    #[serde(rename = "boundary.instance.started")]
    InstanceStarted(Boundary<Hooked<InstanceStart>>),
    /// Hooks in its process: an instance ended.
    #[serde(rename = "boundary.instance.ended")]
    InstanceEnded(Boundary<Hooked<Box<InstanceTotals>>>),
    /// Hooks in its process: the guest called the host.
    #[serde(rename = "boundary.call")]
    HostCall(Boundary<Hooked<Box<HostCall>>>),
    /// Hooks in its process: guest code ran, and came back.
    #[serde(rename = "boundary.run")]
    GuestRan(Boundary<Hooked<Box<GuestRun>>>),
    /// Hooks in its process: a memory or table asked for more.
    #[serde(rename = "boundary.grown")]
    InstanceGrown(Boundary<Hooked<InstanceGrowth>>),
    /// Hooks and kernel together: an act that no host call explains.
    #[serde(rename = "boundary.unexplained")]
    Unexplained(Box<Unexplained>),
    /// A rule states something about the workload.
    #[serde(rename = "workload.detected")]
    Detected(Box<Detection>),
    /// Something was done about a detection, or at a system call, because a file says so.
    #[serde(rename = "workload.response")]
    Responded(Box<Response>),
    /// Something was lost between kernel and output.
    #[serde(rename = "sensor.lost")]
    Lost(Loss),
    /// A probe changed its state.
    #[serde(rename = "sensor.state")]
    Sensor(ProbeReport),
}

impl EventKind {
    /// The OpenTelemetry `event.name`.
    pub fn name(&self) -> &'static str {
        self.kind().as_str()
    }

    /// The workload it speaks of.
    pub fn workload(&self) -> Option<WorkloadId> {
        Some(match self {
            Self::Started { workload, .. } | Self::Identified { workload, .. } => workload.id,
            Self::Grown { id, .. } | Self::Exited { id, .. } | Self::Forked { id, .. } => *id,
            Self::Executed(act) => act.id,
            Self::Throttled(throttled) => throttled.id,
            Self::InstanceStarted(of) => of.id,
            Self::InstanceEnded(of) => of.id,
            Self::HostCall(of) => of.id,
            Self::GuestRan(of) => of.id,
            Self::InstanceGrown(of) => of.id,
            Self::Detected(detection) => detection.id,
            Self::Responded(response) => response.id,
            Self::Lost(_) | Self::Sensor(_) => return None,
            _ => self.actor()?.id,
        })
    }

    /// The process it speaks of.
    pub fn pid(&self) -> Option<Pid> {
        Some(match self {
            Self::Started { workload, .. } | Self::Identified { workload, .. } => workload.pid,
            Self::Grown { pid, .. } | Self::Exited { pid, .. } | Self::Forked { pid, .. } => *pid,
            Self::Executed(act) => act.pid,
            Self::Throttled(throttled) => throttled.pid,
            Self::Detected(detection) => detection.pid,
            Self::Responded(response) => response.pid,
            Self::InstanceStarted(of) => of.pid,
            Self::InstanceEnded(of) => of.pid,
            Self::HostCall(of) => of.pid,
            Self::GuestRan(of) => of.pid,
            Self::InstanceGrown(of) => of.pid,
            Self::Lost(_) | Self::Sensor(_) => return None,
            _ => self.actor()?.pid,
        })
    }

    /// The instance that hooks in the process tell of.
    pub fn instance(&self) -> Option<&Instance> {
        Some(match self {
            Self::InstanceStarted(of) => &of.what.instance,
            Self::InstanceEnded(of) => &of.what.instance,
            Self::HostCall(of) => &of.what.instance,
            Self::GuestRan(of) => &of.what.instance,
            Self::InstanceGrown(of) => &of.what.instance,
            _ => return None,
        })
    }

    /// How the system call ended, where the event tells of one.
    pub fn outcome(&self) -> Option<&Outcome> {
        Some(match self {
            Self::WritableExecutable(act) => &act.outcome,
            Self::Sensitive(act) => &act.outcome,
            Self::SignalSent(act) => &act.outcome,
            _ => match (self.file(), self.socket()) {
                (Some(act), _) => &act.outcome,
                (_, Some(act)) => &act.outcome,
                _ => return None,
            },
        })
    }

    /// The system call, where the event tells of one.
    pub fn syscall(&self) -> Option<&Word> {
        match self {
            Self::Unexplained(act) => act.call.as_ref(),
            _ => self.outcome().map(|outcome| &outcome.call),
        }
    }

    /// What the act was done to, for people: a path or an address.
    pub fn target(&self) -> Option<String> {
        if let Some(act) = self.file() {
            return act.path.clone().or_else(|| act.requested.clone());
        }
        let act = self.socket()?;
        let peer = act.peer_address.or(act.local_address).map(|ip| {
            let port = act.peer_port.or(act.local_port).unwrap_or(0);
            std::net::SocketAddr::new(ip, port).to_string()
        });
        peer.or_else(|| act.path.clone())
    }

    /// What was done to a file.
    pub fn file(&self) -> Option<&FileAct> {
        Some(match self {
            Self::Opened(act)
            | Self::Created(act)
            | Self::Removed(act)
            | Self::Renamed(act)
            | Self::Linked(act)
            | Self::Truncated(act) => act,
            _ => return None,
        })
    }

    /// What was done with a socket.
    pub fn socket(&self) -> Option<&NetworkAct> {
        Some(match self {
            Self::Connected(act)
            | Self::Accepted(act)
            | Self::Bound(act)
            | Self::Listening(act)
            | Self::Peer(act) => act,
            Self::Asked(act) => &act.network,
            _ => return None,
        })
    }

    /// Who acted, where the event tells of one act of one thread.
    pub fn actor(&self) -> Option<&Actor> {
        Some(match self {
            Self::WritableExecutable(act) => &act.actor,
            Self::Sensitive(act) => &act.actor,
            Self::SignalSent(act) => &act.actor,
            Self::Trapped(fault) | Self::Crashed(fault) => &fault.actor,
            Self::Unexplained(act) => &act.actor,
            _ => match (self.file(), self.socket()) {
                (Some(act), _) => &act.actor,
                (_, Some(act)) => &act.actor,
                _ => return None,
            },
        })
    }
}

/// How a workload's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "workload.exit.kind", rename_all = "snake_case")]
pub enum Exit {
    /// `exit` with this status.
    Code {
        /// 0 to 255.
        #[serde(rename = "process.exit.code")]
        code: u8,
    },
    /// Killed by this signal.
    Signal {
        /// Linux signal number.
        #[serde(rename = "process.exit.signal")]
        signal: u8,
        /// Whether the kernel was to write a core file.
        #[serde(rename = "process.exit.core_dumped")]
        core_dumped: bool,
    },
    /// Replaced by another program in the same process.
    Exec,
    /// Gone, and nobody saw how: the exit event was lost or came before the agent.
    Unseen,
}

impl Exit {
    /// From the kernel's `task->exit_code`, the encoding of `wait(2)`.
    pub fn from_wait_status(status: u32) -> Self {
        match status & 0x7f {
            0 => Self::Code { code: (status >> 8 & 0xff) as u8 },
            signal => Self::Signal { signal: signal as u8, core_dumped: status & 0x80 != 0 },
        }
    }
}

/// A number of records that did not get through, by where and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Which family of records, e.g. `lifecycle`, `hint`.
    #[serde(rename = "loss.family")]
    pub family: String,
    /// Where, named by cause: `ring_full`, `map_full`, `decode_error`, `queue_drop`, `output`.
    #[serde(rename = "loss.stage")]
    pub stage: String,
    /// How many since the last such event.
    #[serde(rename = "loss.count")]
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses_are_told_apart() {
        assert_eq!(Exit::from_wait_status(0x0300), Exit::Code { code: 3 });
        assert_eq!(Exit::from_wait_status(9), Exit::Signal { signal: 9, core_dumped: false });
        assert_eq!(Exit::from_wait_status(0x8b), Exit::Signal { signal: 11, core_dumped: true });
    }

    #[test]
    fn an_event_is_one_flat_json_object_and_comes_back() {
        let event = Event {
            format: FORMAT,
            time: "2026-01-01T00:00:00.000000Z".into(),
            monotonic_ns: 5,
            kind: EventKind::Exited {
                id: WorkloadId::new(&crate::BootId("b".into()), &crate::ProcessKey::from_kernel(1, 0, 0)),
                pid: Pid(1),
                how: Exit::Signal { signal: 11, core_dumped: true },
                seconds: 0.5,
            },
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["event.name"], "workload.exited");
        assert_eq!(json["process.exit.signal"], 11);
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}
