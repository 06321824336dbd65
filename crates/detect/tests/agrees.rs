//! Our evaluation of conditions against the interpreter of the `cel` crate, in the part of the language that both have: the
//! same answer, true, false or unknown, of random conditions and events.

mod common;

use cel::{Context, Program, Value};
use common::{events, only};
use proptest::prelude::*;
use std::collections::HashMap;
use wasmscope_detect::{Engine, Limits};
use wasmscope_model::{Event, EventKind};

/// Texts in which the prefixes below occur.
const TEXTS: [&str; 5] = ["", "a", "ab", "/srv/a", "b/srv"];
const STRINGS: [&str; 3] = ["file.path", "error.type", "syscall.name"];
const FLAGS: [&str; 3] = ["read", "write", "ab"];

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(TEXTS.to_vec())
}

fn string() -> impl Strategy<Value = &'static str> {
    prop::sample::select(STRINGS.to_vec())
}

fn order() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])
}

fn number() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just("syscall.result".to_owned()),
        string().prop_map(|field| format!("size({field})")),
        Just("size(file.open.flags)".to_owned()),
    ];
    let operator = prop::sample::select(vec!["+", "-", "*", "/", "%"]);
    prop_oneof![field.clone(), (field, operator, 1i64..4).prop_map(|(n, op, by)| format!("({n} {op} {by})"))]
}

fn test() -> impl Strategy<Value = String> {
    let has = vec![
        "file.path",
        "error.type",
        "syscall.name",
        "syscall.result",
        "file.beneath",
        "file.open.confined",
    ];
    let call = prop::sample::select(vec!["startsWith", "endsWith", "contains"]);
    let through = prop::sample::select(vec!["exists", "all"]);
    prop_oneof![
        prop::sample::select(vec!["file.beneath", "file.open.confined"]).prop_map(str::to_owned),
        prop::sample::select(has).prop_map(|field| format!("has({field})")),
        (string(), order(), text()).prop_map(|(field, order, text)| format!("{field} {order} {text:?}")),
        (string(), string()).prop_map(|(a, b)| format!("{a} == {b}")),
        (string(), call.clone(), text()).prop_map(|(field, call, text)| format!("{field}.{call}({text:?})")),
        (string(), text(), text()).prop_map(|(field, a, b)| format!("{field} in [{a:?}, {b:?}]")),
        (number(), order(), -3i64..6).prop_map(|(n, order, to)| format!("{n} {order} {to}")),
        prop::sample::select(FLAGS.to_vec()).prop_map(|flag| format!("{flag:?} in file.open.flags")),
        (through, call, text())
            .prop_map(|(through, call, text)| format!("file.open.flags.{through}(f, f.{call}({text:?}))")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

/// An open, of which anything may be unknown.
fn event() -> impl Strategy<Value = Event> {
    let some_text = || prop::option::of(text());
    let flags = prop::collection::vec(prop::sample::select(FLAGS.to_vec()), 0..3);
    let some = (some_text(), some_text(), text(), prop::option::of(-4i64..6), flags);
    (some, any::<Option<bool>>(), any::<Option<bool>>()).prop_map(
        |((path, error, call, result, flags), beneath, confined)| {
            let mut event = events(r#"{"event.name": "workload.file.opened"}"#).remove(0);
            if let EventKind::Opened(act) = &mut event.kind {
                act.path = path.map(str::to_owned);
                act.outcome.error = error.map(Into::into);
                act.outcome.call = call.into();
                act.outcome.result = result;
                act.flags = flags.into_iter().map(Into::into).collect();
                (act.beneath, act.confined) = (beneath, confined);
            }
            event
        },
    )
}

/// True, false or unknown, by our engine: it tells what is true, so it is asked for the opposite, too.
fn ours(condition: &str, event: &Event) -> Option<bool> {
    let matches = |condition: &str| {
        let lines = format!("events: [workload.file.opened]\ncondition: |\n  {condition}");
        let mut engine =
            Engine::new(only(&lines).unwrap_or_else(|e| panic!("{condition}: {e}")), Limits::default());
        engine.observe(event, &mut Vec::new());
        engine.counts().matches == 1
    };
    match (matches(condition), matches(&format!("!({condition})"))) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
        (true, true) => panic!("{condition} is true, and so is its opposite"),
    }
}

/// The same by the interpreter, which is given the fields as maps.
fn theirs(condition: &str, event: &Event) -> Option<bool> {
    let EventKind::Opened(act) = &event.kind else { panic!("an open") };
    let map = |entries: Vec<(&str, Option<Value>)>| -> Value {
        let entries = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        entries.collect::<HashMap<String, Value>>().into()
    };
    let text = |text: &str| Value::from(text);
    let flags: Vec<Value> = act.flags.iter().map(|flag| text(flag)).collect();
    let open = map(vec![("confined", act.confined.map(Value::from)), ("flags", Some(flags.into()))]);
    let mut context = Context::default();
    context.add_variable_from_value(
        "file",
        map(vec![
            ("path", act.path.as_deref().map(text)),
            ("beneath", act.beneath.map(Value::from)),
            ("open", Some(open)),
        ]),
    );
    context.add_variable_from_value("error", map(vec![("type", act.outcome.error.as_deref().map(text))]));
    context.add_variable_from_value(
        "syscall",
        map(vec![("name", Some(text(&act.outcome.call))), ("result", act.outcome.result.map(Value::from))]),
    );
    match Program::compile(condition).unwrap_or_else(|e| panic!("{condition}: {e}")).execute(&context) {
        Ok(Value::Bool(value)) => Some(value),
        Ok(other) => panic!("{condition}: {other:?}"),
        Err(_) => None,
    }
}

proptest! {
    #[test]
    fn both_evaluations_agree(condition in condition(), event in event()) {
        prop_assert_eq!(ours(&condition, &event), theirs(&condition, &event), "{} of {:?}", condition, event);
    }
}
