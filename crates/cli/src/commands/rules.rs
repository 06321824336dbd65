//! `wasmscope rules`

use crate::{
    Failure, output,
    rules::{RuleOptions, invalid},
};
use serde::Serialize;
use std::{path::PathBuf, sync::Arc};
use wasmscope_detect::{Files, Rule, RuleSet, json_schema, samples};

/// List, check and test the rules that `watch` and `replay` ask.
///
/// `docs/rules.md` says how to write one. Needs no root.
#[derive(Debug, clap::Args)]
pub(crate) struct Rules {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the rules: what they state, how bad it is, which events they look at.
    List {
        #[command(flatten)]
        rules: RuleOptions,
        /// JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Check the rules in DIR, above those built in: names, types, and whether they can ever match.
    Check {
        /// A folder of rules.
        dir: Option<PathBuf>,
    },
    /// Run the samples that lie beside the rules in DIR; without DIR, those of the rules built in.
    Test {
        /// A folder of rules.
        dir: Option<PathBuf>,
    },
    /// Write the JSON Schema of a detection.
    Schema,
}

impl Rules {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        match self.action {
            Action::List { rules, json } => list(&rules, json),
            Action::Check { dir } => {
                let (rules, _) = load(dir)?;
                output::text(&format!("{} rules, nothing wrong\n", rules.rules().len()))?;
                Ok(0)
            }
            Action::Test { dir } => test(dir),
            Action::Schema => output::json(&json_schema()).map(|()| 0),
        }
    }
}

/// All rules, and the files of the uppermost layer.
fn load(dir: Option<PathBuf>) -> Result<(Arc<RuleSet>, Files), Failure> {
    let mut layers = vec![Files::shipped()];
    if let Some(dir) = dir {
        layers.push(Files::of_folder(&dir).map_err(Failure::input)?);
    }
    let rules = RuleSet::load(&layers).map_err(invalid)?;
    let uppermost = layers.pop().ok_or_else(|| Failure::input(anyhow::anyhow!("no rules")))?;
    Ok((Arc::new(rules), uppermost))
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    severity: wasmscope_model::Severity,
    confidence: wasmscope_model::Confidence,
    maturity: wasmscope_model::Maturity,
    window: String,
    events: Vec<&'static str>,
    attack: &'a [String],
    cwe: &'a [String],
    threats: &'a [String],
    false_positives: &'a [String],
    advice: &'a str,
    origin: &'a str,
}

fn listed(rule: &Rule) -> Listed<'_> {
    Listed {
        id: &rule.id,
        title: &rule.title,
        severity: rule.severity,
        confidence: rule.confidence,
        maturity: rule.maturity,
        window: rule.window_kind().to_string(),
        events: rule.events.iter().map(|kind| kind.as_str()).collect(),
        attack: &rule.attack,
        cwe: &rule.cwe,
        threats: &rule.threats,
        false_positives: &rule.false_positives,
        advice: &rule.advice,
        origin: &rule.origin,
    }
}

fn list(options: &RuleOptions, json: bool) -> Result<u8, Failure> {
    let set = RuleSet::load(&options.layers()?).map_err(invalid)?;
    if json {
        let all: Vec<_> = set.rules().iter().map(listed).collect();
        output::json(&all)?;
    } else {
        output::text(&wasmscope_view::rules::table(set.rules().iter().map(|rule| {
            wasmscope_view::rules::Row {
                id: &rule.id,
                severity: rule.severity.as_str(),
                maturity: rule.maturity.as_str(),
                window: rule.window_kind().to_string(),
                title: &rule.title,
                origin: &rule.origin,
            }
        })))?;
    }
    Ok(0)
}

fn test(dir: Option<PathBuf>) -> Result<u8, Failure> {
    let (rules, files) = load(dir)?;
    let (mut samples, mut tested_rules, mut problems) = (0, 0, Vec::new());
    for rule in rules.rules().iter().filter(|rule| rule.origin == files.origin) {
        let tested = samples::test(rule, &rules, &files);
        tested_rules += 1;
        samples += tested.matching + tested.other;
        problems.extend(tested.problems);
    }
    for problem in &problems {
        eprintln!("wasmscope: {problem}");
    }
    output::text(&format!("{tested_rules} rules, {samples} samples, {} failed\n", problems.len()))?;
    Ok(u8::from(!problems.is_empty()))
}
