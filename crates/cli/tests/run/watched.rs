//! Summary, events and flame graph.

use crate::side_by_side::{Job, module};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;
use wasmscope_testkit::{component, guest};

#[test]
fn the_summary_tells_calls_errors_bytes_and_memory() {
    let dir = TempDir::new().unwrap();
    for path in [guest("busy-files"), component("busy-files")] {
        let ran = Job::new(&path, &["--dir", ".", "--summary", "{}"]).watched(&[]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(ran.stderr.starts_with("% time     seconds  usecs/call     calls"), "{ran:?}");
        let open =
            ran.stderr.lines().find(|line| line.contains("path_open") || line.contains("open-at")).unwrap();
        let fields: Vec<_> = open.split_whitespace().collect();
        assert!(fields[3].parse::<u64>().unwrap() > 3 && fields[4].parse::<u64>().unwrap() > 0, "{open}");
        for what in ["total\n", "memory ", " at most", "ran ", "errors: "] {
            assert!(ran.stderr.contains(what), "{what}: {}", ran.stderr);
        }
        assert!(!ran.stdout.contains("% time"));

        let file = dir.path().join("summary.txt");
        let into = format!("--summary={}", file.display());
        let ran = Job::new(&path, &["--dir", ".", &into, "{}"]).watched(&[]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        assert!(fs::read_to_string(&file).unwrap().starts_with("% time"));
    }
}

#[test]
fn an_instrumented_guest_tells_what_it_counted_also_when_a_check_ends_it() {
    let ran = Job::new(&guest("hello"), &["--instrument", "calls,instructions", "{}"]).watched(&[]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (Some(0), Job::new(&guest("hello"), &["{}"]).watched(&[]).stdout.as_str())
    );
    let number = |text: &str, name: &str| {
        let line =
            text.lines().find_map(|line| line.strip_suffix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse::<u64>().unwrap()
    };
    assert!(number(&ran.stderr, "  calls.total") > 1, "{ran:?}");
    assert!(number(&ran.stderr, "  instructions.total") > 100, "{ran:?}");

    for (path, status) in [(guest("stack-smash"), 134), (component("stack-smash"), 134)] {
        let ran = Job::new(&path, &["--instrument", "canaries", "{}"]).watched(&[]);
        assert_eq!(ran.status, Some(status), "{ran:?}");
        assert!(ran.stderr.contains("wasmscope.violation"), "{ran:?}");
    }
    let words = ["--instrument", "canaries", "--record-violations", "{}"];
    let ran = Job::new(&guest("stack-smash"), &words).watched(&[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(number(&ran.stderr, "  violations"), 1, "{ran:?}");
    assert!(ran.stderr.contains("VIOLATION stack smashed in function "), "{ran:?}");

    let refused = Job::new(&guest("hello"), &["--instrument", "callz", "{}"]).watched(&[]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("did you mean \"calls\"?"), "{refused:?}");
}

#[test]
fn the_events_tell_a_whole_life() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("events.jsonl");
    let ran = Job::new(&guest("traps"), &["{}", "oob"]).watched(&["--events", file.to_str().unwrap()]);
    assert_eq!(ran.status, Some(134));
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| lines.iter().filter(|line| line["event.name"] == name).collect::<Vec<_>>();
    assert_eq!(lines.first().unwrap()["event.name"], "boundary.instance.started");
    let end = lines.last().unwrap();
    assert_eq!(
        (&end["event.name"], &end["wasm.instance.name"]),
        (&"boundary.instance.ended".into(), &"traps.wasm".into())
    );
    let trapped = named("boundary.run").into_iter().find(|run| run["wasm.run.end"] == "trapped").unwrap();
    assert_eq!(trapped["wasm.trap.code"], "MemoryOutOfBounds");
    assert_eq!(trapped["wasm.stack.frames"][0]["wasm.function.name"], "oob_inner");
    assert_eq!(named("boundary.grown").len(), 2, "the memory and the table that it begins with");
}

#[test]
fn a_timeout_is_told() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("events.jsonl");
    let wat = r#"(module (func $endless (export "_start") (loop $again (br $again))))"#;
    let (_dir, path) = module(wat);
    let words = ["-W", "timeout=50ms", "--events", file.to_str().unwrap(), "{}"];
    assert_eq!(Job::new(&path, &words).watched(&[]).status, Some(134));
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(r#""wasm.trap.code":"Interrupt""#), "{text}");
}

#[test]
fn the_flame_graph_shows_the_guests_functions() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("graph.svg");
    // Two thirds and one third, until told to stop.
    let wat = r#"(module
        (func $spin (param i32) (loop $again
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func $more (call $spin (i32.const 2000000)))
        (func $less (call $spin (i32.const 1000000)))
        (func $work (call $more) (call $less))
        (func (export "_start") (loop $again (call $work) (br $again))))"#;
    let (_dir, path) = module(wat);
    let words = ["-W", "timeout=1s", "--profile", file.to_str().unwrap(), "{}"];
    let ran = Job::new(&path, &words).watched(&[]);
    assert_eq!(ran.status, Some(134), "{ran:?}");
    let svg = fs::read_to_string(file).unwrap();
    assert!(svg.trim_end().ends_with("</svg>"));
    // `<title>more (123 samples, 66.00%)</title>`
    let samples = |name: &str| {
        let title =
            svg.split(&format!("<title>{name} (")).nth(1).unwrap_or_else(|| panic!("no {name}: {svg}"));
        title.split(' ').next().unwrap().replace(',', "").parse::<u64>().unwrap()
    };
    let (more, less, work) = (samples("more"), samples("less"), samples("work"));
    assert!(work >= more + less && more > less, "{work} {more} {less}");
}
