//! Numbers, and how they are told.

use anyhow::{Context as _, Result};
use serde::Serialize;
use std::{fs, path::Path};

/// Noise that is usual on shared machines; with more, nothing is claimed.
const NOISE: f64 = 0.1;

/// So far may the spread of a ratio reach beyond its bound: the least that runs of some minutes can tell apart here.
const SLACK: f64 = 0.02;

/// One line of the table and one object of the JSON file.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The unit of `ours` and `peer`.
    pub unit: &'static str,
    /// Median with wasmscope.
    pub ours: f64,
    /// Median of what it is compared with, if there is anything.
    pub peer: Option<f64>,
    /// Median of the ratios of pairs, ours to peer.
    pub ratio: Option<f64>,
    /// Between these is the true ratio (without a peer: the true value) with about 95 % confidence.
    pub spread: Option<[f64; 2]>,
    /// What must be reached, in words.
    pub goal: String,
    /// Whether it was; nothing where there is no goal or the noise was too large to tell.
    pub holds: Option<bool>,
}

impl Row {
    /// A value of its own.
    pub fn value(name: impl Into<String>, unit: &'static str, ours: f64) -> Self {
        let (name, goal) = (name.into(), String::new());
        Self { name, unit, ours, peer: None, ratio: None, spread: None, goal, holds: None }
    }

    /// The median of some values.
    pub fn median(name: impl Into<String>, unit: &'static str, values: &[f64]) -> Self {
        Self { spread: Some(interval(values)), ..Self::value(name, unit, median(values)) }
    }

    /// A comparison; each pair is (ours, peer).
    pub fn pairs(name: impl Into<String>, unit: &'static str, pairs: &[(f64, f64)]) -> Self {
        let (ours, peer): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let ratios: Vec<_> = pairs.iter().map(|(ours, peer)| ours / peer).collect();
        Self {
            peer: Some(median(&peer)),
            ratio: Some(median(&ratios)),
            spread: Some(interval(&ratios)),
            ..Self::value(name, unit, median(&ours))
        }
    }

    /// A comparison of the least values: what disturbs a program that only computes makes it slower, never faster. The spread is
    /// that of the least values of the even and of the odd pairs, each as a measurement of its own.
    pub fn least(name: impl Into<String>, unit: &'static str, pairs: &[(f64, f64)]) -> Self {
        let least = |pairs: &mut dyn Iterator<Item = &(f64, f64)>| {
            pairs.fold([f64::INFINITY; 2], |[ours, peer], pair| [ours.min(pair.0), peer.min(pair.1)])
        };
        let [ours, peer] = least(&mut pairs.iter());
        let halves = [0, 1].map(|first| least(&mut pairs.iter().skip(first).step_by(2)));
        let spread = sorted(&halves.map(|[ours, peer]| ours / peer));
        Self {
            peer: Some(peer),
            ratio: Some(ours / peer),
            spread: Some([spread[0], spread[1]]),
            ..Self::value(name, unit, ours)
        }
    }

    /// With a goal: `ours` less than `bound`.
    #[must_use]
    pub fn below(self, bound: f64) -> Self {
        Self { goal: format!("< {} {}", short(bound), self.unit), holds: Some(self.ours < bound), ..self }
    }

    /// With a goal: the ratio is 1.00 within noise. It is missed when the whole spread lies above what rounds to
    /// 1.00, and left open where the noise is so large that a real slowdown could hide in it.
    #[must_use]
    pub fn no_slowdown(self) -> Self {
        let holds = self.spread.and_then(|[low, high]| match low < 1.005 {
            true if high > 1.0 + NOISE => None,
            holds => Some(holds),
        });
        Self { goal: "1.00x within noise".into(), holds, ..self }
    }

    /// With a goal: the ratio is no more than `bound`. It is missed when the whole spread lies above what rounds to it,
    /// and left open where more than the bound could hide in the spread.
    #[must_use]
    pub fn at_most(self, bound: f64) -> Self {
        let rounded = bound + 0.005;
        let holds = self.spread.zip(self.ratio).and_then(|([low, high], ratio)| match low <= rounded {
            true if ratio > rounded || high > bound + SLACK => None,
            holds => Some(holds),
        });
        Self { goal: format!("<= {bound:.2}x"), holds, ..self }
    }

    /// With a goal: `ours` at least `bound`.
    #[must_use]
    pub fn at_least(self, bound: f64) -> Self {
        Self { goal: format!(">= {} {}", short(bound), self.unit), holds: Some(self.ours >= bound), ..self }
    }
}

