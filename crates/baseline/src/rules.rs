//! The rules by which something unusual is told: one list.

use crate::{Dimension, Quantity};
use wasmscope_model::Severity;

/// A rule of the baseline.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its id. Stable across versions.
    pub id: &'static str,
    /// What it states.
    pub title: &'static str,
    /// How unusual it is at the least, or for patterns if nothing new was to be expected: 0 to 100.
    pub score: u8,
    /// The highest severity.
    pub most: Severity,
    /// Novelties of one group are not independent of each other.
    pub(crate) group: u8,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// Classes of the threat catalogue.
    pub threats: &'static [&'static str],
    /// What to do.
    pub advice: &'static str,
}

const RULES: [About; 11] = [
    About {
        id: "baseline-new-act",
        title: "A module did something of a kind that it never did before",
        score: 60,
        most: Severity::Medium,
        group: 1,
        attack: &[],
        threats: &["E6"],
        advice: "Compare the event with what the module is for. If it is right, allow it or learn it: `wasmscope baseline allow`.",
    },
    About {
        id: "baseline-new-path",
        title: "A module used a file in a place, or in a way, that is new for it",
        score: 45,
        most: Severity::Medium,
        group: 2,
        attack: &["T1083"],
        threats: &["F4", "E6"],
        advice: "See whether the module was given other work, or a larger directory than it needs. If it is right, allow the pattern.",
    },
    About {
        id: "baseline-new-peer",
        title: "A module talks to somebody it never talked to",
        score: 65,
        most: Severity::Medium,
        group: 3,
        attack: &["T1071", "T1048"],
        threats: &["G1"],
        advice: "Find out whose address it is, and why the module was led there. Restrict its network, or allow the peer.",
    },
    About {
        id: "baseline-new-name",
        title: "A module asked for a name that it never asked for",
        score: 55,
        most: Severity::Medium,
        group: 3,
        attack: &["T1071.004"],
        threats: &["G1", "G4"],
        advice: "Find out whose name it is, and why the module was led there. Restrict its network, or allow the name.",
    },
    About {
        id: "baseline-new-call",
        title: "A module used a host function, system call or program that it never used",
        score: 60,
        most: Severity::Medium,
        group: 1,
        attack: &["T1106"],
        threats: &["E6"],
        advice: "Look at the arguments, and at what the module did before. If it is right, allow the call.",
    },
    About {
        id: "baseline-new-sequence",
        title: "A module did known things in a new order",
        score: 25,
        most: Severity::Low,
        group: 4,
        attack: &[],
        threats: &["E6"],
        advice: "Alone this says little; see what else the module does at this time.",
    },
    About {
        id: "baseline-rate",
        title: "A module does something far more often than usual",
        score: 40,
        most: Severity::Medium,
        group: 5,
        attack: &["T1499"],
        threats: &["C7", "C11"],
        advice: "See whether it has more work than usual. If not, stop it or limit it before others suffer.",
    },
    About {
        id: "baseline-memory",
        title: "A module takes far more memory than usual",
        score: 40,
        most: Severity::Medium,
        group: 6,
        attack: &["T1499.001"],
        threats: &["C1"],
        advice: "See whether its input is larger than usual. Limit the memory of its instances.",
    },
    About {
        id: "baseline-cpu",
        title: "A module takes far more CPU time than usual",
        score: 40,
        most: Severity::Medium,
        group: 7,
        attack: &["T1496"],
        threats: &["C8", "E1"],
        advice: "See which of its functions burns the time (`wasmscope inspect`). Limit fuel or CPU.",
    },
    About {
        id: "baseline-duration",
        title: "A module ran far longer than usual",
        score: 25,
        most: Severity::Low,
        group: 7,
        attack: &[],
        threats: &["C8"],
        advice: "See whether it waited or worked. Limit its time.",
    },
    About {
        id: "baseline-several",
        title: "A module does several independent things at once that are unusual for it",
        score: 85,
        most: Severity::High,
        group: 0,
        attack: &[],
        threats: &["E6", "B5"],
        advice: "Together these are seldom an accident. Look at each, and stop the workload if nobody changed its work.",
    },
];

/// All rules, each by its id.
pub const fn rules() -> &'static [About] {
    &RULES
}

/// Several at once.
pub(crate) const SEVERAL: &About = &RULES[10];

impl About {
    pub(crate) fn of_pattern(dimension: Dimension) -> &'static About {
        &RULES[dimension as usize]
    }

    pub(crate) fn of_quantity(quantity: Quantity) -> &'static About {
        &RULES[match quantity {
            Quantity::Rate(_) => 6,
            Quantity::Memory => 7,
            Quantity::Cpu | Quantity::GuestCpu => 8,
            Quantity::Duration => 9,
        }]
    }

    /// How bad it is with this score.
    pub fn severity(&self, score: u8) -> Severity {
        let by_score = match score {
            0..30 => Severity::Info,
            30..50 => Severity::Low,
            50..80 => Severity::Medium,
            _ => Severity::High,
        };
        by_score.min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_novelty_alone_is_never_more_than_medium() {
        let dimensions = Dimension::ALL.map(About::of_pattern);
        for about in dimensions.into_iter().chain(&RULES[..10]) {
            assert!(about.severity(100) <= Severity::Medium, "{about:?}");
        }
        assert_eq!(About::of_pattern(Dimension::Peer).id, "baseline-new-peer");
        assert_eq!(About::of_pattern(Dimension::Sequence).id, "baseline-new-sequence");
        assert_eq!(About::of_quantity(Quantity::Duration).id, "baseline-duration");
        assert_eq!(SEVERAL.severity(SEVERAL.score), Severity::High);
    }
}
