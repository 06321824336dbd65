//! Trap codes and Wasm offsets of images that unmodified runtimes made, against the Wasm files.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use wasmscope_model::CodeImage;
use wasmscope_runtimes::wasmtime::{CodeTable, Place, TableFormat, TrapCode, TrapSections, find_images};
use wasmscope_runtimes::{Segments, maps};
use wasmscope_testkit::{Runtime, guest, require_runtime, runtimes};

const BASE: u64 = 0x7f00_0000_0000;

/// The guest as this runtime compiles it.
fn compiled(runtime: &Runtime, module: &Path, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("guest.cwasm");
    let mut command = runtime.bare_command();
    command.arg("compile").args(options).arg("-o").args([&output, module]);
    assert!(command.status().expect("the runtime starts").success());
    std::fs::read(output).expect("it was written")
}

fn image(bytes: &[u8]) -> CodeImage {
    let end = BASE + (bytes.len() as u64).next_multiple_of(4096);
    let maps = maps::parse(format!("{BASE:x}-{end:x} r--p 0 fe:00 7 /srv/guest.cwasm\n").as_bytes());
    let scan = find_images(&maps, &Segments::new().with(BASE, bytes));
    scan.images.into_iter().next().expect("one image")
}

/// Whether an instruction that begins so can trap for this reason; 0xfc begins bulk memory instructions
/// and saturating conversions, 0x11 is `call_indirect`.
fn fits(code: TrapCode, opcode: &[u8]) -> bool {
    let first = opcode[0];
    match code {
        TrapCode::UnreachableCodeReached => first == 0x00,
        TrapCode::MemoryOutOfBounds => matches!(first, 0x28..=0x3e | 0xfc),
        TrapCode::IntegerDivisionByZero => matches!(first, 0x6d..=0x70 | 0x7f..=0x82),
        TrapCode::IntegerOverflow => matches!(first, 0x6d..=0x70 | 0x7f..=0x82 | 0xa8..=0xb1),
        TrapCode::BadConversionToInteger => matches!(first, 0xa8..=0xb1),
        TrapCode::IndirectCallToNull | TrapCode::BadSignature => first == 0x11,
        TrapCode::TableOutOfBounds => matches!(first, 0x11 | 0x25 | 0x26),
        // In a function's prologue, before its first instruction.
        TrapCode::StackOverflow => true,
        other => panic!("{other:?} in a guest that has no such instruction"),
    }
}

/// Looks up every address of the image; counts the traps by code.
fn check(bytes: &[u8], wasm: &[u8]) -> BTreeMap<&'static str, usize> {
    let image = image(bytes);
    let memory = Segments::new().with(BASE, bytes);
    let sections = TrapSections::locate(&image, &memory).expect("readable").expect("an image");
    let table = CodeTable::read(&image, &memory).table;
    let (mut counts, mut positions, mut merged) = (BTreeMap::new(), 0, 0);
    for offset in 0..image.text_bytes {
        let position = sections.wasm_offset(&memory, offset).expect("readable");
        positions += usize::from(position.is_some());
        let Some(code) = sections.trap_code(&memory, offset).expect("readable") else { continue };
        *counts.entry(code.name()).or_default() += 1;
        let Some(Place::Function { .. }) = table.place(offset) else { continue };
        let Some(position) = position else { continue };
        let opcode = wasm.get(position as usize..).expect("inside the file");
        // Cranelift merges a load into the instruction that uses it, and gives that one's position.
        if code == TrapCode::MemoryOutOfBounds && !fits(code, opcode) {
            merged += 1;
            continue;
        }
        assert!(fits(code, opcode), "{code:?} at {offset:#x}: {:x?}", &opcode[..2]);
    }
    assert!(positions > 0);
    assert!(merged * 10 <= counts.get("MemoryOutOfBounds").copied().unwrap_or(0), "{merged} in {counts:?}");
    counts
}

fn check_guest(runtime: &Runtime, options: &[&str]) {
    let module = guest("trap");
    let wasm = std::fs::read(&module).expect("the guest");
    let counts = check(&compiled(runtime, &module, options), &wasm);
    assert!(counts.contains_key("UnreachableCodeReached"), "{counts:?}");

    let module = guest("callchain");
    let wasm = std::fs::read(&module).expect("the guest");
    let counts = check(&compiled(runtime, &module, options), &wasm);
    // Hundreds of loads and stores: many blocks.
    assert!(counts["MemoryOutOfBounds"] > 500, "{counts:?}");
    assert!(counts["UnreachableCodeReached"] > 0, "{counts:?}");
}

#[test]
fn every_trap_of_a_real_guest_stands_at_an_instruction_that_can_trap_so() {
    let runtime = require_runtime!(runtimes::wasmtime());
    check_guest(&runtime, &[]);
    check_guest(&runtime, &["-Ccompiler=winch"]);
}

