//! Every rule against its own samples: `triggers*.wat` have to be found, `near-miss*.wat` not. `triggers-info*.wat` has to be
//! found as info, and so on; one sample at least as what the rule is at worst. A sample may be a module that
//! text cannot express otherwise: `(module binary "\00asm…")`. What stands between the comments `(;repeat N;)` and `(;end;)`
//! is written N times, so that a sample of a bound lies just beyond it, and its near miss exactly on it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use wasmscope_analyze::{Facts, Options, analyze};
use wasmscope_findings::{RULES, find};
use wasmscope_model::Severity;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")
}

fn samples(id: &str, begin: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder().join(id.replace('-', "_"))).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| {
            path.extension().is_some_and(|e| e == "wat")
                && path.file_name().unwrap().to_str().unwrap().starts_with(begin)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{id}: no {begin}*.wat");
    files
}

/// Writes out the repetitions.
fn repeated(text: &str) -> String {
    let mut parts = text.split("(;repeat ");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (times, rest) = part.split_once(";)").expect("(;repeat N;)");
        let (body, after) = rest.split_once("(;end;)").expect("(;end;)");
        whole.push_str(&body.repeat(times.parse().expect("a number")));
        whole.push_str(after);
    }
    whole
}

fn facts(sample: &Path) -> Facts {
    let text = repeated(&fs::read_to_string(sample).unwrap());
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
    analyze(&bytes, &Options::default()).unwrap_or_else(|error| panic!("{}: {error}", sample.display()))
}

/// The worst finding of the rule `id`.
fn found(facts: &Facts, id: &str) -> Option<Severity> {
    find(facts).list.iter().filter(|finding| finding.rule == id).map(|finding| finding.severity).max()
}

/// What a file's name says of how bad it is: `triggers-low-2.wat`.
fn expected(sample: &Path) -> Option<Severity> {
    let name = sample.file_stem().unwrap().to_str().unwrap();
    name.split('-').find_map(|word| word.parse().ok())
}

#[test]
fn every_rule_finds_its_samples_and_no_near_miss() {
    for rule in RULES {
        let mut worst = None;
        for sample in samples(rule.id, "triggers") {
            let severity = found(&facts(&sample), rule.id);
            assert!(severity.is_some(), "{} is not found in {}", rule.id, sample.display());
            let expected = expected(&sample).or(severity);
            assert_eq!(severity, expected, "{}", sample.display());
            worst = worst.max(severity);
        }
        assert_eq!(worst, Some(rule.severity), "{}: no sample is as bad as the rule says", rule.id);
        for sample in samples(rule.id, "near-miss") {
            let facts = facts(&sample);
            assert_eq!(found(&facts, rule.id), None, "{} is found in {}", rule.id, sample.display());
            assert!(facts.validation.valid, "a near miss is a sound module: {}", sample.display());
        }
    }
}

#[test]
fn every_folder_is_a_rule_and_says_all_that_a_person_needs() {
    let folders: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap().replace('_', "-"))
        .collect();
    let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(folders, ids);
    assert_eq!(ids.len(), RULES.len(), "an id occurs twice");
    let classes = RULES.iter().map(|rule| (&rule.threat[..1], rule.threat[1..].parse::<u8>().unwrap()));
    assert!(classes.is_sorted(), "rules are in the order of the threat catalogue");
    for rule in RULES {
        let id = rule.id;
        for (what, text) in [
            ("title", rule.title),
            ("threat", rule.threat),
            ("description", rule.description),
            ("remediation", rule.remediation),
            ("false_positives", rule.false_positives),
        ] {
            assert!(!text.trim().is_empty(), "{id}: no {what}");
        }
        assert!(!rule.sources.is_empty(), "{id}: no source");
        assert!(!rule.title.ends_with('.') && rule.title.len() <= 70, "{id}: a title is a few words");
        assert!(rule.description.ends_with('.') && rule.remediation.ends_with('.'), "{id}: full sentences");
        for technique in rule.attack {
            let shape = technique.strip_prefix('T').is_some_and(|n| n.len() == 4 || n.len() == 8);
            assert!(shape, "{id}: {technique} is no technique of ATT&CK");
        }
        assert!(
            !rule.cwe.is_empty() || !rule.attack.is_empty() || rule.threat.starts_with('I'),
            "{id}: of what kind?"
        );
    }
}
