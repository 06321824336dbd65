//! What kind of call it is, and how closely it is watched.

use serde::Serialize;

/// What a function does, as far as watching and policies are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Class {
    /// Files and directories. Of preview 1: all `fd_*` and `path_*`, hence standard streams too.
    Files,
    /// TCP, UDP and name look-ups.
    Sockets,
    /// Reading clocks, and making pollables of them.
    Clocks,
    /// Random numbers.
    Random,
    /// Waiting.
    Poll,
    /// `wasi:io` streams and errors, whatever is behind them.
    Streams,
    /// Arguments, environment, standard streams, terminals.
    Cli,
    /// `wasi:http`, in and out.
    Http,
    /// Exit, signals to oneself, yielding.
    Process,
    /// The host's own functions: [`crate::Sensor::custom`].
    Custom,
}

impl Class {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Files,
        Self::Sockets,
        Self::Clocks,
        Self::Random,
        Self::Poll,
        Self::Streams,
        Self::Cli,
        Self::Http,
        Self::Process,
        Self::Custom,
    ];

    /// Its name in events, metrics and policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Sockets => "sockets",
            Self::Clocks => "clocks",
            Self::Random => "random",
            Self::Poll => "poll",
            Self::Streams => "streams",
            Self::Cli => "cli",
            Self::Http => "http",
            Self::Process => "process",
            Self::Custom => "custom",
        }
    }
}

/// How closely the calls of a class are watched. A [gate](crate::Gate) judges them whatever the mode; a call that it
/// refuses is always told and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    Off,
    /// Number of calls, errors by name, bytes. No clock is read.
    Count,
    /// As [`Count`](Self::Count), and the time spent. The default.
    Time,
    /// As [`Time`](Self::Time), and of every so many calls one is told in full: of `Sample(100)`, the first, the 101st, …
    /// of each instance. `Sample(0)` tells none, `Sample(1)` all.
    Sample(u32),
    /// As [`Time`](Self::Time), and each call is told in full.
    Events,
}

impl Mode {
    /// One call of this many is told; 0 for none.
    pub(crate) fn period(self) -> u32 {
        match self {
            Self::Off | Self::Count | Self::Time => 0,
            Self::Sample(period) => period,
            Self::Events => 1,
        }
    }
}
