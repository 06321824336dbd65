//! Facts of small modules, written as text.

use wasmscope_analyze::facts::{Interface, ItemKind, Kind, ModuleFacts, ProblemKind, Root, Segment, Via};
use wasmscope_analyze::{Capability, ErrorKind, Facts, Options, analyze, analyze_with_graphs};

fn facts(text: &str) -> Facts {
    let bytes = wat::parse_str(text).unwrap();
    let facts = analyze(&bytes, &Options::default()).unwrap();
    // The same bytes give the same facts, and facts survive JSON.
    let again = analyze(&bytes, &Options::default()).unwrap();
    assert_eq!(facts, again);
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    facts
}

fn module(text: &str) -> ModuleFacts {
    let mut facts = facts(text);
    assert!(facts.validation.valid, "{:?}", facts.validation.error);
    facts.modules.remove(0)
}

#[test]
fn imports_exports_and_interfaces() {
    let m = module(
        r#"(module $guest
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (import "env" "abort" (func (param i32 i32 i32 i32)))
            (import "env" "memory" (memory 1 2 shared))
            (import "acme" "launch" (func (param f64)))
            (func (export "go") (result i64) i64.const 1)
            (global (export "g") (mut i32) (i32.const 7)))"#,
    );
    assert_eq!(m.name.as_deref(), Some("guest"));
    assert_eq!(m.imports[0].ty.signature, "(i32, i32, i32, i32) -> (i32)");
    assert_eq!(m.imports[1].interface, Interface::AssemblyScript);
    assert_eq!(
        (m.imports[2].ty.kind, m.imports[2].ty.signature.as_str()),
        (ItemKind::Memory, "memory 1..2 shared")
    );
    assert_eq!((m.imports[3].interface, m.imports[3].ty.index), (Interface::Custom, 2));
    assert_eq!(m.exports[0].ty.signature, "() -> (i64)");
    let names: Vec<_> = m.interfaces.iter().map(|i| i.namespace.as_str()).collect();
    assert_eq!(names, ["acme", "env", "env", "wasi_snapshot_preview1"]);
    assert!(
        m.capabilities.contains(Capability::Stdio) && m.capabilities.contains(Capability::CustomHostFunction)
    );
    assert!(!m.capabilities.contains(Capability::WriteFiles));
    assert!(m.memories[0].imported && m.memories[0].shared && m.memories[0].maximum_bytes == Some(131_072));
    assert_eq!(m.globals[0].exported.as_deref(), Some("g"));
    let proposals: Vec<_> = m.proposals.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(proposals, ["mutable-global", "threads"]);
}

#[test]
fn segments_and_globals() {
    let m = module(
        r#"(module (memory 1)
            (global $__stack_pointer (mut i32) (i32.const 65536))
            (data $.rodata (i32.const -1) "aaaa")
            (data $.data "abcd")
            (table 4 funcref) (func $f) (elem (i32.const 1) $f) (elem func $f) (elem declare func $f))"#,
    );
    assert_eq!(m.data.list[0].segment, Segment::Active { target: 0, start: Some(0xffff_ffff) });
    assert_eq!((m.data.list[0].entropy, m.data.list[1].entropy), (0.0, 2.0));
    assert_eq!((m.data.list[0].read_only, m.data.list[1].read_only), (Some(true), Some(false)));
    assert_eq!((m.data.count, m.data.bytes, m.data.active_bytes), (2, 8, 4));
    assert_eq!((m.elements.count, m.elements.elements), (3, 3));
    assert_eq!(m.elements.list[2].segment, Segment::Declared);
    let sp = m.hardening.stack_pointer.unwrap();
    assert!(sp.named && sp.mutable && !sp.exposed && sp.initial == Some(65_536));
    assert_eq!(m.hardening.stack_protector, Some(false));
}

