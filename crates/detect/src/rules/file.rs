//! The files as they are written.

use serde::Deserialize;
use serde_saphyr::Spanned;

/// `rules/<maturity>/<id>/rule.yaml`. `docs/rules.md` says what each part means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    pub(crate) id: Spanned<String>,
    pub(crate) title: Spanned<String>,
    pub(crate) severity: Spanned<String>,
    pub(crate) maturity: Spanned<String>,
    #[serde(default)]
    pub(crate) confidence: Option<Spanned<u8>>,
    pub(crate) tags: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) events: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(crate) condition: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) window: Option<Spanned<WindowFile>>,
    #[serde(default)]
    pub(crate) suppress: Option<SuppressFile>,
    #[serde(default)]
    pub(crate) limit: Option<LimitFile>,
    #[serde(default)]
    pub(crate) raised_by: Vec<Spanned<String>>,
    pub(crate) false_positives: Spanned<Vec<String>>,
    pub(crate) advice: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowFile {
    pub(crate) within: Spanned<String>,
    #[serde(default)]
    pub(crate) across: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) count: Option<Spanned<u32>>,
    #[serde(default)]
    pub(crate) rate: Option<Spanned<f64>>,
    #[serde(default)]
    pub(crate) distinct: Option<DistinctFile>,
    #[serde(default)]
    pub(crate) regular: Option<RegularFile>,
    #[serde(default)]
    pub(crate) sequence: Option<Vec<StepFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DistinctFile {
    pub(crate) of: Spanned<String>,
    pub(crate) count: Spanned<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegularFile {
    pub(crate) of: Spanned<String>,
    pub(crate) count: Spanned<u32>,
    pub(crate) spread: Spanned<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFile {
    pub(crate) events: Vec<Spanned<String>>,
    pub(crate) condition: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuppressFile {
    #[serde(rename = "for")]
    pub(crate) time: Spanned<String>,
    #[serde(default)]
    pub(crate) per: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitFile {
    pub(crate) detections: Spanned<u32>,
    pub(crate) per: Spanned<String>,
}

/// `rules/lists/<name>.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFile {
    pub(crate) about: String,
    /// Of a list of that name in the files below: added to instead of replaced.
    #[serde(default)]
    pub(crate) append: bool,
    pub(crate) items: Vec<String>,
}

/// `rules/macros/<name>.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MacroFile {
    pub(crate) about: String,
    pub(crate) condition: Spanned<String>,
}

/// `rules/envelope/<runtime>.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeFile {
    pub(crate) about: String,
    /// How it was learned, on which versions.
    pub(crate) measured: String,
    pub(crate) own: Vec<OwnFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnFile {
    /// What it is for.
    pub(crate) why: String,
    pub(crate) events: Vec<Spanned<String>>,
    pub(crate) condition: Spanned<String>,
}

/// `rules/settings.yaml`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsFile {
    /// Ids of rules of the files below that are left out.
    #[serde(default)]
    pub(crate) disable: Vec<Spanned<String>>,
}
