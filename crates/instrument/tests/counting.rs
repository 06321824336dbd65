//! The counting passes on small modules whose counts can be told by hand.

mod common;

use common::{Run, Wasi, plan, with};
use wasmscope_instrument::{Storage, instrument};
use wasmscope_testkit::guest;

const BOTH: [Storage; 2] = [Storage::Memory, Storage::Globals];

/// `sum(n)`: adds n + … + 1 in a loop, by way of `add`.
const SUM: &str = r#"(module
    (memory 1)
    (func $add (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    (func (export "sum") (param $n i32) (result i32) (local $s i32)
        (block $out
            (loop $again
                (br_if $out (i32.eqz (local.get $n)))
                (local.set $s (call $add (local.get $s) (local.get $n)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $again)))
        local.get $s))"#;

#[test]
fn calls_are_counted() {
    for storage in BOTH {
        let mut run = Run::new(&with(SUM, &["calls"], storage));
        assert_eq!(run.call("sum", &[4]).unwrap()[0].unwrap_i32(), 10);
        assert_eq!(run.result("calls.total"), 5, "{storage:?}");
    }
}

#[test]
fn instructions_are_counted_by_class() {
    for storage in BOTH {
        let mut run = Run::new(&with(SUM, &["instructions"], storage));
        run.call("sum", &[3]).unwrap();
        // block, loop; 4 times local.get, i32.eqz, br_if; 3 times: 2 local.get, call, 3 in add, local.set, local.get,
        // i32.const, i32.sub, local.set, br; and one local.get.
        for (class, expected) in [
            ("free", 2),
            ("control", 4 + 3),
            ("call", 3),
            ("variable", 4 + 3 * (2 + 2 + 1 + 1 + 1) + 1),
            ("integer", 4 + 3 * (1 + 2)),
            ("load", 0),
            ("total", 2 + 7 + 3 + 26 + 13),
        ] {
            assert_eq!(run.result(&format!("instructions.{class}")), expected, "{class} {storage:?}");
        }
    }
}

#[test]
fn a_trap_counts_its_block_and_exactly_those_that_called() {
    let text = r#"(module
        (memory 1)
        (func $inner (drop (i32.load (i32.const -1))) nop nop)
        (func (export "f") nop call $inner nop nop nop))"#;
    let mut run = Run::new(&with(text, &["instructions"], Storage::Memory));
    run.call("f", &[]).unwrap_err();
    // nop, call; and the whole block of `inner`: i32.const, i32.load, drop, nop, nop.
    assert_eq!(run.result("instructions.total"), 2 + 5);
}

#[test]
fn memory_is_counted_in_accesses_and_bytes() {
    let text = r#"(module (memory 1 3)
        (func (export "f") (param i32) (result i32)
            (i64.store (i32.const 8) (i64.load8_u (i32.const 0)))
            (memory.fill (i32.const 100) (i32.const 1) (local.get 0))
            (memory.copy (i32.const 200) (i32.const 100) (local.get 0))
            (drop (memory.grow (i32.const 5)))
            (memory.grow (i32.const 2))))"#;
    for storage in BOTH {
        let mut run = Run::new(&with(text, &["memory"], storage));
        assert_eq!(run.result("memory.high-water-pages"), 1);
        assert_eq!(run.call("f", &[7]).unwrap()[0].unwrap_i32(), 1);
        for (name, expected) in [
            ("loads", 1),
            ("stores", 1),
            ("loaded-bytes", 1),
            ("stored-bytes", 8),
            ("bulk", 2),
            ("bulk-bytes", 14),
            ("grows", 1),
            ("failed-grows", 1),
            ("high-water-pages", 3),
        ] {
            assert_eq!(run.result(&format!("memory.{name}")), expected, "{name} {storage:?}");
        }
    }
}

#[test]
fn host_calls_are_counted_by_import() {
    let text = r#"(module
        (import "env" "a" (func $a)) (import "env" "b" (func $b (param i32)))
        (func (export "f") call $a (call $b (i32.const 1)) call $a))"#;
    for storage in BOTH {
        let mut run = Run::new(&with(text, &["host-calls"], storage));
        run.call("f", &[]).unwrap();
        assert_eq!(run.result("host-calls.env.a"), 2);
        assert_eq!(run.result("host-calls.env.b"), 1);
        assert_eq!(run.result("host-calls.total"), 3);
    }
}

#[test]
fn coverage_marks_what_ran() {
    let text = r#"(module (func (export "f") (param i32)
        (if (local.get 0) (then nop) (else nop nop))))"#;
    let instrumented = with(text, &["coverage"], Storage::Memory);
    let regions = serde_json::to_value(&instrumented.report.schema.regions).unwrap();
    let [_, at, blocks] = [0, 1, 2].map(|n| regions[0]["parts"][0][n].as_u64().unwrap() as usize);
    let mut run = Run::new(&instrumented);
    assert_eq!(blocks, 3, "up to `if`, and both arms: the end has no instruction of its own");
    let seen = |run: &mut Run| run.memory()[at..at + blocks].to_vec();
    assert_eq!(seen(&mut run), [0, 0, 0]);
    run.call("f", &[1]).unwrap();
    assert_eq!(seen(&mut run), [1, 1, 0]);
    run.call("f", &[0]).unwrap();
    assert_eq!(seen(&mut run), [1, 1, 1]);
}

#[test]
fn wasmtimes_fuel_is_the_instructions_that_are_not_free_and_the_calls() {
    // None of these moves memory in bulk, for which fuel is another.
    for name in ["kernels", "compute", "hello"] {
        let bytes = std::fs::read(guest(name)).unwrap();
        let fuel = common::fuel(&bytes);
        for storage in BOTH {
            let made = instrument(&bytes, plan(&["instructions", "calls"], storage)).unwrap();
            let mut run = Wasi::new(&made);
            let _ = run.start();
            let counted = run.result("instructions.total") - run.result("instructions.free");
            assert_eq!(counted + run.result("calls.total"), fuel as i64, "{name} {storage:?}");
            assert!(fuel > 100, "{name} does something");
        }
    }
}
