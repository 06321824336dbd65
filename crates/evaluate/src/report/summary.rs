//! What comes of a matrix.

use super::{Cell, GuestResult, Soak, Verdict};
use crate::{Kind, Vantage, stats::Spread};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasmscope_model::Severity;

/// A run that is shorter tells more of the shell than of the guest, seconds.
const LEAST_SECONDS: f64 = 0.05;

/// What comes of a matrix.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Attacks in the corpus.
    pub attacks: usize,
    /// Those of which something is to be seen from any vantage point that was asked.
    pub visible: usize,
    /// Attacks that any vantage point told in any runtime.
    pub detected: usize,
    /// Attacks by vantage point and runtime.
    pub seeing: Vec<Seeing>,
    /// False alarms by vantage point and runtime.
    pub false_alarms: Vec<FalseAlarms>,
    /// Times from act to detection by vantage point and runtime.
    pub latency: Vec<Latency>,
    /// What being watched costs ordinary guests.
    pub overhead: Vec<Overhead>,
    /// Why this evaluation is not as it should be: what is expected and was not told, and high false alarms.
    pub failures: Vec<String>,
}

/// How many attacks were seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Seeing {
    /// From where.
    pub vantage: Vantage,
    /// In which runtime.
    pub runtime: Option<String>,
    /// Attacks that ran.
    pub ran: usize,
    /// Of those, attacks of which the threat catalogue says that something is to be seen from here.
    pub marked: usize,
    /// Of those, the ones that were told.
    pub marked_detected: usize,
    /// All that were told.
    pub detected: usize,
}

/// What was told of ordinary guests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FalseAlarms {
    /// From where.
    pub vantage: Vantage,
    /// In which runtime.
    pub runtime: Option<String>,
    /// Ordinary guests that ran, or were looked at.
    pub guests: usize,
    /// Hours that workloads of them existed; 0 where nothing runs.
    pub workload_hours: f64,
    /// How often, by severity; medium and above.
    pub times: BTreeMap<Severity, u64>,
    /// The same in an hour of a workload's time.
    pub per_hour: BTreeMap<Severity, f64>,
}

/// How soon something is told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// From where.
    pub vantage: Vantage,
    /// In which runtime.
    pub runtime: Option<String>,
    /// Milliseconds from act to detection: the medians of each guest and rule.
    pub act_ms: Option<Spread>,
    /// Milliseconds from start to detection: the medians of each guest and rule.
    pub start_ms: Option<Spread>,
}

/// What being watched costs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Overhead {
    /// From where.
    pub vantage: Vantage,
    /// In which runtime.
    pub runtime: Option<String>,
    /// Ordinary guests that were compared.
    pub guests: usize,
    /// Time watched to time unwatched: the median ratio of each guest's pairs of runs.
    pub ratio: Option<Spread>,
}

type Place = (Vantage, Option<String>);

impl Summary {
    /// Of these results.
    pub(crate) fn of(guests: &[GuestResult], soaks: &[Soak]) -> Self {
        let attacks: Vec<_> = guests.iter().filter(|guest| guest.kind == Kind::Attack).collect();
        let has = |guest: &&&GuestResult, test: fn(&Cell) -> bool| guest.cells.iter().any(test);
        let mut places: Vec<Place> = Vec::new();
        for cell in guests.iter().flat_map(|guest| &guest.cells) {
            let place = (cell.vantage, cell.runtime.clone());
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.sort_by_key(|(vantage, _)| *vantage);
        Self {
            attacks: attacks.len(),
            visible: attacks.iter().filter(|guest| has(guest, |cell| cell.marked)).count(),
            detected: attacks.iter().filter(|guest| has(guest, |c| c.verdict == Verdict::Detected)).count(),
            seeing: places.iter().filter_map(|place| seeing(place, &attacks)).collect(),
            false_alarms: places.iter().filter_map(|place| false_alarms(place, guests, soaks)).collect(),
            latency: places.iter().filter_map(|place| latency(place, &attacks)).collect(),
            overhead: places.iter().filter_map(|place| overhead(place, guests)).collect(),
            failures: failures(guests, soaks),
        }
    }
}

fn cells<'a>(place: &Place, guests: impl IntoIterator<Item = &'a GuestResult>) -> Vec<&'a Cell> {
    let cells = guests.into_iter().flat_map(|guest| &guest.cells);
    cells.filter(|cell| cell.vantage == place.0 && cell.runtime == place.1).collect()
}

fn seeing(place: &Place, attacks: &[&GuestResult]) -> Option<Seeing> {
    let cells = cells(place, attacks.iter().copied());
    let ran: Vec<_> =
        cells.into_iter().filter(|cell| cell.runs > 0 && cell.verdict != Verdict::NotRun).collect();
    let detected = |cell: &&&Cell| cell.verdict == Verdict::Detected;
    let marked: Vec<_> = ran.iter().copied().filter(|cell| cell.marked).collect();
    (!ran.is_empty()).then(|| Seeing {
        vantage: place.0,
        runtime: place.1.clone(),
        ran: ran.len(),
        marked: marked.len(),
        marked_detected: marked.iter().filter(detected).count(),
        detected: ran.iter().filter(detected).count(),
    })
}

