//! Constants, shapes, formats and the stack guard in code, and what only looks like them.

mod common;

use common::module;
use wasmscope_analyze::facts::{ConstantSet, GuardPlace, ModuleFacts};

fn sets(m: &ModuleFacts) -> Vec<&str> {
    m.constants.iter().map(|set| set.name.as_str()).collect()
}

fn set<'m>(m: &'m ModuleFacts, name: &str) -> &'m ConstantSet {
    m.constants.iter().find(|set| set.name == name).unwrap_or_else(|| panic!("no {name} in {:?}", sets(m)))
}

/// A module whose only function has these constants.
fn constants(kind: &str, values: &[u64]) -> ModuleFacts {
    let code: Vec<String> = values.iter().map(|v| format!("{kind}.const {v:#x} drop")).collect();
    module(&format!("(module (func nop) (func {}))", code.join(" ")))
}

/// A module with these bytes at address `start`.
fn in_data(start: u32, bytes: &[u8]) -> ModuleFacts {
    let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    module(&format!("(module (memory 1) (data (i32.const {start}) \"{text}\"))"))
}

const KECCAK: [u64; 8] = [
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x8000_8009,
    0x8000_000a,
    0x8000_808b,
    1,
];

#[test]
fn keccak_in_code_and_data() {
    let m = constants("i64", &KECCAK);
    let keccak = set(&m, "keccak");
    assert_eq!((keccak.found, keccak.of, keccak.in_code, keccak.in_data), (7, 15, 7, 0));
    assert_eq!(keccak.first_function, Some(1));
    let table: Vec<u8> = KECCAK.iter().flat_map(|k| k.to_le_bytes()).collect();
    let m = in_data(8, &table);
    let keccak = set(&m, "keccak");
    assert_eq!((keccak.found, keccak.in_data, keccak.first_offset), (7, 7, Some(m.data.list[0].offset)));
    // A segment that begins between two words.
    let m = in_data(7, &[&[9][..], &table].concat());
    assert_eq!(set(&m, "keccak").in_data, 7);
    // Halves in tables of their own.
    let halves: Vec<u8> = KECCAK.iter().flat_map(|k| (*k as u32).to_le_bytes()).collect();
    assert_eq!(sets(&in_data(0, &halves)), ["keccak-halves"]);
    // The same twice is one; two are an accident.
    assert_eq!(sets(&constants("i64", &[KECCAK[0], KECCAK[0], KECCAK[1], 1, 0x8000_0001])), [""; 0]);
}

#[test]
fn hashes_are_told_apart() {
    let sha512 = [
        0x428a_2f98_d728_ae22,
        0x7137_4491_23ef_65cd,
        0xb5c0_fbcf_ec4d_3b2f,
        0xe9b5_dba5_8189_dbbc,
        0x3956_c25b_f348_b538,
        0x59f1_11f1_b605_d019,
        0x923f_82a4_af19_4f9b,
    ];
    let table: Vec<u8> = sha512.iter().flat_map(|k: &u64| k.to_le_bytes()).collect();
    assert_eq!(sets(&in_data(16, &table)), ["sha-512-k"]);
    assert_eq!(sets(&constants("i64", &sha512)), ["sha-512-k"]);
    let sha256: Vec<u64> = sha512.iter().map(|k| k >> 32).collect();
    assert_eq!(sets(&constants("i32", &sha256)), ["sha-256-k"]);
    // Two of 32 bits, stored at once.
    let pairs: Vec<u64> = sha256.chunks_exact(2).map(|pair| pair[0] | pair[1] << 32).collect();
    assert_eq!(set(&constants("i64", &pairs), "sha-256-k").found, 6);
    let m = module("(module (func v128.const i32x4 0x6a09e667 0xbb67ae85 0x3c6ef372 0xa54ff53a drop))");
    assert_eq!(set(&m, "sha-256-iv").found, 4);
    assert!(set(&m, "sha-256-iv").shared_with.contains(&"blake2s".to_owned()));
}

#[test]
fn tables_and_single_constants() {
    let s_box_start = b"\x63\x7c\x77\x7b\xf2\x6b\x6f\xc5\x30\x01\x67\x2b\xfe\xd7\xab\x76";
    assert_eq!(sets(&in_data(0, s_box_start)), [""; 0], "sixteen bytes are no S-box");
    assert_eq!(sets(&constants("i64", &[0x1bd1_1bda_a9fc_1a22])), ["skein-c240"]);
    assert_eq!(sets(&in_data(3, b"RandomX\x03")), ["randomx-salt"]);
    assert_eq!(sets(&in_data(3, b"RandomX")), [""; 0]);
    assert_eq!(sets(&in_data(1, b"expand 32-byte k")), ["chacha-sigma"]);
    // Te0, rotated and reversed.
    for turn in [0u32, 8, 16, 24] {
        let te0 = [0xc663_63a5u32, 0xf87c_7c84, 0xee77_7799, 0xf67b_7b8d, 0xfff2_f20d, 0xd66b_6bbd];
        let words: Vec<u8> = te0.iter().flat_map(|w| w.rotate_left(turn).to_le_bytes()).collect();
        assert_eq!(sets(&in_data(0, &words)), ["aes-t-table"]);
        let words: Vec<u8> = te0.iter().flat_map(|w| w.rotate_left(turn).to_be_bytes()).collect();
        assert_eq!(sets(&in_data(0, &words)), ["aes-t-table"]);
    }
}

