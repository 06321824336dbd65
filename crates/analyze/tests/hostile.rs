//! Bytes that mean harm: no panic, errors within the file, bounded time and lists.

use proptest::prelude::*;
use std::time::{Duration, Instant};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, Module, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmscope_analyze::facts::ProblemKind;
use wasmscope_analyze::{ErrorKind, Options, analyze, limits};

/// Analyses; checks that an error lies within the file.
fn try_analyze(bytes: &[u8]) -> Option<wasmscope_analyze::Facts> {
    match analyze(bytes, &Options::default()) {
        Ok(facts) => Some(facts),
        Err(error) => {
            assert!(error.offset <= bytes.len() as u64, "{error} in {} bytes", bytes.len());
            None
        }
    }
}

fn sample() -> Vec<u8> {
    wat::parse_str(
        r#"(module $m (import "wasi_snapshot_preview1" "path_open" (func $o)) (memory (export "m") 1)
            (table 3 funcref) (elem (i32.const 0) func $f $o) (global $__stack_pointer (mut i32) (i32.const 64))
            (func $f (export "f") (param i32) (local i64) (block (br_if 0 (local.get 0)) (call $o))
                (call_indirect (param i32) (local.get 0) (i32.const 0)))
            (data (i32.const 8) "hello") (@producers (language "Rust" "")) (@custom "signature" "\01\01\01\00"))"#,
    )
    .unwrap()
}

fn component() -> Vec<u8> {
    wat::parse_str(
        r#"(component (import "wasi:io/poll@0.2.0" (instance $p (export "p" (func)) (export "r" (type (sub resource)))))
            (core module $shim (table (export "t") 1 funcref)
                (func (export "f") (call_indirect (i32.const 0))))
            (core module $fill (import "" "t" (table 1 funcref)) (import "" "f" (func $f)) (elem (i32.const 0) $f)
                (func $s (export "s") (call $f)) (start $s))
            (core func $p (canon lower (func $p "p")))
            (core instance $shim (instantiate $shim))
            (core instance $fill (instantiate $fill (with "" (instance (export "f" (func $p))
                (export "t" (table $shim "t"))))))
            (type $r (resource (rep i32)))
            (core func (canon resource.drop $r))
            (component $inner (import "f" (func $f)) (alias outer 1 $fill (core module)) (export "g" (func $f)))
            (func $run (canon lift (core func $shim "f")))
            (instance $i (instantiate $inner (with "f" (func $run))))
            (export "run" (func $i "g")) (export "again" (instance $i)))"#,
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn random_bytes_behind_the_header(tail in proptest::collection::vec(any::<u8>(), 0..300), layer in 0u8..2) {
        let mut bytes = b"\0asm".to_vec();
        bytes.extend(if layer == 0 { [1, 0, 0, 0] } else { [13, 0, 1, 0] });
        bytes.extend(tail);
        try_analyze(&bytes);
    }

    #[test]
    fn mutated_and_truncated(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        of_component in any::<bool>(),
    ) {
        let mut bytes = if of_component { component() } else { sample() };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        try_analyze(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        try_analyze(&bytes);
    }
}

#[test]
fn every_truncation() {
    for bytes in [sample(), component()] {
        for length in 0..bytes.len() {
            try_analyze(&bytes[..length]);
        }
    }
}

fn with_section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend([id, contents.len() as u8]);
    bytes.extend(contents);
    bytes
}

#[test]
fn huge_declared_counts_cost_nothing() {
    for id in [1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13] {
        let start = Instant::now();
        try_analyze(&with_section(id, &[0xff, 0xff, 0xff, 0xff, 0x0f]));
        assert!(start.elapsed() < Duration::from_secs(1), "section {id}");
    }
    // A body that declares four billion locals.
    let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
    bytes.extend(b"\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b");
    let facts = try_analyze(&bytes).unwrap();
    assert!(!facts.validation.valid);
    assert_eq!(facts.modules[0].functions.most_locals.as_ref().unwrap().value, u64::from(u32::MAX));
}

#[test]
fn overlong_numbers_and_repeated_sections_are_one_clear_error() {
    let overlong = with_section(5, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]);
    let twice = [with_section(1, &[0]), vec![1, 1, 0]].concat();
    for bytes in [overlong, twice] {
        let error = analyze(&bytes, &Options::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        assert!(error.offset >= 8 && error.offset <= bytes.len() as u64, "{error}");
    }
}

