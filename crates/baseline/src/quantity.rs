//! What is measured of a run.

use crate::histogram::Histogram;
use std::{fmt, str::FromStr};
use wasmscope_model::{Kind, text::bytes};

/// Something that has a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Most linear memory of a run, bytes.
    Memory,
    /// CPU time of the process by its time, from its start to its end, thousandths of a core.
    Cpu,
    /// CPU time of a run of guest code (hooks) by its time, thousandths of a core.
    GuestCpu,
    /// From the start of the process to its end, milliseconds.
    Duration,
    /// Events of a kind in ten seconds in which there were any.
    Rate(Kind),
}

/// How far beyond what is usual something has to be.
#[derive(Debug, Clone, Copy)]
struct Tolerance {
    /// So many times what 99 % do not exceed (and not less than what was ever seen),
    factor: u64,
    /// and so much more.
    margin: u64,
}

/// Nanoseconds of the time in which events are counted.
pub(crate) const RATE_NS: u64 = 10_000_000_000;

const RATE: &str = "rate ";

impl Quantity {
    fn tolerance(self) -> Tolerance {
        let (factor, margin) = match self {
            Self::Memory => (2, 1 << 20),
            Self::Cpu | Self::GuestCpu => (2, 250),
            Self::Duration => (4, 10_000),
            Self::Rate(_) => (4, 100),
        };
        Tolerance { factor, margin }
    }

    /// The largest value that is not far off; `None` where nothing is known.
    pub(crate) fn limit(self, usual: &Histogram) -> Option<u64> {
        let tolerance = self.tolerance();
        let most = usual.quantile(990).saturating_mul(tolerance.factor).max(usual.max());
        (usual.count() > 0).then(|| most.saturating_add(tolerance.margin))
    }

    /// The value with its unit, for people.
    pub fn shown(self, value: u64) -> String {
        match self {
            Self::Memory => bytes(value),
            Self::Cpu | Self::GuestCpu => format!("{}.{} % of a core", value / 10, value % 10),
            Self::Duration => format!("{}.{:03} s", value / 1000, value % 1000),
            Self::Rate(_) => format!("{value} in 10 s"),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Cpu => f.write_str("cpu"),
            Self::GuestCpu => f.write_str("guest_cpu"),
            Self::Duration => f.write_str("duration"),
            Self::Rate(kind) => write!(f, "{RATE}{}", kind.as_str()),
        }
    }
}

impl FromStr for Quantity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memory" => Ok(Self::Memory),
            "cpu" => Ok(Self::Cpu),
            "guest_cpu" => Ok(Self::GuestCpu),
            "duration" => Ok(Self::Duration),
            _ => match text.strip_prefix(RATE).and_then(|kind| kind.parse().ok()) {
                Some(kind) => Ok(Self::Rate(kind)),
                None => Err(format!("no such quantity: {text:?}")),
            },
        }
    }
}