/// A loop over bytes with `body` between its head and its end.
fn byte_loop(body: &str) -> ModuleFacts {
    module(&format!(
        "(module (memory 1) (func $f (export \"f\") (param $p i32) (param $q i32) (param $n i32) (loop $l {body}
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"
    ))
}

#[test]
fn decoder_loops() {
    let xor = "(i32.store8 (local.get $p) (i32.xor (i32.load8_u (local.get $p)) (i32.const 85)))";
    let m = byte_loop(xor);
    let found = &m.shapes.decoder_loops;
    assert_eq!((found.count, found.list[0].loops, found.list[0].name.as_deref()), (1, 1, Some("f")));
    for yes in [
        "(i32.store8 (local.get $q) (i32.xor (i32.load8_u (local.get $p)) (i32.const 85)))",
        "(i32.store8 offset=3 (local.get $p) (i32.sub (i32.load8_s offset=3 (local.get $p)) (i32.const 7)))",
        "(v128.store (local.get $p) (v128.xor (v128.load (local.get $p)) (v128.const i64x2 3 4)))",
    ] {
        assert_eq!(byte_loop(yes).shapes.decoder_loops.count, 1, "{yes}");
    }
    for no in [
        // A copy; a sum into another place; a mask; another offset; a call inside.
        "(i32.store8 (local.get $q) (i32.load8_u (local.get $p)))",
        "(i32.store8 (local.get $q) (i32.add (i32.load8_u (local.get $p)) (i32.const 7)))",
        "(i32.store8 (local.get $p) (i32.and (i32.load8_u (local.get $p)) (i32.const 7)))",
        "(i32.store8 offset=3 (local.get $p) (i32.sub (i32.load8_u offset=4 (local.get $p)) (i32.const 7)))",
        &format!("{xor} (call $f (i32.const 0) (i32.const 0) (i32.const 0))"),
    ] {
        assert_eq!(byte_loop(no).shapes.decoder_loops.count, 0, "{no}");
    }
    // Outside of the loop.
    let m = module(&format!(
        "(module (memory 1) (func (param $p i32) (loop $l (br_if $l (local.get $p))) {xor}))"
    ));
    assert_eq!(m.shapes.decoder_loops.count, 0);
}

#[test]
fn counter_loops_need_a_shared_memory_and_nothing_else() {
    let with = |memory: &str, body: &str| {
        let text = format!("(module (memory {memory}) (func (loop $l {body} (br $l))))");
        module(&text).shapes.counter_loops.count
    };
    let add = "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))";
    assert_eq!(with("1 1 shared", add), 1);
    assert_eq!(with("1 1 shared", "(i64.atomic.store (i32.const 0) (i64.const 1))"), 1);
    assert_eq!(with("1", add), 0);
    assert_eq!(with("1 1 shared", &format!("{add} (drop (i32.atomic.load (i32.const 8)))")), 0);
    assert_eq!(with("1 1 shared", &format!("{add} (i32.store (i32.const 8) (i32.const 1))")), 0);
    assert_eq!(with("1 1 shared", ""), 0);
}

/// A loop around a `br_table` with so many cases, of which `back` go back to the loop.
fn dispatcher(cases: usize, back: usize) -> ModuleFacts {
    let blocks = "(block ".repeat(cases);
    let targets: Vec<String> = (0..=cases).map(|n| n.min(cases - 1).to_string()).collect();
    let table = format!("(br_table {} (local.get 0))", targets.join(" "));
    // Each case stands behind its block; the rest of the blocks lies between it and the loop.
    let case = |n: usize| if n < back { format!(") (br {})", cases - 1 - n) } else { ") (return)".into() };
    let code: String = (0..cases).map(case).collect();
    module(&format!("(module (func $flat (param i32) (loop {blocks}{table}{code})))"))
}

#[test]
fn dispatchers() {
    let m = dispatcher(20, 20);
    let found = &m.shapes.dispatchers;
    assert_eq!((found.count, found.list[0].targets, found.list[0].back_branches), (1, 20, 20));
    assert_eq!((found.list[0].blocks, found.list[0].name.as_deref()), (20, Some("flat")));
    assert_eq!(dispatcher(20, 3).shapes.dispatchers.count, 0);
    assert_eq!(dispatcher(8, 8).shapes.dispatchers.count, 0);
}

