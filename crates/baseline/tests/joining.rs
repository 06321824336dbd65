//! Joining: order never matters; and what was learnt is usual, in memory and from a file.

mod common;

use common::*;
use proptest::prelude::*;
use wasmscope_baseline::{BaselineFile, Baselines, Dimension, FileError};
use wasmscope_model::Event;

/// One act, of few enough kinds that runs have some in common, and of enough that patterns are folded.
fn act() -> impl Strategy<Value = String> {
    let folder = prop::sample::select(vec!["/srv/data", "/srv/data/a/b", "/etc", "/home/x/y/z", ""]);
    let hostile_folder = "/[a-z]{1,2}/[a-z]{1}";
    prop_oneof![
        4 => (folder, "[a-h]{1,3}").prop_map(|(folder, name)| opened(&format!("{folder}/{name}"))),
        2 => (hostile_folder, "[a-c]").prop_map(|(folder, name)| opened(&format!("{folder}/{name}"))),
        2 => (any::<[u8; 4]>(), 1u16..4).prop_map(|([_, b, c, d], port)| {
            connected(&format!("10.{}.{}.{d}", b % 3, c % 40), port)
        }),
        2 => "[a-c]{1,2}(\\.[a-d]{1,2}){1,4}".prop_map(|name| asked(&name)),
        1 => "[a-f]{1,2}".prop_map(|name| host_call(&name)),
        1 => "[a-f]{1,2}".prop_map(|name| sensitive(&name)),
    ]
}

fn stream(number: u32) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(act(), 0..400).prop_map(move |acts| run(number, &lines(&acts)))
}

/// What some runs taught.
fn known() -> impl Strategy<Value = Baselines> {
    prop::collection::vec(stream(1), 1..4).prop_map(|runs| learn(&runs))
}

fn joined(a: &Baselines, b: &Baselines) -> Baselines {
    let mut all = a.clone();
    all.merge(b);
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn joining_is_commutative_and_associative(a in known(), b in known(), c in known()) {
        prop_assert_eq!(joined(&a, &b), joined(&b, &a));
        prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
    }

    #[test]
    fn what_was_learnt_is_usual(runs in prop::collection::vec(stream(1), 1..4)) {
        let known = learn(&runs);
        for run in &runs {
            prop_assert_eq!(ask(&known, run), []);
        }
    }

    #[test]
    fn what_was_joined_is_usual(a in stream(1), b in known()) {
        prop_assert_eq!(ask(&joined(&b, &learn(std::slice::from_ref(&a))), &a), []);
    }

    #[test]
    fn a_file_gives_back_what_was_written(known in known()) {
        let text = BaselineFile::write(&known).unwrap();
        prop_assert_eq!(BaselineFile::parse(text.as_bytes()).unwrap(), known.clone());
        prop_assert_eq!(BaselineFile::write(&known).unwrap(), text);
    }

    #[test]
    fn a_cut_or_changed_file_is_an_error_or_a_baseline(known in known(), at: prop::sample::Index, byte: u8) {
        let mut text = BaselineFile::write(&known).unwrap().into_bytes();
        let at = at.index(text.len() - 3);
        prop_assert!(matches!(BaselineFile::parse(&text[..at]), Err(FileError::Damaged(_))), "cut at {}", at);
        text[at] = byte;
        if let Ok(other) = BaselineFile::parse(&text) {
            prop_assert!(other.len() <= 1);
        }
    }
}

#[test]
fn folding_happens_in_these_tests() {
    let many: Vec<String> = (0..200u32)
        .map(|n| {
            opened(&format!(
                "/srv/data/{}{}",
                (b'a' + (n / 26) as u8) as char,
                (b'a' + (n % 26) as u8) as char
            ))
        })
        .collect();
    let known = learn(&(0..5).map(|number| run(number, &lines(&many))).collect::<Vec<_>>());
    let (_, profile) = known.iter().next().unwrap();
    let paths: Vec<_> =
        profile.patterns(Dimension::Path).iter().map(|(pattern, _)| pattern.to_owned()).collect();
    assert_eq!(paths, ["/srv/data/**"]);
    assert_eq!(ask(&known, &run(9, &opened("/srv/data/zz"))), []);
    assert_eq!(ask(&known, &run(9, &opened("/srv/other"))).len(), 1);
}

#[test]
fn a_file_that_is_no_baseline_is_one_clear_error() {
    let good = BaselineFile::write(&learn(&[run(1, &opened("/srv/a"))])).unwrap();
    let error = |text: &str| match BaselineFile::parse(text.as_bytes()) {
        Ok(_) => panic!("taken: {text}"),
        Err(error) => error.to_string(),
    };
    for (text, said) in [
        (String::new(), "it is damaged: EOF"),
        ("\0asm".into(), "it is damaged: expected value"),
        ("{}".into(), "this is no baseline: missing field `format`"),
        (good.replace("wasmscope-baseline", "x"), "this is no baseline: its format is \"x\""),
        (good.replace("\"version\":1", "\"version\":2"), "it has format version 2"),
        (good[..good.len() - 3].to_owned(), "it is damaged: EOF while parsing"),
        (good.replace("\"runs\":1", "\"runs\":-1"), "it is damaged: invalid value"),
        (good.replace("\"runs\"", "\"rns\""), "it is damaged: unknown field `rns`"),
        (good.replace("\"rate ", "\"rat "), "no such quantity: \"rat "),
        (good.replace("\"read\"", "\"eat\""), "nothing is done so: \"eat\""),
        (good.replace("\"counts\":[[", "\"counts\":[[9999,1],["), "there is no range 9999"),
        (good.replace("\n]}", &format!(",\n{}\n]}}", good.lines().nth(1).unwrap())), "it stands there twice"),
    ] {
        assert!(error(&text).contains(said), "{said:?} is not in {:?}", error(&text));
    }
}

#[test]
fn the_schema_knows_the_file() {
    let known = learn(&[run(1, &lines(&[opened("/srv/a"), connected("10.0.0.1", 80), asked("a.b")]))]);
    let schema = serde_json::to_value(wasmscope_baseline::json_schema()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&BaselineFile::write(&known).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(
        validator.is_valid(&json),
        "{:?}",
        validator.iter_errors(&json).map(|e| e.to_string()).collect::<Vec<_>>()
    );
    let mut other = json.clone();
    other["modules"][0]["runs"] = "many".into();
    assert!(!validator.is_valid(&other));
}