#[test]
fn instructions_and_extremes() {
    let m = module(
        r#"(module (memory 1)
            (func $mix (param i32) (result i32) (local i64 i64 f32)
                (block (loop (if (local.get 0) (then (br_table 0 1 2 (local.get 0))))))
                (i32.rotl (i32.xor (local.get 0) (i32.const 3)) (memory.grow (i32.const 1))))
            (func (drop (v128.xor (v128.const i64x2 0 0) (v128.const i64x2 0 0))) (return_call 1)))"#,
    );
    let mix = &m.instructions;
    assert_eq!((mix.xor, mix.rotate, mix.memory_grow, mix.simd, mix.br_table, mix.call), (1, 1, 1, 3, 1, 1));
    assert_eq!(mix.opcodes["i32_xor"], 1);
    assert_eq!(mix.opcodes.values().sum::<u64>(), mix.total);
    let f = &m.functions;
    assert_eq!((f.defined, f.undecoded), (2, 0));
    assert_eq!(
        f.most_locals.as_ref().map(|f| (f.index, f.value, f.name.as_deref())),
        Some((0, 3, Some("mix")))
    );
    assert_eq!(f.deepest.as_ref().map(|f| f.value), Some(3));
    assert_eq!(f.widest_br_table.as_ref().map(|f| f.value), Some(2));
    let proposals: Vec<_> = m.proposals.iter().map(|p| (p.name.as_str(), p.instructions)).collect();
    assert_eq!(proposals, [("simd", 3), ("tail-call", 1)]);
}

const WASI: &str = r#"(import "wasi_snapshot_preview1" "path_open" (func $open))
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;

#[test]
fn paths_of_direct_calls_are_exact() {
    let m = module(&format!(
        r#"(module {WASI} (func $a (call $b)) (func $b (call $open)) (func $dead (call $accept (i32.const 0)))
            (func (export "_start") (call $a)))"#
    ));
    let path = m.reachability.path_to(Capability::ReadFiles).unwrap();
    assert_eq!(path.root, Root::Export { name: "_start".into() });
    let names: Vec<_> = path.steps.iter().map(|s| s.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["_start", "a", "b", "wasi_snapshot_preview1.path_open"]);
    assert_eq!((path.approximate, path.omitted), (0, 0));
    assert!(m.reachability.path_to(Capability::Listen).is_none(), "only dead code accepts");
    let listen = m.reachability.capabilities.iter().find(|c| c.capability == Capability::Listen).unwrap();
    assert!(!listen.reachable && listen.import.is_none());
    assert_eq!(m.reachability.reachable_functions, 3);
    let can = m.reachability.exports[0].capabilities;
    assert!(can.contains(Capability::ReadFiles) && !can.contains(Capability::Listen));
}

#[test]
fn indirect_calls_are_refined_by_type_and_table() {
    let m = module(&format!(
        r#"(module {WASI} (type $none (func)) (type $one (func (param i32)))
            (table $t 4 funcref) (table $u 4 funcref)
            (elem (table $t) (i32.const 0) func $open $exit) (elem (table $u) (i32.const 0) func $accept)
            (func (export "none") (call_indirect $t (type $none) (i32.const 0)))
            (func (export "one") (call_indirect $t (type $one) (i32.const 0) (i32.const 0))))"#
    ));
    let [none, one] = &m.reachability.exports[..] else { panic!() };
    assert!(
        none.capabilities.contains(Capability::ReadFiles) && !none.capabilities.contains(Capability::Exit)
    );
    assert!(one.capabilities.contains(Capability::Exit) && !one.capabilities.contains(Capability::Listen));
    let path = m.reachability.path_to(Capability::Exit).unwrap();
    assert_eq!(path.approximate, 1);
    assert_eq!(path.steps[1].via, Via::Indirect { table: Some(0), candidates: 1, open: false });
    assert!(m.tables.iter().all(|t| !t.open));
}

#[test]
fn a_changed_or_visible_table_is_open() {
    for change in [
        "(func (table.set $t (i32.const 0) (ref.func $accept)))",
        r#"(export "table" (table $t))"#,
        "(func (table.copy $t $u (i32.const 0) (i32.const 0) (i32.const 1)))",
    ] {
        let m = module(&format!(
            r#"(module {WASI} (table $t 4 funcref) (table $u 4 funcref) (elem (table $u) (i32.const 0) func $accept)
                (func (export "go") (call_indirect $t (param i32) (i32.const 0) (i32.const 0))) {change})"#
        ));
        assert!(m.tables[0].open && !m.tables[1].open, "{change}");
        let path = m.reachability.path_to(Capability::Listen).expect(change);
        assert!(matches!(path.steps.last().unwrap().via, Via::Indirect { open: true, .. }), "{change}");
    }
}

