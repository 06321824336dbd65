//! Output, exit status, files and messages are those of `wasmtime run`.

use crate::side_by_side::{Job, module, same};
use std::fs;
use wasmscope_testkit::{component, guest};

#[test]
fn our_guests_as_modules_and_as_components() {
    for (name, words) in [
        ("hello", &["{}"][..]),
        ("hello", &["{}", "an", "argument", "--with=dashes", "-x"]),
        ("busy-files", &["--dir", ".", "{}", "2"]),
        ("busy-files", &["--dir=.::/data", "{}"]),
        ("busy-files", &["{}"]),
        ("files", &["--dir", ".", "{}", "0"]),
        ("trap", &["{}"]),
    ] {
        for guest in [guest(name), component(name)] {
            let job = Job::new(&guest, words);
            same(name, &[&job], |dir| fs::write(dir.join("busy-input.txt"), "some input").unwrap());
        }
    }
}

#[test]
fn every_kind_of_trap() {
    for mode in [
        "unreachable",
        "oob",
        "oob-table",
        "div0",
        "div-overflow",
        "nan",
        "overflow",
        "null-call",
        "bad-signature",
        "stack",
        "no-such-mode",
    ] {
        let ran = same(mode, &[&Job::new(&guest("traps"), &["{}", mode])], |_| {});
        if let Some(ran) = ran {
            assert_eq!(ran.status, Some(if mode == "no-such-mode" { 2 } else { 134 }), "{ran:?}");
        }
    }
}

/// Modules of one purpose each.
const MODULES: &[(&str, &str, &[&str])] = &[
    ("no start", "(module)", &["{}"]),
    ("nothing to do", r#"(module (func (export "_start")))"#, &["{}"]),
    ("default export", r#"(module (func (export "") unreachable))"#, &["{}"]),
    ("a reactor", r#"(module (func (export "_initialize") unreachable))"#, &["{}"]),
    ("start section", "(module (func $f unreachable) (start $f))", &["{}"]),
    ("exit 0", EXIT, &["{}"]),
    ("invoke", ADD, &["--invoke", "add", "{}", "2", "0x10"]),
    ("invoke without arguments", ADD, &["--invoke", "add", "{}", "2"]),
    ("invoke with a word", ADD, &["--invoke", "add", "{}", "2", "two"]),
    ("invoke what is not there", ADD, &["--invoke", "subtract", "{}"]),
    ("invoke floats", FLOATS, &["--invoke", "half", "{}", "3", "0.5"]),
    (
        "missing import",
        r#"(module (import "env" "log" (func (param i32))) (func (export "_start")))"#,
        &["{}"],
    ),
    (
        "missing import that traps",
        r#"(module (import "env" "log" (func)) (func (export "_start") (call 0)))"#,
        &["-W", "unknown-imports-trap=y", "{}"],
    ),
    (
        "missing import with a default",
        r#"(module (import "env" "log" (func (result i32))) (func (export "_start") (drop (call 0))))"#,
        &["-W", "unknown-imports-default", "{}"],
    ),
    ("wasi switched off", EXIT, &["-S", "cli=n", "{}"]),
    ("http for a module", EXIT, &["-S", "http", "{}"]),
    ("memory bomb", BOMB, &["-W", "max-memory-size=1000000", "{}"]),
    ("memory bomb that traps", BOMB, &["-W", "max-memory-size=1000000,trap-on-grow-failure=y", "{}"]),
    ("table bomb", TABLE, &["-W", "max-table-elements=10", "{}"]),
    ("endless, with fuel", ENDLESS, &["-W", "fuel=100000", "{}"]),
    ("endless, with a timeout", ENDLESS, &["-W", "timeout=100ms", "{}"]),
    ("waiting, with a timeout", WAITING, &["-W", "timeout=100ms", "{}"]),
    ("a directory that is not there", EXIT, &["--dir", "missing", "{}"]),
    ("a pointer outside of memory", OUTSIDE, &["{}"]),
    ("a path that is no UTF-8", NO_UTF8, &["--dir", ".", "{}"]),
    ("no memory exported", NO_MEMORY, &["{}"]),
    ("winch is not there, a setting of cranelift is", EXIT, &["-C", "cranelift-opt_level=none", "{}"]),
    ("pooling", EXIT, &["-O", "pooling-allocator", "{}"]),
    ("a proposal that is switched off", SIMD, &["-W", "simd=n,relaxed-simd=n", "{}"]),
    ("garbage collection and exceptions", GC, &["{}"]),
];

const EXIT: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 0))))"#;
const ADD: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))"#;
const FLOATS: &str = r#"(module (func (export "half") (param f64 f32) (result f32 f64 i64)
    (f32.div (local.get 1) (f32.const 2)) (f64.div (local.get 0) (f64.const 2)) (i64.const -1)))"#;
