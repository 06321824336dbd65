//! The kinds of events, as a value.

use crate::EventKind;
use std::str::FromStr;

macro_rules! kinds {
    ($($variant:ident = $name:literal,)+) => {
        /// Which kind of event: [`EventKind`] without its content.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Kind {
            /// All kinds, in the order of `docs/events.md`.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)+];

            /// The OpenTelemetry `event.name`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)+ }
            }
        }

        impl EventKind {
            /// Which kind it is.
            pub const fn kind(&self) -> Kind {
                match self { $(EventKind::$variant { .. } => Kind::$variant,)+ }
            }
        }
    };
}

kinds! {
    Started = "workload.started",
    Identified = "workload.identified",
    Grown = "workload.memory.grown",
    Exited = "workload.exited",
    Forked = "workload.process.forked",
    Executed = "workload.process.executed",
    Opened = "workload.file.opened",
    Created = "workload.file.created",
    Removed = "workload.file.removed",
    Renamed = "workload.file.renamed",
    Linked = "workload.file.linked",
    Truncated = "workload.file.truncated",
    Connected = "workload.network.connected",
    Accepted = "workload.network.accepted",
    Bound = "workload.network.bound",
    Listening = "workload.network.listening",
    Peer = "workload.network.peer",
    Asked = "workload.dns.asked",
    WritableExecutable = "workload.memory.writable_executable",
    Sensitive = "workload.call.sensitive",
    SignalSent = "workload.signal.sent",
    Trapped = "workload.trapped",
    Crashed = "workload.crashed",
    Throttled = "workload.throttled",
    InstanceStarted = "boundary.instance.started",
    InstanceEnded = "boundary.instance.ended",
    HostCall = "boundary.call",
    GuestRan = "boundary.run",
    InstanceGrown = "boundary.grown",
    Unexplained = "boundary.unexplained",
    Detected = "workload.detected",
    Responded = "workload.response",
    Lost = "sensor.lost",
    Sensor = "sensor.state",
}

impl Kind {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The bit of this kind in a [`Kinds`].
    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// Not the name of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name).ok_or(UnknownKind)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// The set of `list`.
    pub const fn of(list: &[Kind]) -> Self {
        let mut bits = 0;
        let mut n = 0;
        while n < list.len() {
            bits |= list[n].bit();
            n += 1;
        }
        Self(bits)
    }

    /// What is in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is `kind` in the set?
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Is there nothing in it?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_are_those_of_the_json_form() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!("workload.file".parse::<Kind>(), Err(UnknownKind));
        let set = Kinds::of(&[Kind::Lost, Kind::Opened]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Kind::Opened, Kind::Lost]);
    }
}