#[test]
fn references_and_shared_tables_count_as_reached() {
    let m = module(&format!(
        r#"(module {WASI} (table (export "t") 1 funcref) (elem (i32.const 0) func $hidden) (elem declare func $open)
            (func $hidden (call $exit (i32.const 0)))
            (func (export "give") (result funcref) (ref.func $open)))"#
    ));
    assert_eq!(m.reachability.path_to(Capability::Exit).unwrap().root, Root::Shared);
    assert_eq!(m.reachability.path_to(Capability::ReadFiles).unwrap().steps[1].via, Via::Reference);
    assert_eq!(m.reachability.shared_roots, 1);
}

#[test]
fn subtypes_and_typed_references() {
    let m = module(&format!(
        r#"(module {WASI} (type $super (sub (func))) (type $sub (sub $super (func)))
            (func $f (type $sub) (call $open)) (elem declare func $f)
            (func (export "a") (call_ref $super (ref.func $f)))
            (func (export "b") (param (ref $super)) (call_ref $super (local.get 0))))"#
    ));
    assert!(m.reachability.exports.iter().all(|e| e.capabilities.contains(Capability::ReadFiles)));
}

#[test]
fn the_start_function_is_a_root() {
    let m = module(&format!("(module {WASI} (func $s (call $open)) (start $s))"));
    assert_eq!(m.start, Some(3));
    assert_eq!(m.reachability.path_to(Capability::ReadFiles).unwrap().root, Root::Start);
}

#[test]
fn long_paths_keep_their_ends() {
    let chain: String = (0..100).map(|n| format!("(func $f{n} (call $f{}))", n + 1)).collect();
    let m = module(&format!(
        r#"(module {WASI} (func (export "go") (call $f0)) {chain} (func $f100 (call $open)))"#
    ));
    let path = m.reachability.path_to(Capability::ReadFiles).unwrap();
    assert_eq!(path.steps[0].name.as_deref(), Some("go"));
    assert_eq!(path.steps.len() + path.omitted as usize, 103);
    assert!(path.omitted > 0);
}

