//! Tables for a terminal. Names come from a corpus that is not trusted: they are escaped.

use super::{Cell, Evaluation, Found, Spread, Verdict};
use comfy_table::{Table, presets::NOTHING};
use std::fmt::Write as _;
use wasmscope_model::text::{shown, shown_within};

/// Longest reason in a table, characters.
const REASON: usize = 160;

/// A head, and rows below it.
pub(super) struct Rows {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Rows {
    fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(self.head.iter().map(|cell| cell.to_uppercase()));
        for row in &self.rows {
            table.add_row(row);
        }
        // Every row is padded to the last column's width; nobody wants that in a terminal or a diff.
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }
}

pub(super) fn text(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    for part in Part::ALL {
        let rows = part.rows(evaluation);
        if !rows.rows.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "{}\n{}", part.title(evaluation), rows.text());
        }
    }
    for failure in &evaluation.summary.failures {
        let _ = writeln!(out, "NOT AS EXPECTED  {}", shown_within(failure, REASON));
    }
    out
}

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Each guest from each vantage point in each runtime.
    Matrix,
    /// How many attacks were told.
    Seeing,
    /// Attacks that were not, with the reason of each.
    Missed,
    /// What was told of ordinary guests.
    FalseAlarms,
    /// How soon.
    Latency,
    /// At what cost.
    Overhead,
}

impl Part {
    /// In the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Matrix, Self::Seeing, Self::Missed, Self::FalseAlarms, Self::Latency, Self::Overhead];

    pub(super) fn title(self, evaluation: &Evaluation) -> String {
        let summary = &evaluation.summary;
        match self {
            Self::Matrix => "Guests".to_owned(),
            Self::Seeing => format!(
                "Attacks: {} of {} told, {} of which something is to be seen",
                summary.detected, summary.attacks, summary.visible
            ),
            Self::Missed => "Attacks that were not told, and runs that were not made".to_owned(),
            Self::FalseAlarms => "False alarms: ordinary guests, medium severity and above".to_owned(),
            Self::Latency => "Milliseconds from act and from start to detection".to_owned(),
            Self::Overhead => "Time watched to time unwatched, of ordinary guests".to_owned(),
        }
    }

    pub(super) fn rows(self, evaluation: &Evaluation) -> Rows {
        match self {
            Self::Matrix => matrix(evaluation),
            Self::Seeing => seeing(evaluation),
            Self::Missed => missed(evaluation),
            Self::FalseAlarms => false_alarms(evaluation),
            Self::Latency => latency(evaluation),
            Self::Overhead => overhead(evaluation),
        }
    }
}

fn place(cell_runtime: Option<&String>) -> String {
    cell_runtime.map_or_else(|| "-".to_owned(), |runtime| shown(runtime).to_string())
}

/// What was told, the expected first.
fn found(cell: &Cell) -> String {
    let mut found: Vec<&Found> =
        cell.found.iter().filter(|found| found.counts || counts_alone(cell, found)).collect();
    found.sort_by_key(|found| !cell.expected.contains(&found.name));
    let name = |found: &&Found| match found.counts {
        true => shown(&found.name).to_string(),
        false => format!("{} ({})", shown(&found.name), found.severity),
    };
    found.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Of what is no attack, or of which nobody knows what it is, everything from medium on is shown.
fn counts_alone(cell: &Cell, found: &Found) -> bool {
    matches!(cell.verdict, Verdict::FalseAlarm | Verdict::Shown | Verdict::Quiet)
        && (cell.verdict == Verdict::Shown || found.severity >= wasmscope_model::Severity::Medium)
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Detected => "detected",
        Verdict::Missed => "missed",
        Verdict::NotApplicable => "nothing to see",
        Verdict::NotRun => "not run",
        Verdict::Quiet => "quiet",
        Verdict::FalseAlarm => "false alarm",
        Verdict::Shown => "told",
    }
}

fn matrix(evaluation: &Evaluation) -> Rows {
    let head = vec!["guest", "kind", "class", "seen from", "runtime", "result", "by", "act ms", "start ms"];
    let mut rows = Vec::new();
    for guest in &evaluation.guests {
        for cell in guest.cells.iter().filter(|cell| cell.verdict != Verdict::NotApplicable) {
            let counted = || cell.found.iter().filter(|found| found.counts);
            let first = |of: fn(&Found) -> Option<Spread>| {
                Spread::of(counted().filter_map(|found| Some(of(found)?.median))).map(|spread| spread.least)
            };
            rows.push(vec![
                shown(&guest.name).to_string(),
                guest.kind.as_str().to_owned(),
                guest.threats.join(", "),
                cell.vantage.to_string(),
                place(cell.runtime.as_ref()),
                verdict(cell.verdict).to_owned() + if cell.hung > 0 { ", stopped" } else { "" },
                found(cell),
                number(first(|found| found.act_ms)),
                number(first(|found| found.start_ms)),
            ]);
        }
    }
    Rows { head, rows }
}

