//! A module passes the policy that is suggested for it, and not without any one of its capabilities.

mod common;

use arbitrary::Unstructured;
use common::{TODAY, read};
use wasm_smith::{Config, Module};
use wasmscope_admission::{Policy, ViolationKind, evaluate, suggest};
use wasmscope_testkit::{component, guest, guest_names};

/// The suggestion for a module, after all has been checked that is true of every suggestion; and how many capabilities it
/// allows.
fn check(name: &str, module: &[u8]) -> (String, usize) {
    let (facts, findings) = read(module);
    let text = suggest(name, &facts, &findings);
    assert_eq!(text, suggest(name, &facts, &findings));
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    let judge = |text: &str| {
        let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        evaluate(&policy, name, &facts, &findings, TODAY)
    };
    let violations = judge(&text);
    assert!(violations.is_empty(), "{name}: {violations:#?}\n{text}");

    let begin = text.find("\ncapabilities = [\n").unwrap() + "\ncapabilities = [\n".len();
    let (head, tail) = text.split_at(begin);
    let end = if tail.starts_with(']') { 0 } else { tail.find("\n]").unwrap() + 1 };
    let lines: Vec<&str> = tail[..end].lines().collect();
    let capabilities: Vec<_> = (0..lines.len()).filter(|n| lines[*n].starts_with("    \"")).collect();
    for without in &capabilities {
        let rest: String =
            (0..lines.len()).filter(|n| n != without).map(|n| format!("{}\n", lines[n])).collect();
        let violations = judge(&format!("{head}{rest}{}", &tail[end..]));
        let word = lines[*without].trim().trim_end_matches(',').trim_matches('"');
        let subjects: Vec<_> = violations.iter().filter_map(|v| v.subject.as_deref()).collect();
        assert_eq!(subjects, [word], "{name} without {word}");
        assert_eq!(violations[0].kind, ViolationKind::Capability);
    }
    (text, capabilities.len())
}

#[test]
fn a_suggestion_says_why_and_leaves_out_what_nothing_leads_to() {
    let (text, capabilities) = check(
        "plugins/a.wasm",
        br#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1 2)
            (func $main (drop (call $random (i32.const 0) (i32.const 8))))
            (func (export "_start") (call $main)))"#,
    );
    assert_eq!(capabilities, 1);
    let expected = r#"judge = "reachable"
capabilities = [
    # imported, but nothing leads to it: through wasi_snapshot_preview1#sock_accept
    # "listen",
    # export _start > main > wasi_snapshot_preview1.random_get
    "random",
]
imports = [
    "wasi_snapshot_preview1#random_get",
    "wasi_snapshot_preview1#sock_accept",
]
exports = [
    "_start",
    "memory",
]
"#;
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("\nmatch = \"plugins/a.wasm\"\n") && text.contains("\nmemory-maximum = \"128KiB\"\n"),
        "{text}"
    );
}

#[test]
fn guests_pass_their_own_suggestion_as_modules_and_as_components() {
    let mut capabilities = 0;
    for name in guest_names() {
        capabilities += check(&name, &std::fs::read(guest(&name)).unwrap()).1;
    }
    for name in ["hello", "net"] {
        capabilities += check(name, &std::fs::read(component(name)).unwrap()).1;
    }
    assert!(capabilities >= 10, "{capabilities}");
}

#[test]
fn hostile_names_neither_break_out_of_the_text_nor_of_their_pattern() {
    for name in [
        "a\"]\n[[module]]\nmatch = \"*",
        "\u{202e}x",
        "a#b",
        "[a]",
        "{*}",
        "back\\slash",
        "",
        "…",
        "ü",
        "# x",
    ] {
        let text = format!("{:?}", name.replace('\\', "/")).replace("\\u{", "\\u{");
        let module = format!(
            r#"(module (import {text} {text} (func $f)) (import "wasi_snapshot_preview1" {text} (func $g))
                (func $main (call $f) (call $g)) (export {text} (func $main)))"#
        );
        check(name, module.as_bytes());
        check(&format!("dir/{name}"), module.as_bytes());
    }
    let long = "n".repeat(5000);
    let module = format!(r#"(module (import "env" "{long}" (func $f)) (func (export "{long}") (call $f)))"#);
    let (text, _) = check("a.wasm", module.as_bytes());
    assert!(text.contains("# imports are left out") && text.contains("# exports are left out"), "{text}");
}

#[test]
fn modules_beyond_all_measure_get_a_short_suggestion() {
    let imports: String = (0..3000).map(|n| format!(r#"(import "env" "f{n}" (func))"#)).collect();
    let (text, _) = check("a.wasm", format!("(module {imports})").as_bytes());
    assert!(text.contains("imports = [\n    \"env\",\n]") && text.len() < 3000, "{text}");
    let imports: String = (0..3000).map(|n| format!(r#"(import "e{n}" "f" (func))"#)).collect();
    let (text, _) = check("a.wasm", format!("(module {imports})").as_bytes());
    assert!(text.contains("# imports are left out: there are 3000 patterns"), "{text}");
}

#[test]
fn of_a_long_way_the_begin_and_the_end_are_told() {
    let chain: String =
        (0..60).map(|n| format!("(func $f{n}_{} (call {}))", "x".repeat(200), n + 3)).collect();
    let module = format!(
        r#"(module (import "env" "log" (func)) (func (export "run") (call 2)) {chain} (func (call 0)))"#
    );
    let (text, _) = check("a.wasm", module.as_bytes());
    let way = text.lines().find(|line| line.contains("export run > ")).unwrap();
    assert!(way.ends_with(" > env.log") && way.contains(" more) > ") && way.len() < 500, "{way}");
}

#[test]
fn an_invalid_module_gets_a_warning() {
    let (text, _) = check("a.wasm", b"(module (import \"env\" \"f\" (func)) (func (result i32)))");
    assert!(text.contains("NOT known to be valid"), "{text}");
}

/// Enough to fill a module, from a seed (xorshift64).
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..4096).map(|_| step()).collect()
}

#[test]
fn generated_modules_pass_their_own_suggestion() {
    let wasi = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
            (import "wasi" "thread-spawn" (func (param i32) (result i32)))
            (import "env" "anything" (func)))"#,
    )
    .unwrap();
    let (mut modules, mut capabilities, mut unused) = (0, 0, 0);
    for seed in 0..300 {
        let noise = noise(seed);
        let mut source = Unstructured::new(&noise);
        let config = Config {
            available_imports: Some(wasi.clone()),
            min_imports: 3,
            max_imports: 8,
            min_funcs: 3,
            min_exports: 1,
            threads_enabled: seed % 3 == 0,
            memory64_enabled: seed % 5 == 0,
            max_memories: 3,
            ..Config::default()
        };
        let Ok(module) = Module::new(config, &mut source) else { continue };
        let (text, count) = check(&format!("{seed}.wasm"), &module.to_bytes());
        modules += 1;
        capabilities += count;
        unused += text.matches("nothing leads to it").count();
    }
    assert!(modules > 200 && capabilities > 200 && unused > 50, "{modules} {capabilities} {unused}");
}
