//! Results of benches: target/bench/NAME.json.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::{fs, path::Path};

/// A row of a bench, as far as it is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Measured {
    /// Which bench: the name of the file.
    #[serde(skip)]
    pub(super) bench: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) ours: Option<f64>,
    pub(super) ratio: Option<f64>,
    pub(super) spread: Option<[Option<f64>; 2]>,
    pub(super) goal: String,
    pub(super) holds: Option<bool>,
}

impl Measured {
    /// How much of what is allowed was used up: 1 is just the goal, less is better.
    pub(super) fn share_of_goal(&self) -> Option<f64> {
        let number = |text: &str| -> Option<f64> {
            text.split([' ', 'x']).find(|word| !word.is_empty())?.parse().ok()
        };
        let goal = self.goal.as_str();
        // A goal that is a factor is one for the ratio.
        let is_factor = goal.split(' ').any(|word| word.ends_with('x') && number(word).is_some());
        let value = if is_factor { self.ratio } else { self.ours }?;
        let (bound, at_least) = match () {
            () if goal.starts_with(">=") => (number(goal.strip_prefix(">=")?.trim())?, true),
            () => (number(goal.trim_start_matches(['<', '=']).trim())?, false),
        };
        let share = if at_least { bound / value } else { value / bound };
        share.is_finite().then_some(share)
    }
}

/// All rows that have a goal, by bench.
pub(super) fn read(folder: &Path) -> Result<Vec<Measured>> {
    let mut rows = Vec::new();
    let mut files: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?,
        Err(_) => return Ok(rows),
    };
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file)?;
        // Others write other forms there.
        let Ok(read) = serde_json::from_str::<Vec<Measured>>(&text) else { continue };
        let bench = file.file_stem().context("a name")?.to_string_lossy().into_owned();
        rows.extend(
            read.into_iter()
                .filter(|row| !row.goal.is_empty())
                .map(|row| Measured { bench: bench.clone(), ..row }),
        );
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(goal: &str, ours: f64, ratio: Option<f64>) -> Option<f64> {
        let row =
            serde_json::json!({ "name": "a", "unit": "ms", "ours": ours, "ratio": ratio, "goal": goal });
        serde_json::from_value::<Measured>(row).unwrap().share_of_goal()
    }

    #[test]
    fn a_goal_is_a_bound_from_above_or_below_or_for_a_ratio() {
        assert_eq!(share("< 200 ms", 50.0, None), Some(0.25));
        assert_eq!(share(">= 1000000 /s", 2e6, None), Some(0.5));
        assert_eq!(share("<= 1.25x", 9.0, Some(2.5)), Some(2.0));
        assert_eq!(share("1.00x within noise", 9.0, Some(1.5)), Some(1.5));
        assert_eq!(share("as good as it gets", 9.0, Some(1.5)), None);
        assert_eq!(share("<= 1.25x", 9.0, None), None);
    }
}