#[test]
fn unknown_sections_and_instructions_are_told_not_fatal() {
    let mut bytes = with_section(1, &[1, 0x60, 0, 0]);
    bytes.extend([3, 2, 1, 0, 10, 5, 1, 3, 0, 0xf7, 0x0b, 77, 2, 1, 2]);
    let facts = try_analyze(&bytes).unwrap();
    let kinds: Vec<_> = facts.modules[0].problems.iter().map(|p| p.kind).collect();
    assert!(kinds.contains(&ProblemKind::UnknownSection), "{kinds:?}");
    assert!(kinds.contains(&ProblemKind::UndecodedFunction), "{kinds:?}");
    assert!(facts.modules[0].reachability.incomplete && !facts.validation.valid);
}

/// 100,000 functions of one type, all in the table, each calling through it.
#[test]
fn a_hundred_thousand_functions_of_one_shape() {
    const N: u32 = 100_000;
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("wasi_snapshot_preview1", "sched_yield", EntityType::Function(0));
    imports.import("wasi_snapshot_preview1", "proc_exit", EntityType::Function(0));
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..N {
        functions.function(0);
        let mut body = Function::new([]);
        body.instructions().i32_const(0).call_indirect(0, 0).end();
        code.function(&body);
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: u64::from(N) + 2,
        maximum: None,
        shared: false,
    });
    let mut exports = ExportSection::new();
    exports.export("go", ExportKind::Func, 2);
    let mut elements = ElementSection::new();
    let all: Vec<u32> = (0..N + 2).collect();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables).section(&exports);
    module.section(&elements).section(&code);
    let bytes = module.finish();

    let start = Instant::now();
    let facts = try_analyze(&bytes).unwrap();
    let elapsed = start.elapsed();
    assert!(elapsed.as_secs_f64() < 1.0 + bytes.len() as f64 / f64::from(1 << 20), "{elapsed:?}");
    assert!(facts.validation.valid, "{:?}", facts.validation.error);
    let reach = &facts.modules[0].reachability;
    assert_eq!((reach.reachable_functions, reach.imports[1].distance), (N, Some(1)));
}

#[test]
fn lists_are_cut_and_say_so() {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], []);
    let mut imports = ImportSection::new();
    let many = limits::LISTED as u32 * 2;
    for _ in 0..many {
        imports.import("a", "", EntityType::Function(0));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    let facts = try_analyze(&module.finish()).unwrap();
    assert_eq!(facts.modules[0].import_count, many);
    assert!(facts.modules[0].imports.len() <= limits::LISTED);
    assert!(facts.modules[0].problems.iter().any(|p| p.kind == ProblemKind::LeftOut));
}

#[test]
fn deep_nesting_of_blocks_and_components() {
    let depth = 50_000;
    let mut body = Function::new([]);
    for _ in 0..depth {
        body.instructions().block(wasm_encoder::BlockType::Empty);
    }
    for _ in 0..=depth {
        body.instructions().end();
    }
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    functions.function(0);
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let facts = try_analyze(&module.finish()).unwrap();
    assert_eq!(facts.modules[0].functions.deepest.as_ref().unwrap().value, depth);

    let mut nested = wasm_encoder::Component::new().finish();
    for _ in 0..limits::DEPTH + 5 {
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::RawSection { id: 4, data: &nested });
        nested = outer.finish();
    }
    assert_eq!(analyze(&nested, &Options::default()).unwrap_err().kind, ErrorKind::Limit);
}

#[test]
fn a_broken_name_section_breaks_nothing() {
    let mut module = Module::new();
    module.section(&CustomSection { name: "name".into(), data: b"\x01\xff\xff\xff\xff\x0f".into() });
    let facts = try_analyze(&module.finish()).unwrap();
    assert!(facts.validation.valid);
    assert_eq!(facts.modules[0].problems[0].kind, ProblemKind::BrokenCustomSection);
}

#[test]
fn a_huge_recursion_group_is_refused_and_a_large_one_is_not() {
    let group = |types: u32| {
        let mut section = TypeSection::new();
        let one = wasm_encoder::SubType {
            is_final: true,
            supertype_idxs: vec![],
            composite_type: wasm_encoder::CompositeType {
                inner: wasm_encoder::CompositeInnerType::Struct(wasm_encoder::StructType {
                    fields: [].into(),
                }),
                shared: false,
                describes: None,
                descriptor: None,
            },
        };
        section.ty().rec(vec![one; types as usize]);
        let mut module = Module::new();
        module.section(&section);
        analyze(&module.finish(), &Options::default())
    };
    assert!(group(5_000).unwrap().validation.valid);
    let error = group(limits::GROUP_TYPES + 1).unwrap_err();
    assert!(error.kind == ErrorKind::Limit && error.offset > 8);
}