fn false_alarms(place: &Place, guests: &[GuestResult], soaks: &[Soak]) -> Option<FalseAlarms> {
    let benign = guests.iter().filter(|guest| guest.kind == Kind::Benign);
    let cells = cells(place, benign);
    let ran: Vec<_> =
        cells.into_iter().filter(|cell| cell.runs > 0 && cell.verdict != Verdict::NotRun).collect();
    let soaks =
        soaks.iter().filter(|soak| place.0 == Vantage::Kernel && place.1.as_ref() == Some(&soak.runtime));
    let mut times: BTreeMap<Severity, u64> = BTreeMap::new();
    let mut seconds: f64 = ran.iter().map(|cell| cell.workload_seconds).sum();
    let severe = |severity: Severity| severity >= Severity::Medium;
    for found in ran.iter().flat_map(|cell| &cell.found).filter(|found| severe(found.severity)) {
        *times.entry(found.severity).or_default() += found.times;
    }
    for soak in soaks {
        seconds += soak.workload_seconds;
        for alarm in soak.alarms.iter().filter(|alarm| severe(alarm.severity)) {
            *times.entry(alarm.severity).or_default() += alarm.times;
        }
    }
    let hours = seconds / 3600.0;
    let per_hour = times.iter().filter(|_| hours > 0.0).map(|(severity, n)| (*severity, *n as f64 / hours));
    (!ran.is_empty()).then(|| FalseAlarms {
        vantage: place.0,
        runtime: place.1.clone(),
        guests: ran.len(),
        workload_hours: hours,
        per_hour: per_hour.collect(),
        times: times.clone(),
    })
}

fn latency(place: &Place, attacks: &[&GuestResult]) -> Option<Latency> {
    let cells = cells(place, attacks.iter().copied());
    let found: Vec<_> = cells.iter().flat_map(|cell| &cell.found).filter(|found| found.counts).collect();
    let act_ms = Spread::of(found.iter().filter_map(|found| Some(found.act_ms?.median)));
    let start_ms = Spread::of(found.iter().filter_map(|found| Some(found.start_ms?.median)));
    (act_ms.is_some() || start_ms.is_some()).then(|| Latency {
        vantage: place.0,
        runtime: place.1.clone(),
        act_ms,
        start_ms,
    })
}

fn overhead(place: &Place, guests: &[GuestResult]) -> Option<Overhead> {
    let cells = cells(place, guests.iter().filter(|guest| guest.kind == Kind::Benign));
    let ratio = |cell: &&Cell| {
        let pairs = cell.seconds.iter().zip(&cell.unwatched_seconds);
        Some(
            Spread::of(pairs.filter(|(_, bare)| **bare >= LEAST_SECONDS).map(|(ours, bare)| ours / bare))?
                .median,
        )
    };
    let ratios: Vec<f64> = cells.iter().filter_map(ratio).collect();
    let spread = Spread::of(ratios.iter().copied())?;
    Some(Overhead { vantage: place.0, runtime: place.1.clone(), guests: ratios.len(), ratio: Some(spread) })
}

fn failures(guests: &[GuestResult], soaks: &[Soak]) -> Vec<String> {
    let mut failures = Vec::new();
    for guest in guests {
        for vantage in Vantage::ALL {
            let expecting = guest.cells.iter().filter(|c| c.vantage == vantage && !c.expected.is_empty());
            let expecting: Vec<_> = expecting.collect();
            let idle = expecting.iter().find(|cell| cell.verdict == Verdict::NotRun);
            if let Some(cell) = idle.filter(|_| expecting.iter().all(|cell| cell.verdict == Verdict::NotRun))
            {
                let reason = cell.reason.as_deref().unwrap_or_default();
                failures.push(format!("{} from the {vantage}: it ran nowhere: {reason}", guest.name));
            }
        }
        for cell in &guest.cells {
            let place = match &cell.runtime {
                Some(runtime) => format!("{} from the {} in {runtime}", guest.name, cell.vantage),
                None => format!("{} from the {}", guest.name, cell.vantage),
            };
            if cell.verdict != Verdict::NotRun && !cell.missing.is_empty() {
                failures.push(format!("{place}: not told by {}", cell.missing.join(", ")));
            }
            let severe = cell.found.iter().filter(|found| found.severity >= Severity::High);
            for found in severe.filter(|_| guest.kind == Kind::Benign) {
                failures.push(format!(
                    "{place}: an ordinary guest, told as {} by {}",
                    found.severity, found.name
                ));
            }
        }
    }
    for soak in soaks {
        for alarm in soak.alarms.iter().filter(|alarm| alarm.severity >= Severity::High) {
            failures.push(format!(
                "{} beside others in {}: an ordinary guest, told as {} by {}",
                alarm.guest, soak.runtime, alarm.severity, alarm.rule
            ));
        }
    }
    failures
}