#[test]
fn formats_that_are_not_constant() {
    let printer = r#"(import "env" "printf" (func $printf (param i32 i32) (result i32)))
        (func $vsnprintf (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func $fprintf (param f64))"#;
    let with = |function: &str| module(&format!("(module {printer} {function})")).format_calls.unwrap();
    let of = |f: &str| {
        let f = with(f);
        (f.constant, f.variable.count, f.forwarded)
    };
    let bad = with("(func $log (param $s i32) (drop (call $printf (local.get $s) (i32.const 0))))");
    assert_eq!((bad.functions, bad.constant, bad.variable.count), (2, 0, 1));
    let call = &bad.variable.list[0];
    assert_eq!((call.callee.as_str(), call.name.as_deref(), call.caller), ("printf", Some("log"), 3));
    for constant in [
        "(func (drop (call $printf (i32.const 8) (i32.const 0))))",
        "(func (param i32) (drop (call $printf (select (i32.const 8) (i32.const 9) (local.get 0)) (i32.const 0))))",
        "(func (local $a i32) (local.set $a (i32.const 8)) (drop (call $printf (local.get $a) (i32.const 0))))",
        "(func (drop (call $vsnprintf (i32.const 1) (i32.const 9) (i32.const 8) (i32.const 0))))",
    ] {
        assert_eq!(of(constant), (1, 0, 0), "{constant}");
    }
    for variable in [
        "(func (memory.size) (drop (call $printf (i32.load (i32.const 8)) (i32.const 0))) drop) (memory 1)",
        "(func (param i32) (local $a i32) (local.set $a (i32.const 8))
            (if (local.get 0) (then (local.set $a (local.get 0))))
            (drop (call $printf (local.get $a) (i32.const 0))))",
        "(func (param i32) (local $a i32) (loop $l
            (drop (call $printf (local.tee $a (i32.const 4)) (i32.const 0)))
            (local.set $a (local.get 0)) (drop (call $printf (local.get $a) (i32.const 0)))))",
    ] {
        assert_eq!(of(variable).1, 1, "{variable}");
    }
    let wrapper = "(func (param i32 i32) (drop (call $vsnprintf (i32.const 1) (i32.const 9) (local.get 0) (local.get 1))))";
    assert_eq!(of(wrapper), (0, 0, 1));
}

#[test]
fn indirect_calls_by_type() {
    let m = module(
        "(module (table 4 funcref) (elem (i32.const 0) $a $b $c) (type $t (func (param i32)))
            (func $a (param i32)) (func $b (param i32)) (func $c (param f32)) (func $d (param i32))
            (func (call_indirect (type $t) (i32.const 1) (i32.const 0))))",
    );
    let calls = m.indirect_calls.unwrap();
    assert_eq!((calls.types_called, calls.taken), (1, 3));
    assert_eq!((calls.largest_class, calls.most_candidates), (2, 2));
    let none = module("(module (func))").indirect_calls.unwrap();
    assert_eq!((none.types_called, none.taken, none.most_candidates), (0, 0, 0));
}

#[test]
fn the_stack_guard_and_the_stack() {
    let protected = |data: &str, more: &str| {
        module(&format!(
            "(module (memory 2) (global $__stack_pointer (mut i32) (i32.const 1024)) {data}
                (func $__stack_chk_fail unreachable)
                (func (result i32) (local i32)
                    (local.set 0 (i32.load offset=2000 (i32.const 48)))
                    (if (i32.ne (local.get 0) (i32.load offset=2000 (i32.const 48))) (then (call $__stack_chk_fail)))
                    (i32.load (i32.const 4096)) {more}))"
        ))
        .hardening
    };
    let h = protected("(data (i32.const 2046) \"abcdef\")", "");
    let guard = h.guard.unwrap();
    assert_eq!((guard.place, guard.zero), (GuardPlace::Memory { address: 2048 }, Some(false)));
    assert_eq!(h.stack_first, Some(true));
    let h = protected("(data (i32.const 64) \"abc\")", "");
    assert_eq!((h.guard.unwrap().zero, h.stack_first), (Some(true), Some(false)));
    // Two addresses are read twice: which is it?
    let h = protected("", "(drop (i32.load (i32.const 4096)))");
    assert_eq!((h.guard, h.stack_first), (None, None));
    let m = module(r#"(module (memory 1) (global (export "__stack_chk_guard") (mut i32) (i32.const 7)))"#);
    let guard = m.hardening.guard.unwrap();
    assert_eq!((guard.place, guard.zero), (GuardPlace::Global { index: 0 }, Some(false)));
}
