//! What is written down of the set.

use anyhow::{Context, Result};
use serde_json::json;
use std::fmt::Write;
use std::fs;
use wasmscope_model::Severity;
use wasmscope_testkit::{target_dir, workspace_root};

use super::Options;
use super::set::{Group, Sample};

const BEGIN: &str = "<!-- Generated: make miner-set -->\n";

/// Levels that are told: a gate fails at the second by default.
const LEVELS: [Severity; 3] = [Severity::High, Severity::Medium, Severity::Low];

/// Writes `target/bench/miner.json` and the table in `docs/miner.md`, and prints what is wrong.
pub(super) fn write(samples: &[Sample], options: &Options) -> Result<()> {
    let mut table = format!(
        "\n{} copies of each guest, {} changes each. Shares with Wilson's intervals of 95 %.\n\n\
         | modules | number | high | medium or worse | low or worse |\n| --- | --- | --- | --- | --- |\n",
        options.copies, options.changes
    );
    let mut groups = Vec::new();
    for (group, miner, title) in Group::ALL {
        let of: Vec<&Sample> = samples.iter().filter(|sample| sample.group == group).collect();
        let found = LEVELS.map(|level| of.iter().filter(|sample| sample.worst >= Some(level)).count());
        let _ = write!(table, "| {title} | {} ", of.len());
        for found in found {
            let (low, high) = wilson(found, of.len());
            let _ = write!(table, "| {found} ({:.1}–{:.1} %) ", low * 100.0, high * 100.0);
        }
        table.push_str("|\n");
        let intervals = found.map(|found| wilson(found, of.len()));
        groups.push(json!({
            "group": group, "miner": miner, "modules": of.len(), "levels": LEVELS, "found": found,
            "wilson_95": intervals,
        }));
        for sample in of {
            if miner != (sample.worst >= Some(Severity::Medium)) {
                let what = if miner { "missed" } else { "taken for a miner" };
                println!("{what}: {} ({title}) {:?}", sample.name, sample.rules);
            }
        }
    }
    print!("{table}");
    let folder = target_dir().join("bench");
    fs::create_dir_all(&folder)?;
    let report = json!({
        "copies": options.copies, "changes": options.changes, "groups": groups, "samples": samples,
    });
    fs::write(folder.join("miner.json"), serde_json::to_vec_pretty(&report)?)?;
    let path = workspace_root().join("docs/miner.md");
    let page = fs::read_to_string(&path)?;
    let (head, _) = page.split_once(BEGIN).context("docs/miner.md: the line before the table is missing")?;
    fs::write(path, format!("{head}{BEGIN}{table}"))?;
    Ok(())
}

/// Wilson's interval of 95 % of a share (Wilson: Probable Inference, 1927).
fn wilson(found: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (of as f64, found as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    /// Values of the formula, as any table of it has them.
    #[test]
    fn intervals() {
        let close = |(a, b): (f64, f64), (x, y): (f64, f64)| (a - x).abs() < 5e-4 && (b - y).abs() < 5e-4;
        assert!(close(wilson(0, 10), (0.0, 0.2775)), "{:?}", wilson(0, 10));
        assert!(close(wilson(5, 10), (0.2366, 0.7634)), "{:?}", wilson(5, 10));
        assert!(close(wilson(10, 10), (0.7225, 1.0)), "{:?}", wilson(10, 10));
    }
}