#[test]
fn version_48_does_as_49() {
    let runtime = require_runtime!(runtimes::wasmtime48());
    check_guest(&runtime, &[]);
    check_guest(&runtime, &["-Ccompiler=winch"]);
}

#[test]
fn the_trap_of_the_trap_guest_is_in_the_function_that_fails() {
    let runtime = require_runtime!(runtimes::wasmtime());
    let bytes = compiled(&runtime, &guest("trap"), &[]);
    let image = image(&bytes);
    let memory = Segments::new().with(BASE, bytes.as_slice());
    let sections = TrapSections::locate(&image, &memory).expect("readable").expect("an image");
    let code = CodeTable::read(&image, &memory);
    let unreachable = |offset: &u64| {
        sections.trap_code(&memory, *offset).expect("readable") == Some(TrapCode::UnreachableCodeReached)
    };
    let names = (0..image.text_bytes).filter(unreachable).map(|offset| code.table.place(offset));
    let names: Vec<_> = names.collect();
    assert!(matches!(names[..], [Some(Place::Function { name: Some("fail"), .. })]), "{names:?}");
}

#[test]
fn a_table_knows_all_code_and_its_own_size() {
    let runtime = require_runtime!(runtimes::wasmtime());
    let bytes = compiled(&runtime, &guest("callchain"), &[]);
    let image = image(&bytes);
    let memory = Segments::new().with(BASE, bytes.as_slice());
    let code = CodeTable::read(&image, &memory);
    assert_eq!((code.problems.len(), code.truncated), (0, false));
    assert!(code.table.len() > image.functions as usize);
    assert!(code.table.bytes() < code.table.len() * 64, "{}", code.table.bytes());
    let mut seen = BTreeMap::<_, usize>::new();
    let mut starts = std::collections::BTreeSet::new();
    for offset in 0..image.text_bytes {
        let Some(found) = code.table.code(offset) else { continue };
        let kind = match found.place {
            Place::Function { .. } => "function",
            Place::Entry => "entry",
            Place::Exit => "exit",
            Place::Other => "other",
        };
        assert!(found.start <= offset);
        if starts.insert(found.start) {
            *seen.entry(kind).or_default() += 1;
        }
    }
    assert_eq!(starts.len(), code.table.len());
    assert_eq!(seen["function"], image.functions as usize);
    assert!(seen["entry"] > 1 && seen["exit"] > 5, "{seen:?}");
    assert_eq!(code.table.place(u64::MAX), None);
}

/// Sections of the given content.
fn sections(bytes: &[u8], format: TableFormat) -> (Segments<'_>, TrapSections) {
    let lies = (BASE, bytes.len() as u64);
    (Segments::new().with(BASE, bytes), TrapSections { traps: lies, addrmap: lies, format })
}

#[test]
fn tables_of_old_versions_are_two_arrays() {
    let offsets = [4u32, 10, 20];
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let traps = [words(&[3]), words(&offsets), vec![1, 9, 77]].concat();
    let (memory, found) = sections(&traps, TableFormat::Flat);
    let at = |offset| found.trap_code(&memory, offset).expect("readable");
    assert_eq!(at(4), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!(at(10), Some(TrapCode::UnreachableCodeReached));
    assert_eq!(at(20), Some(TrapCode::Unknown(77)));
    assert_eq!([at(3), at(5), at(21), at(u64::MAX)], [None; 4]);

    let map = [words(&[3]), words(&offsets), words(&[100, u32::MAX, 90])].concat();
    let (memory, found) = sections(&map, TableFormat::Flat);
    let at = |offset| found.wasm_offset(&memory, offset).expect("readable");
    assert_eq!(
        [at(3), at(4), at(9), at(10), at(20), at(1000)],
        [None, Some(100), Some(100), None, Some(90), Some(90)]
    );
}

proptest! {
    #[test]
    fn tables_of_any_content_are_survived(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2000),
        count in any::<u32>(),
        blocks in 0u32..20,
        sound in any::<bool>(),
        offsets in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        if bytes.len() >= 8 {
            let count = if sound { blocks * 128 } else { count };
            bytes[..4].copy_from_slice(&count.to_le_bytes());
            bytes[4..8].copy_from_slice(&blocks.to_le_bytes());
        }
        for format in [TableFormat::Flat, TableFormat::Blocks] {
            let (memory, found) = sections(&bytes, format);
            for offset in offsets.iter().flat_map(|offset| [*offset, offset >> 32, offset >> 52]) {
                prop_assert!(found.trap_code(&memory, offset).is_ok());
                prop_assert!(found.wasm_offset(&memory, offset).is_ok());
            }
            let huge = TrapSections { traps: (u64::MAX - 9, u64::MAX), addrmap: (BASE, u64::MAX), format };
            prop_assert!(huge.trap_code(&memory, offsets[0]).is_ok());
            prop_assert!(huge.wasm_offset(&memory, offsets[0]).is_ok());
        }
    }
}
