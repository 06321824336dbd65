//! The form that a profile has in a file.

use crate::{
    Dimension, Edit, Histogram, Key, Patterns, Profile, Quantity, Seen, edit::MOST_EDITS, patterns::How,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasmscope_model::Sha256;

/// Longest pattern that is read, bytes.
const MOST_PATTERN_BYTES: usize = 1024;

/// A baseline.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Baseline")]
pub(super) struct FileForm {
    /// `wasmscope-baseline`.
    pub(super) format: String,
    /// Version of the format: 1.
    pub(super) version: u32,
    /// Version of the program that wrote it.
    pub(super) wasmscope: String,
    /// What is usual, by module and runtime.
    pub(super) modules: Vec<ModuleForm>,
}

/// What is usual for a module in a runtime.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleForm {
    /// SHA-256 of its file.
    #[serde(rename = "wasm.module.sha256")]
    pub(super) sha256: Sha256,
    /// Name of the runtime.
    #[serde(rename = "wasm.runtime.name")]
    runtime: String,
    /// Where its file was, for people.
    #[serde(rename = "wasm.module.path", skip_serializing_if = "Option::is_none", default)]
    path: Option<String>,
    /// Runs that were learnt from.
    runs: u32,
    /// How long they were watched, milliseconds.
    watched_ms: u64,
    /// Runs that were not learnt from, because something of high severity was detected in them.
    #[serde(skip_serializing_if = "is_zero", default)]
    rejected: u32,
    /// Runs of which events were lost.
    #[serde(skip_serializing_if = "is_zero", default)]
    lossy: u32,
    /// What was done.
    patterns: BTreeMap<Dimension, PatternsForm>,
    /// What was measured: `memory` (bytes), `cpu` and `guest_cpu` (thousandths of a core), `duration` (milliseconds), and
    /// `rate KIND` (events in ten seconds).
    quantities: BTreeMap<String, ValuesForm>,
    /// Usual because somebody said so.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    allowed: Vec<EditForm>,
    /// Never usual because somebody said so.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    denied: Vec<EditForm>,
}

/// What was done in one respect.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PatternsForm {
    /// There was too much of it: nothing is told apart any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    everything: Option<SeenForm>,
    /// How far patterns of a group (of paths, a folder) were folded because there were too many.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    folded: BTreeMap<String, u8>,
    /// Patterns, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    seen: Vec<PatternForm>,
}

/// A pattern.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PatternForm {
    /// What.
    pattern: String,
    /// Runs that did it.
    runs: u32,
    /// Of a path, what was done with it: `read`, `write`, `create`, `remove`, `rename`, `link`, `cut`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    how: Vec<String>,
}

/// What is known of everything together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeenForm {
    /// Runs that did any of it.
    runs: u32,
    /// What was done with it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    how: Vec<String>,
}

/// How a quantity was spread.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ValuesForm {
    /// The largest value.
    max: u64,
    /// Ranges and how many values lie in each. Range 0 is the value 0; range 1 + 4e + q begins at 2^e (1 + q/4).
    counts: Vec<(u16, u32)>,
}

/// A pattern that is allowed or denied.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditForm {
    /// In what respect.
    kind: Dimension,
    /// What; `*` stands for everything but `/`, `**` for everything.
    pattern: String,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl ModuleForm {
    pub(super) fn new(key: &Key, profile: &Profile) -> Self {
        let patterns =
            Dimension::ALL.map(|dimension| (dimension, patterns_form(profile.patterns(dimension))));
        let quantities = profile.quantities().map(|(quantity, values)| {
            (quantity.to_string(), ValuesForm { max: values.max, counts: values.counts.clone() })
        });
        let edits = |edit: &Edit| EditForm { kind: edit.dimension, pattern: edit.pattern.clone() };
        Self {
            sha256: key.module,
            runtime: key.runtime.clone(),
            path: profile.path.clone(),
            runs: profile.runs,
            watched_ms: profile.watched_ms,
            rejected: profile.rejected,
            lossy: profile.lossy,
            patterns: patterns.into(),
            quantities: quantities.collect(),
            allowed: profile.allowed().map(edits).collect(),
            denied: profile.denied().map(edits).collect(),
        }
    }

    /// Read anew, within all bounds: what is too much is folded.
    pub(super) fn into_profile(self) -> Result<(Key, Profile), String> {
        if self.runtime.len() > Key::MOST_RUNTIME_BYTES {
            return Err("the name of its runtime is too long".into());
        }
        let mut profile = Profile {
            path: self.path,
            runs: self.runs,
            watched_ms: self.watched_ms,
            rejected: self.rejected,
            lossy: self.lossy,
            ..Profile::default()
        };
        for (dimension, form) in self.patterns {
            profile.patterns[dimension as usize] = patterns(dimension, form)?;
        }
        for (name, form) in self.quantities {
            let quantity: Quantity = name.parse()?;
            let mut values = Histogram { max: form.max, counts: Vec::new() };
            for (range, count) in form.counts.into_iter().filter(|(_, count)| *count > 0) {
                if range > Histogram::LAST {
                    return Err(format!("{name}: there is no range {range}"));
                }
                values.add_to(range, count);
            }
            profile.quantities.insert(quantity, values);
        }
        if self.allowed.len() + self.denied.len() > MOST_EDITS {
            return Err(format!("more than {MOST_EDITS} patterns are allowed or denied"));
        }
        for (forms, edits) in [(self.allowed, &mut profile.allowed), (self.denied, &mut profile.denied)] {
            for form in forms {
                edits.insert(Edit::new(form.kind, &form.pattern).map_err(|error| error.to_string())?);
            }
        }
        Ok((Key { module: self.sha256, runtime: self.runtime }, profile))
    }
}

fn names(how: How) -> Vec<String> {
    how.names().map(str::to_owned).collect()
}

fn how(names: &[String]) -> Result<How, String> {
    names.iter().try_fold(How::default(), |all, name| {
        How::named(name).map(|how| all.union(how)).ok_or_else(|| format!("nothing is done so: {name:?}"))
    })
}

fn patterns_form(patterns: &Patterns) -> PatternsForm {
    let folded = patterns.groups.iter().filter(|(_, group)| group.level > 0);
    let seen = patterns.groups.values().flat_map(|group| &group.items);
    PatternsForm {
        everything: patterns.everything.map(|seen| SeenForm { runs: seen.runs, how: names(seen.how) }),
        folded: folded.map(|(key, group)| (key.to_string(), group.level)).collect(),
        seen: seen
            .map(|(pattern, seen)| PatternForm {
                pattern: pattern.to_string(),
                runs: seen.runs,
                how: names(seen.how),
            })
            .collect(),
    }
}

fn patterns(dimension: Dimension, form: PatternsForm) -> Result<Patterns, String> {
    let mut patterns = Patterns::default();
    let too_long = |text: &str| text.len() > MOST_PATTERN_BYTES;
    if form.folded.keys().any(|group| too_long(group)) || form.seen.iter().any(|seen| too_long(&seen.pattern))
    {
        return Err(format!("{dimension}: a pattern has at most {MOST_PATTERN_BYTES} bytes"));
    }
    for (group, level) in &form.folded {
        patterns.raise(dimension, group, *level);
    }
    for seen in &form.seen {
        patterns.add(dimension, &seen.pattern, Seen { runs: seen.runs, how: how(&seen.how)? });
    }
    if let Some(all) = form.everything {
        patterns.forget_differences(Seen { runs: all.runs, how: how(&all.how)? });
    }
    Ok(patterns)
}
