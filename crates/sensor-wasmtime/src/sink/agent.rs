//! To an agent on this host.

use crate::{Class, Event, EventKind, LineWriter, LinesSink, Sink};
use std::{io, os::unix::net::UnixStream, path::Path};

/// Tells a running agent (`wasmscope watch --hooks`) over its local socket, so that it joins what the hooks see with what the
/// kernel sees. The agent learns from the socket which process this is.
///
/// As [`LinesSink`], it never holds up a guest: an agent that takes nothing, or is gone, costs events, which are counted. Calls
/// that only move bytes, wait, or ask for the time or for random numbers are not sent unless the gate refused them: they are many,
/// and the totals at the instance's end have them.
///
/// With [`kernel_clock`](crate::SensorBuilder::kernel_clock) the agent also tells system calls that no host call explains.
///
/// ```no_run
/// use wasmscope_sensor_wasmtime::{AgentSink, Mode, Sensor};
///
/// # fn main() -> std::io::Result<()> {
/// let (sink, writer) = AgentSink::connect(AgentSink::SOCKET.as_ref(), 4096)?;
/// let sensor = Sensor::builder().kernel_clock().modes(Mode::Events).sink(sink).build();
/// // … run guests …
/// writer.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AgentSink {
    lines: LinesSink,
}

impl AgentSink {
    /// Where an agent listens unless it was told otherwise.
    pub const SOCKET: &str = wasmscope_model::boundary::SOCKET;

    /// Connects, and starts the thread that writes, with room for `capacity` events that wait.
    ///
    /// # Errors
    /// Nobody listens at `socket`, or this process may not connect; the thread could not be started.
    pub fn connect(socket: &Path, capacity: usize) -> io::Result<(Self, LineWriter)> {
        let (lines, writer) = LinesSink::start(UnixStream::connect(socket)?, capacity)?;
        Ok((Self { lines }, writer))
    }
}

impl Sink for AgentSink {
    fn take(&self, event: Event) {
        if !is_frequent(&event.kind) {
            self.lines.take(event);
        }
    }

    fn lost(&self) -> u64 {
        self.lines.lost()
    }
}

/// Functions of class files that move bytes, or move within a file.
const MOVES: [&str; 14] = [
    "fd_read",
    "fd_write",
    "fd_pread",
    "fd_pwrite",
    "fd_seek",
    "fd_tell",
    "fd_advise",
    "fd_sync",
    "fd_datasync",
    "read",
    "write",
    "advise",
    "sync",
    "sync-data",
];

fn is_frequent(kind: &EventKind) -> bool {
    let EventKind::Call(call) = kind else { return false };
    call.denied.is_none()
        && match call.function.class {
            Class::Streams | Class::Clocks | Class::Random | Class::Poll => true,
            Class::Files => MOVES.contains(&call.function.name),
            _ => false,
        }
}