/// The middle value; the mean of the two middle ones of an even number.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match sorted.len() {
        0 => f64::NAN,
        n => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}

/// The value that this share of the values does not exceed; the largest one of a few.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let sorted = sorted(values);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// Where the true median lies with about 95 % confidence, whatever the distribution: two of the values, by rank.
/// Of fewer than six values it is all of them, and the confidence is less.
fn interval(values: &[f64]) -> [f64; 2] {
    let sorted = sorted(values);
    let n = sorted.len();
    if n == 0 {
        return [f64::NAN; 2];
    }
    let skipped = (((n as f64) - 1.96 * (n as f64).sqrt()) / 2.0).floor().max(0.0) as usize;
    let skipped = skipped.min((n - 1) / 2);
    [sorted[skipped], sorted[n - 1 - skipped]]
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Three significant digits, without an exponent.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 || v == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v if v >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// The rows of one benchmark.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a sentence below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Writes `NAME.json` into `folder`, as one array.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let path = folder.join(format!("{name}.json"));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, serde_json::to_vec_pretty(&self.rows)?))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Prints the table.
    pub fn print(&self) {
        if self.rows.is_empty() {
            return;
        }
        let head = ["", "ours", "peer", "unit", "ratio", "spread", "goal", "holds"].map(String::from);
        let rows = self.rows.iter().map(|row| {
            let [ratio, low_high] =
                [row.ratio.map(|r| format!("{r:.3}x")), row.spread.map(|s| spread(row, s))];
            [
                row.name.clone(),
                short(row.ours),
                row.peer.map(short).unwrap_or_default(),
                row.unit.into(),
                ratio.unwrap_or_default(),
                low_high.unwrap_or_default(),
                row.goal.clone(),
                match row.holds {
                    Some(true) => "yes",
                    Some(false) => "NO",
                    None if row.goal.is_empty() => "",
                    None => "too noisy to tell",
                }
                .into(),
            ]
        });
        let lines: Vec<_> = std::iter::once(head).chain(rows).collect();
        let widths: Vec<_> = (0..lines[0].len())
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        println!();
        for line in &lines {
            let cells: Vec<_> = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    // Names, units and words to the left, numbers to the right.
                    if matches!(column, 0 | 3 | 6 | 7) {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            println!("{}", cells.join("  ").trim_end());
        }
        for note in &self.notes {
            println!("- {note}");
        }
        println!();
    }
}

fn spread(row: &Row, [low, high]: [f64; 2]) -> String {
    match row.ratio {
        Some(_) => format!("{low:.3}-{high:.3}"),
        None => format!("{}-{}", short(low), short(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_their_intervals() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(interval(&[3.0, 1.0, 2.0]), [1.0, 3.0]);
        let values: Vec<_> = (1..=15).map(f64::from).collect();
        assert_eq!(interval(&values), [4.0, 12.0]);
        assert_eq!(quantile(&values, 0.99), 15.0);
        assert_eq!(quantile(&values, 0.5), 8.0);
    }

    #[test]
    fn noise_is_no_slowdown_and_a_steady_slowdown_is_one() {
        let noisy: Vec<_> = (0..15).map(|i| (1.0 + f64::from(i % 5 - 2) / 20.0, 1.0)).collect();
        assert_eq!(Row::pairs("", "s", &noisy).no_slowdown().holds, Some(true));
        let wild: Vec<_> = (0..15).map(|i| (1.0 + f64::from(i % 5 - 2) / 4.0, 1.0)).collect();
        assert_eq!(Row::pairs("", "s", &wild).no_slowdown().holds, None);
        let slower: Vec<_> = noisy.iter().map(|(ours, peer)| (ours * 1.2, *peer)).collect();
        assert_eq!(Row::pairs("", "s", &slower).no_slowdown().holds, Some(false));
    }
    #[test]
    fn a_bound_is_kept_missed_or_left_open() {
        let pairs = |ratios: &[f64]| ratios.iter().map(|ratio| (*ratio, 1.0)).collect::<Vec<_>>();
        let holds = |ratios: &[f64]| Row::pairs("", "s", &pairs(ratios)).at_most(1.15).holds;
        assert_eq!(holds(&[1.0, 1.1, 1.16]), Some(true));
        assert_eq!(holds(&[1.0, 1.1, 1.2]), None, "1.2 is in the spread");
        assert_eq!(holds(&[1.14, 1.16, 1.17]), None, "the median is too high, perhaps by chance");
        assert_eq!(holds(&[1.16, 1.2, 1.3]), Some(false));
        assert_eq!(Row::value("", "s", 5.0).at_least(5.0).holds, Some(true));
    }
}