const BOMB: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start")
        (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))"#;
const TABLE: &str = r#"(module (table $t 1 funcref)
    (func (export "_start")
        (if (i32.eq (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1)) (then unreachable))))"#;
const ENDLESS: &str = r#"(module (func (export "_start") (loop $again (br $again))))"#;
const WAITING: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (drop (call $poll (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 256)))))"#;
const OUTSIDE: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        ;; A path of a gigabyte, buffers beyond the memory, and random bytes into nowhere.
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0x40000000)
            (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $write (i32.const 1) (i32.const 0xfffffff0) (i32.const 0x7fffffff) (i32.const 0)))
        (call $exit (call $random (i32.const 65530) (i32.const 100)))))"#;
const NO_UTF8: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 100) "a\ff\fe")
    (func (export "_start")
        (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 3)
            (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))))"#;
const NO_MEMORY: &str = r#"(module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (func (export "_start") (drop (call $yield))))"#;
const SIMD: &str = r#"(module (func (export "_start") (drop (v128.const i32x4 1 2 3 4))))"#;
const GC: &str = r#"(module
    (type $pair (struct (field i32) (field i32)))
    (tag $e (param i32))
    (func (export "_start")
        (drop (struct.get $pair 0 (struct.new $pair (i32.const 1) (i32.const 2))))
        (throw $e (i32.const 1))))"#;

#[test]
fn modules_of_every_kind() {
    for (name, wat, words) in MODULES {
        let (_dir, path) = module(wat);
        same(name, &[&Job::new(&path, words)], |_| {});
    }
}

#[test]
fn exit_statuses() {
    for status in [1, 7, 125, 126, 255, 256, -1] {
        let (_dir, path) = module(&EXIT.replace("i32.const 0", &format!("i32.const {status}")));
        same(&format!("exit {status}"), &[&Job::new(&path, &["{}"])], |_| {});
    }
}

#[test]
fn arguments_names_and_environment() {
    let (_dir, path) = module(TELLING);
    for words in [
        &["{}"][..],
        &["{}", "a", "b c", ""],
        &["--argv0", "another name", "{}", "a"],
        &["--env", "A=1", "--env", "B=x=y", "--env", "NOT_SET_ANYWHERE", "{}"],
        &["--env", "HOME", "{}"],
        &["--", "{}", "--", "x"],
    ] {
        same(&words.join(" "), &[&Job::new(&path, words)], |_| {});
    }
}

/// Writes its arguments and environment as they lie in memory.
const TELLING: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $put (param $length i32)
        (i32.store (i32.const 16) (i32.const 8192))
        (i32.store (i32.const 20) (local.get $length))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8))))
    (func (export "_start")
        (drop (call $args_sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 4096) (i32.const 8192)))
        (call $put (i32.load (i32.const 4)))
        (drop (call $env_sizes (i32.const 0) (i32.const 4)))
        (drop (call $env (i32.const 4096) (i32.const 8192)))
        (call $put (i32.load (i32.const 4)))))"#;

#[test]
fn components_are_invoked_and_refused() {
    let text = r#"(component
        (core module $m (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))))
        (core instance $i (instantiate $m))
        (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add"))))"#;
    let (_dir, path) = module(text);
    for words in [
        &["--invoke", "add(1, 2)", "{}"][..],
        &["--invoke", "add(1)", "{}"],
        &["--invoke", "add", "{}"],
        &["--invoke", "sub(1, 2)", "{}"],
        &["{}"],
        &["-W", "component-model=n", "{}"],
    ] {
        same(&words.join(" "), &[&Job::new(&path, words)], |_| {});
    }
    let missing = r#"(component (import "not:here/thing@1.0.0" (instance (export "f" (func)))))"#;
    let (_dir, path) = module(missing);
    same("a component's missing import", &[&Job::new(&path, &["{}"])], |_| {});
}
