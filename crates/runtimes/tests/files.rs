//! Fingerprints and module facts of made-up and hostile files.

use object::elf;
use proptest::prelude::*;
use std::io;
use std::time::{Duration, Instant};
use wasmscope_runtimes::{ModuleKind, ReadFile, fingerprint, known, module_facts};

/// An ELF file with one `.rodata` section, or, stripped of its section headers, one read-only segment.
fn program(rodata: &[u8], stripped: bool) -> Vec<u8> {
    const DATA: u64 = 120;
    let names = b"\0.rodata\0.shstrtab\0";
    let (names_at, sections_at) = (DATA + rodata.len() as u64, DATA + (rodata.len() + names.len()) as u64);
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    for word in [0, 64, if stripped { 0 } else { sections_at }] {
        bytes.extend(u64::to_le_bytes(word));
    }
    bytes.extend([0; 4]);
    for half in [64, 56, 1, 64, if stripped { 0 } else { 3 }, if stripped { 0 } else { 2u16 }] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(elf::PT_LOAD.0.to_le_bytes());
    bytes.extend(elf::PF_R.0.to_le_bytes());
    for word in [DATA, 0, 0, rodata.len() as u64, rodata.len() as u64, 4096] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(rodata);
    bytes.extend(names);
    for (name, kind, offset, size) in
        [(0u32, 0u32, 0, 0), (1, 1, DATA, rodata.len() as u64), (9, 3, names_at, names.len() as u64)]
    {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for word in [0, 0, offset, size, 0, 0, 0] {
            bytes.extend(u64::to_le_bytes(word));
        }
    }
    bytes.resize(bytes.len() - 3 * 8, 0);
    bytes.extend([0; 24]);
    bytes
}

#[test]
fn every_marker_is_found_with_and_without_section_headers_and_across_chunks() {
    for runtime in known() {
        for marker in &runtime.markers {
            let versioned = marker.version_follows || marker.version_behind.is_some();
            let text = match (&marker.version_behind, &marker.version_ends) {
                (Some(before), _) => format!("{before}3.14.1{}", marker.literal),
                (None, Some(end)) => format!("{}3.14.1{end}", marker.literal),
                (None, None) if versioned => format!("{}3.14.1/src/lib.rs", marker.literal),
                (None, None) => marker.literal.clone(),
            };
            for (before, stripped) in
                [(0, false), (100, true), ((1 << 20) - 5, false), ((1 << 20) - 250, true)]
            {
                let mut data = vec![b'.'; before];
                data.extend(format!(" {text} ").bytes());
                let found = fingerprint(&program(&data, stripped).as_slice());
                let mark = found.marks.iter().find(|m| m.runtime == runtime.name);
                let mark = mark.unwrap_or_else(|| panic!("{}: {found:?}", marker.literal));
                assert_eq!(mark.version.as_deref(), versioned.then_some("3.14.1"));
            }
        }
    }
}

#[test]
fn words_that_are_everywhere_are_no_markers() {
    let text =
        b"wasm3 wasmtime wasmer wasmi wamr iwasm wasmedge /wasmtime-environ-/ /wasmi-core/ github.com/x";
    assert_eq!(fingerprint(&program(text, false).as_slice()).marks, []);
}

#[test]
fn only_wasmtimes_own_version_strings_tell_its_version() {
    let of = |text: &[u8]| {
        let marks = fingerprint(&program(text, true).as_slice()).marks;
        marks.into_iter().filter_map(|mark| mark.version).collect::<Vec<_>>()
    };
    // As they stand in the CLI 49.0.3 of PyPI, in the CLI 48.0.8 built by Cargo, and in the Python package 50.0.1.
    assert_eq!(
        of(b"visionosWasmtime WebAssembly Runtime49.0.3 (f96eabaa1 2026-10-14)If a subcommand"),
        ["49.0.3"]
    );
    assert_eq!(of(b"__commonWasmtime WebAssembly Runtime48.0.8If a subcommand"), [""; 0]);
    assert_eq!(of(b":\xc0\x80(\x02\nversion: 50.0.0\n\nThis is a bug in Wasmtime that was not"), ["50.0.0"]);
    // Its neighbours there.
    for other in [
        "rustc version 1.98.0 (88d9e12ae 2026-08-18)",
        "processed-by\x05rustc\x1d1.98.0 (88d9e12ae 2026-08-18)",
        "bytecodealliance:wasmtime/debugger@44.0.0",
        "== Done Capturing Backtrace (closure break) ======50.0.0expected",
        "\nversion: 7.1.1\n\nThis is a bug in Something",
    ] {
        assert_eq!(of(other.as_bytes()), [""; 0], "{other}");
    }
}

#[test]
fn a_megabyte_of_versions_gives_few_marks() {
    let text: String = (0..50_000).map(|n| format!("/wasmi-1.{n}.0/ ")).collect();
    assert!(fingerprint(&program(text.as_bytes(), false).as_slice()).marks.len() <= 4);
}

/// A file that claims to be enormous and is one endless marker.
struct Endless(Vec<u8>);

impl ReadFile for Endless {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let head = usize::try_from(offset).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let take = head.len().min(buf.len());
        buf[..take].copy_from_slice(&head[..take]);
        buf[take..].fill(b'/');
        Ok(buf.len())
    }

    fn len(&self) -> u64 {
        u64::MAX
    }
}

#[test]
fn an_endless_file_is_read_in_part_and_that_is_said() {
    let mut bytes = program(b"", true);
    bytes[64 + 32..64 + 40].copy_from_slice(&u64::MAX.to_le_bytes());
    let start = Instant::now();
    let found = fingerprint(&Endless(bytes));
    assert!(found.problems.iter().any(|p| p.contains("only the first")), "{found:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_is_no_module_says_where_it_stops() {
    assert_eq!(module_facts(b"#!/bin/sh").unwrap_err().offset, 0);
    assert_eq!(module_facts(b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f").unwrap_err().offset, 14);
    // A function section that claims 2^32 - 1 functions and has none.
    assert!(module_facts(b"\0asm\x01\0\0\0\x03\x05\xff\xff\xff\xff\x0f").is_err());
    assert_eq!(module_facts(b" (module)").unwrap().kind, ModuleKind::Text);
}

#[test]
fn memories_are_listed_in_bytes() {
    let module = wat::parse_str(
        r#"(module (import "a" "b" (memory 1)) (memory 2 3 shared) (memory i64 1) (memory 5 5 (pagesize 1)))"#,
    );
    let facts = module_facts(&module.expect("correct text")).expect("a module");
    let sizes: Vec<_> = facts.memories.iter().map(|m| (m.initial_bytes, m.maximum_bytes)).collect();
    assert_eq!(sizes, [(65_536, None), (131_072, Some(196_608)), (65_536, None), (5, Some(5))]);
    assert!(facts.memories[0].imported && facts.memories[1].shared && facts.memories[2].memory64);
}

proptest! {
    #[test]
    fn any_file_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        fingerprint(&bytes.as_slice());
        let _ = module_facts(&bytes);
    }

    #[test]
    fn any_elf_header_is_survived(mut bytes in prop::collection::vec(any::<u8>(), 64..2000), class in 1u8..3) {
        bytes[..5].copy_from_slice(&[0x7f, b'E', b'L', b'F', class]);
        fingerprint(&bytes.as_slice());
    }

    #[test]
    fn a_module_with_any_bytes_changed_is_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = wat::parse_str(include_str!("images/adapter.wat")).expect("correct text");
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = module_facts(&bytes);
    }
}
