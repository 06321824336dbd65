//! What many scans gave, in numbers.

use crate::work::{Outcome, Verdict};
use comfy_table::presets::ASCII_MARKDOWN;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use wasmscope_trial::{Kind, Mutant};

/// One row for each kind of mutant.
#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<Kind, Row>,
}

#[derive(Default)]
struct Row {
    bytes: u64,
    valid: u64,
    invalid: u64,
    malformed: u64,
    refused: u64,
    time: Duration,
    slowest: (Duration, u64),
    largest: (u64, u64),
}

impl Table {
    pub(crate) fn add(&mut self, mutant: &Mutant, outcome: &Outcome, number: u64) {
        let row = self.rows.entry(mutant.kind).or_default();
        row.bytes += mutant.bytes.len() as u64;
        *match outcome.verdict {
            Verdict::Valid => &mut row.valid,
            Verdict::Invalid => &mut row.invalid,
            Verdict::Malformed => &mut row.malformed,
            Verdict::Refused => &mut row.refused,
        } += 1;
        row.time += outcome.time;
        row.slowest = row.slowest.max((outcome.time, number));
        row.largest = row.largest.max((outcome.bytes, number));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, more) in other.rows {
            let row = self.rows.entry(kind).or_default();
            row.bytes += more.bytes;
            row.valid += more.valid;
            row.invalid += more.invalid;
            row.malformed += more.malformed;
            row.refused += more.refused;
            row.time += more.time;
            row.slowest = row.slowest.max(more.slowest);
            row.largest = row.largest.max(more.largest);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(ASCII_MARKDOWN).set_header([
            "kind",
            "scanned",
            "MiB",
            "valid",
            "invalid",
            "malformed",
            "beyond bounds",
            "CPU s",
            "slowest ms (number)",
            "most MiB held (number)",
        ]);
        let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
        for (kind, row) in &self.rows {
            let scanned = row.valid + row.invalid + row.malformed + row.refused;
            table.add_row([
                name(*kind).to_owned(),
                scanned.to_string(),
                mebibytes(row.bytes),
                row.valid.to_string(),
                row.invalid.to_string(),
                row.malformed.to_string(),
                row.refused.to_string(),
                format!("{:.1}", row.time.as_secs_f64()),
                format!("{:.1} ({})", row.slowest.0.as_secs_f64() * 1e3, row.slowest.1),
                format!("{} ({})", mebibytes(row.largest.0), row.largest.1),
            ]);
        }
        table.fmt(f)
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Module => "wasm-smith, modules",
        Kind::AnyBodies => "wasm-smith, any bodies",
        Kind::Component => "wasm-smith, components",
        Kind::Mutated => "wasm-mutate",
        Kind::Edited => "bytes changed",
    }
}
