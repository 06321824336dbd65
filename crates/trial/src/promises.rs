//! What must hold of every file. Each check panics with what is wrong.

use crate::scan::{Form, NAME, Scan, Scanned, digest, scan};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::sync::LazyLock;
use wasmparser::{Validator, WasmFeatures};
use wasmscope_admission::{Date, Policy, difference, evaluate, suggest};
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_analyze::{ErrorKind, Facts, limits};
use wasmscope_findings::MOST_PER_RULE;
use wasmscope_model::Severity;
use wasmscope_view as view;

/// Longest text in facts, in bytes: a few names in one sentence, or a path through components nested as deep as is allowed.
const TEXT_BYTES: usize = 2048;

/// The day on which all exceptions are judged.
const TODAY: Date = Date::constant(2026, 11, 22);

/// Allows as little as a policy can, so that every check of a policy has something to say.
static STRICT: LazyLock<Policy> = LazyLock::new(|| {
    let text = "version = 1\n[default]\ncapabilities = []\nimports = []\nexports = []\nproposals = []\nlanguages = []\n\
                toolchains = []\nrequire = [\"memory-maximum\", \"signature\", \"producers\", \"dependencies\"]\n\
                forbid = [\"shared-memory\", \"memory64\", \"start-function\", \"debug-info\"]\n\
                [default.findings]\nfail-on = \"info\"\n";
    Policy::parse(text).expect("a correct policy")
});

/// Checks the result of a scan of `bytes`: it agrees with the validator, its lists and texts are bounded, every form is
/// well-formed and shows no control characters, and the module passes the policy that is suggested for it.
///
/// # Panics
///
/// If one of this does not hold.
pub fn check(bytes: &[u8], scanned: &Scanned) {
    agrees(bytes, scanned);
    let scan = match scanned {
        Ok(scan) => scan,
        Err(error) => {
            assert!(error.offset <= bytes.len() as u64, "{error} in {} bytes", bytes.len());
            assert!(error.reason.len() <= TEXT_BYTES, "{} bytes of reason", error.reason.len());
            return;
        }
    };
    bounded(&scan.facts);
    for (rule, count) in counts(scan) {
        assert!(count <= MOST_PER_RULE, "{count} findings of {rule}");
    }
    for form in Form::ALL {
        let mut document = Vec::new();
        form.write(scan, &mut document).expect("a vector takes everything");
        match form {
            Form::Page | Form::Policy => plain(std::str::from_utf8(&document).expect("UTF-8")),
            Form::Json | Form::Sarif | Form::CycloneDx => {
                serde_json::from_slice::<IgnoredAny>(&document)
                    .unwrap_or_else(|error| panic!("{form:?}: {error}"));
            }
        }
    }
    judged(scan);
}

/// Checks that a second scan gives the same, and, of every eighth length, the same outputs to the last byte.
///
/// # Panics
///
/// If it does not.
pub fn check_same(bytes: &[u8], first: &Scanned) {
    let second = scan(bytes);
    assert_eq!(first, &second, "two scans of the same bytes differ");
    // Every output takes longer than the scan of a small file, so not every file pays for it.
    if bytes.len().is_multiple_of(8) {
        assert_eq!(first.as_ref().map(digest), second.as_ref().map(digest), "two outputs of one scan differ");
    }
}

/// Valid is what wasmparser calls valid with every proposal; what the analysis refuses is never valid, bounds apart.
fn agrees(bytes: &[u8], scanned: &Scanned) {
    let verdict = || Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
    match scanned {
        Err(error) if error.kind == ErrorKind::Limit => {}
        Err(error) => assert!(verdict().is_err(), "valid, but refused: {error}"),
        Ok(scan) => match &scan.facts.validation.error {
            Some(problem) if problem.kind == ProblemKind::LeftOut => {}
            Some(problem) => assert!(verdict().is_err(), "valid, but said not to be: {}", problem.message),
            None => {
                if let Err(error) = verdict() {
                    panic!("said to be valid: {error}");
                }
            }
        },
    }
}

fn bounded(facts: &Facts) {
    assert!(facts.modules.len() <= limits::MODULES && facts.modules.len() <= facts.module_count as usize);
    for module in &facts.modules {
        assert!(module.imports.len() <= module.import_count as usize, "{}", module.path);
        assert!(module.exports.len() <= module.export_count as usize, "{}", module.path);
        assert!(module.offset + module.size <= facts.size, "{} ends beyond the file", module.path);
        let reach = &module.reachability;
        assert!(reach.reachable_functions <= module.functions.defined, "{}", module.path);
        assert!(reach.imports.iter().filter_map(|i| i.path.as_ref()).all(|path| {
            path.steps.len() <= limits::PATH_STEPS && path.approximate as usize <= path.steps.len()
        }));
        let content = &module.content;
        assert!(
            content.payloads.list.len() <= limits::CONTENT && content.secrets.list.len() <= limits::CONTENT
        );
        assert!(content.texts.values().all(|texts| texts.list.len() <= limits::CONTENT));
    }
    let json = serde_json::to_value(facts).expect("facts are plain data");
    let mut entries = 0;
    walk(&json, &mut entries);
    // What is not taken from the budget is bounded for each module by something smaller.
    assert!(entries <= 4 * limits::LISTED, "{entries} entries in all lists");
    let back: Facts = serde_json::from_value(json).expect("facts can be read again");
    assert_eq!(&back, facts, "facts are another after a way through JSON");
}

fn walk(json: &Value, entries: &mut usize) {
    match json {
        Value::String(text) => assert!(text.len() <= TEXT_BYTES, "a text of {} bytes", text.len()),
        Value::Array(list) => {
            *entries += list.len();
            list.iter().for_each(|item| walk(item, entries));
        }
        Value::Object(fields) => fields.values().for_each(|field| walk(field, entries)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn counts(scan: &Scan) -> std::collections::BTreeMap<&str, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for finding in &scan.findings.list {
        *counts.entry(finding.rule.as_str()).or_default() += 1;
    }
    counts
}

/// Nothing that a terminal would obey, or that turns the direction of text.
fn plain(text: &str) {
    let obeyed = |c: char| {
        c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found = text.char_indices().find(|(_, c)| obeyed(*c));
    assert!(found.is_none(), "{found:?} is shown as it is");
}

fn judged(scan: &Scan) {
    let Scan { facts, findings } = scan;
    let text = suggest(NAME, facts, findings);
    let policy = Policy::parse(&text).unwrap_or_else(|error| panic!("the suggested policy: {error}\n{text}"));
    let violations = evaluate(&policy, NAME, facts, findings, TODAY);
    assert!(violations.is_empty(), "the suggested policy is violated: {violations:#?}\n{text}");
    plain(&view::violations::page(NAME, &evaluate(&STRICT, NAME, facts, findings, TODAY)));
    let same = difference((facts, findings), (facts, findings));
    assert!(same.is_empty(), "a file differs from itself: {same:#?}");
    plain(&view::difference::page(NAME, NAME, &same, Severity::Info));
}