#[test]
fn graphs_answer_questions_of_their_own() {
    let bytes =
        wat::parse_str(format!(r#"(module {WASI} (func $a (call $open)) (func (export "go") (call $a)))"#));
    let (_, graphs) = analyze_with_graphs(&bytes.unwrap(), &Options::default()).unwrap();
    let graph = graphs[0].as_ref().unwrap();
    assert_eq!(graph.callees(4).collect::<Vec<_>>(), [3]);
    let ways = graph.ways([4], false);
    assert_eq!((ways.distance(0), ways.distance(1)), (Some(2), None));
    let back: Vec<_> = graph.steps_back(&ways, 0).map(|(f, _)| f).collect();
    assert_eq!(back, [0, 3, 4]);
}

#[test]
fn a_component_and_what_is_nested_in_it() {
    let f = facts(
        r#"(component
            (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
            (import "wasi:sockets/tcp@0.2.0" (instance))
            (core func $lowered (canon lower (func $random "get-random-u64")))
            (core module $m
                (import "wasi:random/random@0.2.3" "get-random-u64" (func $r (result i64)))
                (func (export "run") (result i64) (call $r)))
            (core instance $i (instantiate $m (with "wasi:random/random@0.2.3"
                (instance (export "get-random-u64" (func $lowered))))))
            (func (export "run") (result u64) (canon lift (core func $i "run")))
            (component (import "given" (func)) (core module)))"#,
    );
    assert!(f.validation.valid, "{:?}", f.validation.error);
    assert_eq!(f.kind, Kind::Component);
    let paths: Vec<_> = f.modules.iter().map(|m| m.path.as_str()).collect();
    assert_eq!(paths, ["component/module[0]", "component/component[0]/module[0]"]);
    assert!(f.capabilities.contains(Capability::Random));
    assert!(f.components[1].capabilities.is_empty(), "given from within");
    assert!(!f.capabilities.contains(Capability::Connect), "its instance has no function");
    let import = &f.components[0].imports[0];
    assert_eq!((import.interface, import.version.as_deref()), (Interface::WasiP2, Some("0.2.3")));
    assert_eq!(import.functions.as_deref(), Some(&["get-random-u64".to_owned()][..]));
    assert!(f.modules[0].reachability.path_to(Capability::Random).is_some());
}

#[test]
fn invalid_modules_still_have_facts() {
    let f = facts(r#"(module (import "a" "b" (func)) (func (result i32) i64.const 1))"#);
    assert!(!f.validation.valid);
    let error = f.validation.error.unwrap();
    assert!(error.kind == ProblemKind::Invalid && error.offset.is_some());
    assert_eq!(f.modules[0].import_count, 1);
}

#[test]
fn what_is_no_module_is_refused_with_the_reason() {
    let cases: [(&[u8], ErrorKind); 6] = [
        (b"", ErrorKind::NotWasm),
        (b"PK\x03\x04", ErrorKind::NotWasm),
        (b"  (module)", ErrorKind::Text),
        (b"\x7fELF\x02\x01\x01\xc8........", ErrorKind::Precompiled),
        (b"\x7fELF\x02\x01\x01\x00........", ErrorKind::NotWasm),
        (b"\0asm\x01", ErrorKind::Malformed),
    ];
    for (bytes, kind) in cases {
        assert_eq!(analyze(bytes, &Options::default()).unwrap_err().kind, kind, "{bytes:?}");
    }
}

#[test]
fn origin_and_custom_sections() {
    let m = module(
        r#"(module
            (func $dlmalloc) (func $__wasilibc_initialize_environ) (func $__stack_chk_fail)
            (@producers (language "Rust" "2024") (processed-by "rustc" "1.95.0"))
            (@custom "sourceMappingURL" "\05a.map") (@custom ".debug_info" "xxxx")
            (@custom "producers" "") (@custom ".dep-v0" "nonsense"))"#,
    );
    assert_eq!(m.origin.languages[0].name, "Rust");
    assert_eq!(m.hardening.allocators[0].name, "dlmalloc");
    assert_eq!(m.hardening.libcs[0].name, "wasi-libc");
    assert_eq!(m.hardening.stack_protector, Some(true));
    assert_eq!((m.debug.source_map.as_deref(), m.debug.dwarf_bytes), (Some("a.map"), 4));
    let kinds: Vec<_> = m.problems.iter().map(|p| p.kind).collect();
    assert!(kinds.contains(&ProblemKind::RepeatedCustomSection), "{kinds:?}");
    assert!(kinds.contains(&ProblemKind::BrokenCustomSection), "{kinds:?}");
}

/// Counting and validating share one pass; where validation stops, counting goes on.
#[test]
fn validation_changes_no_count() {
    let texts = [
        "(module (func (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1))) (func (drop (i32.const 1))))",
        // Invalid in the middle of the first function, at its end, and in its locals.
        "(module (func (drop (i32.const 1)) (i32.xor) (drop (i64.const 2))) (func (drop (i32.const 1))))",
        "(module (func (result i32) (i64.const 2)) (func (i32.const 1)))",
        "(module (func (local (ref func)) (drop (local.get 0))) (func (drop (local.get 7))))",
    ];
    for text in texts {
        let bytes = wat::parse_str(text).unwrap();
        let with = analyze(&bytes, &Options::default()).unwrap();
        let without = analyze(&bytes, &Options { validate: false, ..Options::default() }).unwrap();
        assert_eq!(with.modules, without.modules, "{text}");
        assert_eq!(with.modules[0].functions.undecoded, 0, "{text}");
    }
}

#[test]
fn a_component_that_answers_http_is_a_server() {
    let f = facts(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance (export "request" (type (sub resource)))))
            (instance $handler)
            (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#,
    );
    assert!(f.validation.valid, "{:?}", f.validation.error);
    assert_eq!(f.capabilities.iter().collect::<Vec<_>>(), [Capability::HttpServer]);
}
