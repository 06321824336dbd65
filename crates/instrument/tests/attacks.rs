//! Guests in C whose memory errors must be found, where they are, and whose clean twins must not be.

mod common;

use common::{Wasi, plan_with};
use std::fs;
use wasmscope_instrument::{Instrumented, Module, OnViolation, Refused, Settings, Storage, instrument};
use wasmscope_testkit::{guest, variants};

/// A guest, the pass that finds its error, and the kind of violation by the variant's name.
fn kind(guest: &str, variant: &str) -> &'static str {
    match guest {
        "stack-smash" => "stack smashed",
        "stack-overflow" => "stack overflow",
        "constant-overwrite" => "constant overwritten",
        "indirect-redirect" => "indirect call not allowed",
        _ if variant.contains("underflow") => "heap underflow or invalid free",
        _ if variant.contains("double-free") => "double free",
        _ => "heap overflow",
    }
}

const GUESTS: [(&str, &str); 5] = [
    ("stack-smash", "canaries"),
    ("stack-overflow", "shadow-stack"),
    ("constant-overwrite", "constants"),
    ("heap-overflow", "red-zones"),
    ("indirect-redirect", "indirect"),
];

/// Every edge of the C library, and what the program means to call.
fn settings(bytes: &[u8]) -> Settings {
    let module = Module::read(bytes).unwrap();
    let mut edges = String::new();
    for (_, _, function) in module.table_contents(1000) {
        for (caller, name) in module.names.functions() {
            let meant = match module.function_name(function) {
                Some("secret") => false,
                Some("greet") => *name == "dispatch" || *name == "main" || *name == "__original_main",
                _ => true,
            };
            if meant {
                edges.push_str(&format!("#{caller} -> #{function}\n"));
            }
        }
    }
    Settings { allowed_edges: Some(edges), ..Settings::default() }
}

fn made(bytes: &[u8], pass: &str, on: OnViolation, storage: Storage) -> Instrumented {
    let settings = if pass == "indirect" { settings(bytes) } else { Settings::default() };
    let mut plan = plan_with(&[pass], storage, &settings);
    plan.on_violation = on;
    instrument(bytes, plan).unwrap_or_else(|error| panic!("{pass}: {error}"))
}

#[test]
fn each_error_is_found_and_its_clean_twin_is_not() {
    for (guest, pass) in GUESTS {
        for (variant, path) in variants(guest).unwrap() {
            let bytes = fs::read(&path).unwrap();
            let mut run = Wasi::new(&made(&bytes, pass, OnViolation::Record, Storage::Memory));
            // What a program does after its memory is broken is its own affair.
            let _ = run.start();
            let records = run.records();
            if variant.starts_with("clean") {
                assert_eq!(records, [], "{guest} {variant}");
                continue;
            }
            let first = records.first().unwrap_or_else(|| panic!("{guest} {variant}: nothing was found"));
            assert_eq!(first.kind, kind(guest, &variant), "{variant}");
            let module = Module::read(&bytes).unwrap();
            let body = module.body(first.function).unwrap_or_else(|| panic!("{first:?}"));
            assert!(
                body.contains(&(first.offset as usize)),
                "{guest} {variant}: {first:?} is not in {body:?}"
            );
        }
    }
}

#[test]
fn a_violation_traps_if_it_shall_and_is_recorded_all_the_same() {
    for storage in [Storage::Memory, Storage::Globals] {
        let bytes = fs::read(guest("stack-smash")).unwrap();
        let mut run = Wasi::new(&made(&bytes, "canaries", OnViolation::Trap, storage));
        run.start().unwrap_err();
        assert_eq!(run.result("violations"), 1);
        assert_eq!(run.output(), "", "the program ended before it could go on");
    }
}

#[test]
fn a_violation_calls_the_host_if_it_shall() {
    let bytes = fs::read(guest("stack-smash")).unwrap();
    let made = made(&bytes, "canaries", OnViolation::Call, Storage::Memory);
    assert_eq!(made.report.shifted, 1);
    let mut run = Wasi::new(&made);
    run.start().unwrap();
    let calls = run.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].0, 0, "the first kind");
    assert_eq!(run.output(), "not let in\n");
}

#[test]
fn a_pass_says_what_it_does_not_find() {
    let plain = wat::parse_str("(module (memory 1) (func (export \"f\")))").unwrap();
    for pass in ["canaries", "shadow-stack", "constants", "red-zones"] {
        let refused =
            instrument(&plain, plan_with(&[pass], Storage::Memory, &Settings::default())).unwrap_err();
        assert!(matches!(&refused, Refused::Pass { pass: p, .. } if p == pass), "{refused}");
    }
}
