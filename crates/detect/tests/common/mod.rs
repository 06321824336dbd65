//! Rules and events for tests.

// Each test binary uses its own part.
#![allow(dead_code)]

use std::collections::BTreeMap;
use wasmscope_detect::{Engine, Files, Invalid, Limits, RuleSet, samples};
use wasmscope_model::{Detection, Event};

/// A folder of rules that exists nowhere.
pub(crate) fn files<T: AsRef<str>>(texts: &[(&str, T)]) -> Files {
    let texts: BTreeMap<_, _> =
        texts.iter().map(|(path, text)| ((*path).to_owned(), text.as_ref().to_owned())).collect();
    Files { origin: "here".into(), texts }
}

/// A rule called `r`, experimental, with these lines beside what every rule needs.
pub(crate) fn rule(lines: &str) -> String {
    format!(
        "id: r\ntitle: A title\nseverity: high\nmaturity: experimental\ntags: [threat.B5]\n{lines}\n\
         false_positives: [none known]\nadvice: Look.\n"
    )
}

/// Only the rule `r`.
pub(crate) fn only(lines: &str) -> Result<RuleSet, Invalid> {
    RuleSet::load(&[files(&[("experimental/r/rule.yaml", rule(lines))])])
}

/// An engine with only the rule `r`.
pub(crate) fn engine(lines: &str) -> Engine {
    Engine::new(only(lines).unwrap_or_else(|e| panic!("{e}")), Limits::default())
}

/// One stream of events, written as a sample is.
pub(crate) fn events(lines: &str) -> Vec<Event> {
    let mut samples = samples::read(lines, true).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(samples.len(), 1, "one stream");
    samples.remove(0).1
}

/// What an engine makes of them.
pub(crate) fn observe(engine: &mut Engine, events: &[Event]) -> Vec<Detection> {
    let mut found = Vec::new();
    events.iter().for_each(|event| engine.observe(event, &mut found));
    found
}
