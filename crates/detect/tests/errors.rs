//! Broken rules: one clear problem each, with the place.

mod common;

use common::{files, only, rule};
use wasmscope_detect::RuleSet;

/// What is wrong with the rule `r` of these lines (its line 6 and on).
fn problems(lines: &str) -> Vec<String> {
    let invalid = only(lines).expect_err(lines);
    invalid.problems.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn one(lines: &str, expected: &str) {
    let problems = problems(lines);
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    let problem = problem.strip_prefix("here/experimental/r/rule.yaml:").unwrap_or(problem);
    assert!(problem.starts_with(expected), "expected {expected:?}, found {problem:?}");
}

const FILE: &str = "events: [workload.file.opened]\n";

fn condition(text: &str) -> String {
    format!("{FILE}condition: {text}")
}

#[test]
fn a_condition_that_is_wrong_is_told_with_line_and_column() {
    let cases = [
        ("file.pth == 'x'", "7:12: there is no field \"file.pth\"; did you mean \"file.path\"?"),
        ("true && file.path == 3", "7:30: cannot compare a string and a int"),
        ("file.path", "7:12: this is a string; something true or false is needed"),
        ("file.beneath > 1", "7:25: cannot compare a bool and a int"),
        (
            "\"file.path == 'x' && file.open.flags == 'write'\"",
            "7:49: cannot compare a list of strings and a string",
        ),
        ("file.path.beginsWith('x')", "7:32: there is no function \"beginsWith\""),
        ("size(file.path) + 1.5 > 2.0", "7:28: cannot calculate with a int and a double"),
        ("file.path in lists.nowhere", "7:25: there is no list \"nowhere\""),
        ("macros.nothing", "7:12: there is no macro \"nothing\""),
        ("file.path.matches('(')", "7:30: not a usable pattern: error: unclosed group"),
        (
            "file.path.matches('((a{1000}){1000}){1000}')",
            "7:30: not a usable pattern: Compiled regex exceeds size limit",
        ),
        ("file.open.flags.map(f, f) == 'x'", "7:31: of the list macros exists() and all() are supported"),
        ("wasm.modules == 'x'", "7:12: wasm.modules is only in the JSON form"),
        (
            "event.name == 'workload.file.open'",
            "7:12: there is no event \"workload.file.open\"; did you mean \"workload.file.opened\"?",
        ),
        ("file.path == ", "7:24: this is no CEL"),
        ("'file.beneath ? true : false'", "7:26: `? :` is not supported"),
    ];
    for (text, expected) in cases {
        one(&condition(text), expected);
    }
}

#[test]
fn places_in_blocks_and_quotes_are_those_of_the_file() {
    let block = "condition: |\n  file.beneath == false &&\n    file.pth == 'x'";
    one(&format!("{FILE}{block}"), "9:5: there is no field \"file.pth\"");
    one(&format!("{FILE}condition: 'file.pth == \"x\"'"), "7:13: there is no field");
}

#[test]
fn an_event_that_can_never_match_is_an_error() {
    let never = "events: [workload.file.opened, workload.trapped]\ncondition: file.path == '/x'";
    one(never, "6:32: the condition can never match workload.trapped");
    one("events: [workload.trapped]\ncondition: has(file.path)", "6:10: the condition can never match");
    one(
        "events: [workload.file.opened]\ncondition: event.name == 'workload.trapped'",
        "6:10: the condition can never match",
    );
    // By way of a fact about the workload, or of another branch, it can.
    only("events: [workload.trapped]\ncondition: wasm.runtime.name == 'wasmtime'").unwrap();
    let either = "events: [workload.file.opened, workload.trapped]\n\
                  condition: file.path == '/x' || wasm.trap.code == 'Unreachable'";
    only(either).unwrap();
}

#[test]
fn what_every_rule_needs_is_asked_for() {
    let valid = condition("file.beneath");
    let broken = |from: &str, to: &str| {
        let text = rule(&valid).replace(from, to);
        assert_ne!(text, rule(&valid), "{from}");
        let invalid = RuleSet::load(&[files(&[("experimental/r/rule.yaml", text)])]).unwrap_err();
        invalid.problems[0].to_string().replace("here/experimental/r/rule.yaml:", "")
    };
    let cases = [
        ("id: r", "id: R", "1:5: an id has lower-case letters"),
        ("id: r", "id: other", "1:5: the folder of a rule has its id: other/rule.yaml"),
        ("severity: high", "severity: bad", "3:11: no such severity"),
        ("maturity: experimental", "maturity: stable", "4:11: its folder says otherwise"),
        ("threat.B5", "T1611", "5:8: a tag is attack.T1611, cwe.22 or threat.B5"),
        (
            "false_positives: [none known]",
            "false_positives: []",
            "8:18: every rule is wrong sometimes: say when",
        ),
        ("advice: Look.", "advice: ''", "9:9: advice says what to do"),
        ("advice: Look.", "advise: Look.", "9:1: unknown field `advise`"),
        ("title: A title", "title: [", "2:"),
    ];
    for (from, to, expected) in cases {
        let found = broken(from, to);
        assert!(found.starts_with(expected), "{from} -> {to}: expected {expected:?}, found {found:?}");
    }
    let missing = broken("advice: Look.\n", "");
    assert!(missing.contains("missing field `advice`"), "{missing}");
    one(
        "events: [workload.file.opne]\ncondition: file.beneath",
        "6:10: there is no event \"workload.file.opne\"",
    );
    one("events: [sensor.lost]\ncondition: 'true'", "6:10: this event belongs to no workload");
}

#[test]
fn windows_that_make_no_sense_are_told() {
    let window = |text: &str| format!("{}\nwindow: {text}", condition("file.beneath"));
    let cases = [
        ("{within: 10, count: 3}", "8:18: a time is written as 500ms, 10s, 5m or 1h"),
        ("{within: 10s}", "8:9: a window has one of count, rate, distinct, regular and sequence"),
        ("{within: 10s, count: 1}", "8:30: from 2 to"),
        ("{within: 10s, distinct: {of: file.pth, count: 3}}", "8:38: there is no field \"file.pth\""),
        ("{within: 10s, distinct: {of: file.path, count: 3000}}", "8:56: from 2 to 256"),
        ("{within: 10s, rate: 0.01}", "8:29: this rate is less than two events"),
    ];
    for (text, expected) in cases {
        one(&window(text), expected);
    }
}

#[test]
fn a_macro_that_uses_itself_or_grows_without_end_is_an_error() {
    let of = |macros: &[(&str, &str)]| {
        let mut texts = vec![("experimental/r/rule.yaml", rule(&condition("macros.a")))];
        texts.extend(macros.iter().map(|(path, text)| (*path, format!("about: x\ncondition: {text}\n"))));
        RuleSet::load(&[files(&texts)]).unwrap_err().to_string()
    };
    let recursive = of(&[("macros/a.yaml", "macros.b"), ("macros/b.yaml", "'!macros.a'")]);
    assert!(
        recursive.contains("here/macros/a.yaml:2:12: the macro a uses itself: a -> b -> a"),
        "{recursive}"
    );
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    let mut macros: Vec<(String, String)> = names
        .windows(2)
        .map(|pair| (format!("macros/{}.yaml", pair[0]), format!("macros.{0} || macros.{0}", pair[1])))
        .collect();
    macros.push(("macros/p.yaml".into(), "file.beneath".into()));
    let macros: Vec<_> = macros.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let grown = of(&macros);
    assert!(grown.contains("with its macros, the condition is too large"), "{grown}");
}

#[test]
fn deep_and_long_conditions_end_in_an_error_and_not_in_a_crash() {
    let deep = format!("{}file.beneath{}", "(".repeat(5000), ")".repeat(5000));
    let negated = format!("'{}file.beneath'", "!".repeat(5001));
    let chained = vec!["file.beneath"; 1500].join(" && ");
    for text in [deep, negated, chained] {
        if let Err(invalid) = only(&condition(&text)) {
            assert!(invalid.problems.len() == 1, "{invalid}");
        }
    }
    let long = condition(&format!("file.path == '{}'", "x".repeat(20_000)));
    one(&long, "7:12: a condition has at most 16 KiB");
}

#[test]
fn a_folder_above_replaces_adds_and_disables() {
    let below = files(&[
        ("experimental/r/rule.yaml", rule(&condition("file.path in lists.l"))),
        ("lists/l.yaml", "about: x\nitems: [/a]\n".into()),
    ]);
    let load = |texts: &[(&str, &str)]| RuleSet::load(&[below.clone(), files(texts)]);
    let detects = |rules: RuleSet, path: &str| {
        let mut engine = wasmscope_detect::Engine::new(rules, Default::default());
        let line = format!(r#"{{"event.name": "workload.file.opened", "file.path": "{path}"}}"#);
        !common::observe(&mut engine, &common::events(&line)).is_empty()
    };
    let added = || load(&[("lists/l.yaml", "about: x\nappend: true\nitems: [/b]\n")]).unwrap();
    assert!(detects(added(), "/a") && detects(added(), "/b"));
    let replaced = || load(&[("lists/l.yaml", "about: x\nitems: [/b]\n")]).unwrap();
    assert!(!detects(replaced(), "/a") && detects(replaced(), "/b"));
    assert!(load(&[("settings.yaml", "disable: [r]\n")]).unwrap().rules().is_empty());
    let unknown = load(&[("settings.yaml", "disable: [rr]\n")]).unwrap_err().to_string();
    assert_eq!(unknown, "here/settings.yaml:1:11: there is no rule \"rr\"; did you mean \"r\"?");
    // A list of 100,000 paths is one look for each event.
    let items: String = (0..100_000).map(|n| format!("- /srv/{n}\n")).collect();
    let large = load(&[("lists/l.yaml", &format!("about: x\nitems:\n{items}"))]).unwrap();
    assert!(detects(large, "/srv/99999"));
}