fn seeing(evaluation: &Evaluation) -> Rows {
    let head = vec!["seen from", "runtime", "ran", "told", "to be seen", "of these told", "share"];
    let rows = evaluation.summary.seeing.iter().map(|seeing| {
        let share = 100.0 * seeing.marked_detected as f64 / seeing.marked as f64;
        vec![
            seeing.vantage.to_string(),
            place(seeing.runtime.as_ref()),
            seeing.ran.to_string(),
            seeing.detected.to_string(),
            seeing.marked.to_string(),
            seeing.marked_detected.to_string(),
            if seeing.marked > 0 { format!("{share:.1} %") } else { "-".to_owned() },
        ]
    });
    Rows { head, rows: rows.collect() }
}

fn missed(evaluation: &Evaluation) -> Rows {
    let head = vec!["guest", "class", "seen from", "runtime", "result", "why"];
    let mut rows = Vec::new();
    for guest in &evaluation.guests {
        let told = |cell: &&Cell| matches!(cell.verdict, Verdict::Missed | Verdict::NotRun) || cell.hung > 0;
        for cell in guest.cells.iter().filter(told) {
            rows.push(vec![
                shown(&guest.name).to_string(),
                guest.threats.join(", "),
                cell.vantage.to_string(),
                place(cell.runtime.as_ref()),
                verdict(cell.verdict).to_owned(),
                shown_within(cell.reason.as_deref().unwrap_or_default(), REASON).to_string(),
            ]);
        }
    }
    Rows { head, rows }
}

fn false_alarms(evaluation: &Evaluation) -> Rows {
    let head = vec!["seen from", "runtime", "guests", "workload hours", "told", "in an hour"];
    let rows = evaluation.summary.false_alarms.iter().map(|alarms| {
        let times: Vec<_> = alarms.times.iter().map(|(severity, n)| format!("{n} {severity}")).collect();
        let hourly: Vec<_> =
            alarms.per_hour.iter().map(|(severity, n)| format!("{n:.2} {severity}")).collect();
        let nothing =
            |list: Vec<String>| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
        vec![
            alarms.vantage.to_string(),
            place(alarms.runtime.as_ref()),
            alarms.guests.to_string(),
            if alarms.workload_hours > 0.0 {
                format!("{:.3}", alarms.workload_hours)
            } else {
                "-".to_owned()
            },
            nothing(times),
            if alarms.workload_hours > 0.0 { nothing(hourly) } else { "-".to_owned() },
        ]
    });
    Rows { head, rows: rows.collect() }
}

fn latency(evaluation: &Evaluation) -> Rows {
    let head = vec!["seen from", "runtime", "from", "guests and rules", "least", "median", "90 %", "most"];
    let mut rows = Vec::new();
    for latency in &evaluation.summary.latency {
        for (from, spread) in [("act", latency.act_ms), ("start", latency.start_ms)] {
            let Some(spread) = spread else { continue };
            let mut row = vec![latency.vantage.to_string(), place(latency.runtime.as_ref()), from.to_owned()];
            row.push(spread.count.to_string());
            row.extend([spread.least, spread.median, spread.p90, spread.most].map(|ms| number(Some(ms))));
            rows.push(row);
        }
    }
    Rows { head, rows }
}

fn overhead(evaluation: &Evaluation) -> Rows {
    let head = vec!["seen from", "runtime", "guests", "least", "median", "90 %", "most"];
    let rows = evaluation.summary.overhead.iter().filter_map(|overhead| {
        let spread = overhead.ratio?;
        let mut row = vec![overhead.vantage.to_string(), place(overhead.runtime.as_ref())];
        row.push(overhead.guests.to_string());
        row.extend(
            [spread.least, spread.median, spread.p90, spread.most].map(|ratio| format!("{ratio:.2}x")),
        );
        Some(row)
    });
    Rows { head, rows: rows.collect() }
}

fn number(ms: Option<f64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") })
}
