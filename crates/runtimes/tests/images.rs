//! Code images that Wasmtime really made (`tests/images`, by `wasmtime compile`), and forged ones.

use proptest::prelude::*;
use std::time::{Duration, Instant};
use wasmscope_model::{CodeImage, Confidence, ImageKind};
use wasmscope_runtimes::wasmtime::{CodeTable, TrapSections, find_images, functions};
use wasmscope_runtimes::{
    FileMarks, FileRole, Fingerprint, Maps, Mark, ModuleKind, Observation, Segments, maps, module_facts,
    recognise,
};

const BASE: u64 = 0x7f00_0000_0000;
const NAMES_48: &[u8] = include_bytes!("images/names-48.cwasm");
const NAMES_49: &[u8] = include_bytes!("images/names-49.cwasm");
const NAMES_49_PULLEY: &[u8] = include_bytes!("images/names-49-pulley.cwasm");
const NAMES_49_WINCH: &[u8] = include_bytes!("images/names-49-winch.cwasm");
const NAMES_50: &[u8] = include_bytes!("images/names-50.cwasm");
const ADAPTER_49: &[u8] = include_bytes!("images/adapter-49.cwasm");

fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).expect("the fixture is correct")
}

/// The mappings that Wasmtime makes of an image whose `.text` is the second page.
fn mapped(len: usize, base: u64) -> Maps {
    let end = base + (len as u64).next_multiple_of(4096);
    let (text, rest) = (base + 0x1000, base + 0x2000);
    maps::parse(
        format!(
            "{base:x}-{text:x} r--p 0 0:0 0\n{text:x}-{rest:x} r-xp 0 0:0 0\n{rest:x}-{end:x} r--p 0 0:0 0\n"
        )
        .as_bytes(),
    )
}

fn only_image(bytes: &[u8]) -> CodeImage {
    let scan = find_images(&mapped(bytes.len(), BASE), &Segments::new().with(BASE, bytes));
    assert_eq!(scan.images.len(), 1, "{:?}", scan.problems);
    scan.images.into_iter().next().expect("one image")
}

#[test]
fn a_module_and_its_images_of_all_versions_and_compilers_have_the_same_digest() {
    let facts = module_facts(&wasm(include_str!("images/names.wat"))).expect("a module");
    assert_eq!((facts.functions, facts.name.as_deref()), (6, Some("names")));
    for (bytes, version, kind) in [
        (NAMES_48, "48", ImageKind::Module),
        (NAMES_49, "49", ImageKind::Module),
        (NAMES_49_WINCH, "49", ImageKind::Module),
        (NAMES_49_PULLEY, "49", ImageKind::PulleyModule),
        (NAMES_50, "50", ImageKind::Module),
    ] {
        let image = only_image(bytes);
        assert_eq!((image.kind, image.engine_version.as_deref()), (kind, Some(version)));
        assert_eq!((image.modules, image.functions, image.base), (1, 6, BASE));
        assert_eq!((image.size_bytes, image.problems.as_slice()), (bytes.len() as u64, &[][..]));
        assert!(image.symbols_sha256.is_some());
        assert_eq!(image.symbols_sha256, facts.symbols_sha256, "{version} {kind:?}");

        let compiled = module_facts(bytes).expect("a precompiled module");
        assert_eq!(compiled.kind, ModuleKind::Precompiled { version: Some(version.into()) });
        assert_eq!(compiled.symbols_sha256, facts.symbols_sha256);
    }
    let other = module_facts(&wasm("(module (func $other))")).expect("a module");
    assert_ne!(other.symbols_sha256, facts.symbols_sha256);
}

#[test]
fn a_components_digest_leaves_out_the_adapters_that_only_its_image_has() {
    let facts = module_facts(&wasm(include_str!("images/adapter.wat"))).expect("a component");
    let image = only_image(ADAPTER_49);
    assert_eq!((facts.kind, facts.modules, facts.functions), (ModuleKind::Component, 3, 4));
    assert_eq!((image.kind, image.modules, image.functions), (ImageKind::Component, 4, 5));
    assert!(facts.symbols_sha256.is_some());
    assert_eq!(facts.symbols_sha256, image.symbols_sha256);
}

#[test]
fn functions_have_names_and_addresses() {
    let image = only_image(NAMES_49);
    let memory = Segments::new().with(BASE, NAMES_49);
    let scan = functions(&image, &memory, 100);
    assert_eq!((scan.functions.len(), scan.truncated, scan.problems.len()), (6, false, 0));
    let second = &scan.functions[1];
    assert_eq!((second.module_index, second.index), (0, 2));
    assert_eq!(second.name.as_deref(), Some("?n?c?d?name?\"quoted\""));
    assert_eq!(second.symbol, "wasm[0]::function[2]::?n?c?d?name?\"quoted\"");
    assert_eq!(scan.functions[4].name, None);
    let text = image.text_base..image.text_base + image.text_bytes;
    assert!(scan.functions.iter().all(|f| text.contains(&f.address) && f.size_bytes > 0));

    let few = functions(&image, &memory, 2);
    assert_eq!((few.functions.len(), few.truncated), (2, true));
    let gone = functions(&image, &Segments::new(), 2);
    assert_eq!((gone.functions.len(), gone.problems.len()), (0, 1));
}

#[test]
fn images_whose_mappings_the_kernel_joined_are_told_apart() {
    let second = BASE + (NAMES_49.len() as u64).next_multiple_of(4096);
    let mut all = mapped(NAMES_49.len(), BASE);
    let mut more = mapped(NAMES_48.len(), second);
    // The end of the first image and the header of the second are one mapping.
    all.vmas.last_mut().expect("three mappings").end = more.vmas.remove(0).end;
    all.vmas.extend(more.vmas);
    let scan = find_images(&all, &Segments::new().with(BASE, NAMES_49).with(second, NAMES_48));
    let bases: Vec<u64> = scan.images.iter().map(|image| image.base).collect();
    assert_eq!(bases, [BASE, second]);
    assert!(scan.images.iter().all(|image| image.problems.is_empty()));
}

#[test]
fn a_marks_version_counts_where_it_agrees_with_the_image() {
    let maps = mapped(NAMES_49.len(), BASE);
    let memory = Segments::new().with(BASE, NAMES_49);
    let version = |marked: &[&str]| {
        let mark = |(n, version): (usize, &&str)| Mark {
            runtime: "wasmtime".into(),
            version: Some((*version).to_owned()),
            marker: "a marker".into(),
            weight: Confidence::percent(75 - n as u8),
        };
        let fingerprint =
            Fingerprint { marks: marked.iter().enumerate().map(mark).collect(), problems: vec![] };
        let file = FileMarks { path: "/usr/bin/it", role: FileRole::Executable, fingerprint: &fingerprint };
        let sighting = recognise(&Observation {
            maps: &maps,
            memory: &memory,
            exe_name: None,
            thread_names: &[],
            files: &[file],
            module_files: &[],
        });
        sighting.recognition.version
    };
    assert_eq!(version(&["49.0.3"]).as_deref(), Some("49.0.3"));
    // A program can hold several versions; what runs is what made the image.
    assert_eq!(version(&["48.0.8", "49.0.3"]).as_deref(), Some("49.0.3"));
    assert_eq!(version(&["48.0.8"]).as_deref(), Some("49"));
    assert_eq!(version(&["4.9.0", "490.0.1"]).as_deref(), Some("49"));
    assert_eq!(version(&[]).as_deref(), Some("49"));
}

#[test]
fn a_precompiled_file_is_found_by_its_mapping_and_named() {
    let end = BASE + (NAMES_49.len() as u64).next_multiple_of(4096);
    let maps = maps::parse(format!("{BASE:x}-{end:x} r--p 0 fe:00 7 /srv/names.cwasm\n").as_bytes());
    let scan = find_images(&maps, &Segments::new().with(BASE, NAMES_49));
    assert_eq!(scan.images[0].file.as_deref(), Some("/srv/names.cwasm"));
}

/// Offsets in the ELF header (`Elf64_Ehdr`).
const E_SHOFF: usize = 40;
const E_SHNUM: usize = 60;

fn section_header(image: &[u8], name: &[u8]) -> usize {
    use object::read::elf::{ElfFile64, SectionHeader as _};
    let elf = ElfFile64::<object::Endianness>::parse(image).expect("a sound image");
    let table = elf.elf_section_table();
    let n = table
        .iter()
        .position(|section| table.section_name(elf.endian(), section) == Ok(name))
        .expect("the section is there");
    assert!(table.iter().all(|s| s.sh_type(elf.endian()).0 < u32::MAX));
    u64::from_le_bytes(image[E_SHOFF..E_SHOFF + 8].try_into().expect("8 bytes")) as usize + n * 64
}

fn set(image: &mut [u8], at: usize, value: u64) {
    image[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn forged_headers_cost_little_and_are_said() {
    // Offsets in a section header (`Elf64_Shdr`): sh_offset 24, sh_size 32.
    let forge = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = NAMES_49.to_vec();
        change(&mut bytes);
        bytes
    };
    let strtab = section_header(NAMES_49, b".strtab");
    let symtab = section_header(NAMES_49, b".symtab");
    let text = section_header(NAMES_49, b".text");
    let forged: Vec<(&str, Vec<u8>)> = vec![
        ("absurd table offset", forge(&|b| set(b, E_SHOFF, u64::MAX - 10))),
        ("table beyond the end", forge(&|b| set(b, E_SHOFF, NAMES_49.len() as u64))),
        ("65535 sections", forge(&|b| b[E_SHNUM..E_SHNUM + 2].copy_from_slice(&[0xff, 0xff]))),
        ("string table of 4 GiB", forge(&|b| set(b, strtab + 32, 4 << 30))),
        ("2^32 symbols", forge(&|b| set(b, symtab + 32, 24 << 32))),
        ("symbols at the end of the address space", forge(&|b| set(b, symtab + 24, u64::MAX))),
        ("no code", forge(&|b| set(b, text + 32, 1))),
        ("code everywhere", forge(&|b| set(b, text + 32, u64::MAX))),
        ("cut in the middle", NAMES_49[..0x2000].to_vec()),
        ("cut in the header", NAMES_49[..0x1000].to_vec()),
    ];
    for (what, bytes) in forged {
        let start = Instant::now();
        let memory = Segments::new().with(BASE, bytes.clone());
        let scan = find_images(&mapped(NAMES_49.len(), BASE), &memory);
        let image = scan.images.first().unwrap_or_else(|| panic!("{what}: not found"));
        assert!(!image.problems.is_empty(), "{what}");
        assert_eq!(image.symbols_sha256, None, "{what}");
        assert!(functions(image, &memory, 1000).functions.len() <= 6, "{what}");
        assert!(start.elapsed() < Duration::from_secs(2), "{what}");
        let _ = module_facts(&bytes);
    }
}

#[test]
fn overlapping_sections_and_hostile_names_are_only_text() {
    // All names are one string of a megabyte of control characters, quotes and invalid UTF-8.
    let mut bytes = NAMES_49.to_vec();
    let (strtab, symtab) = (section_header(&bytes, b".strtab"), section_header(&bytes, b".symtab"));
    let offset = bytes.len() as u64;
    let mut names = b"\0wasm[0]::function[1]::".to_vec();
    names.extend(b"\x1b[2J\"'\n\xff\xfe\xe2\x80\xae".iter().cycle().take(1 << 20));
    set(&mut bytes, strtab + 24, offset);
    set(&mut bytes, strtab + 32, names.len() as u64);
    let symbols = u64::from_le_bytes(bytes[symtab + 24..symtab + 32].try_into().expect("8 bytes")) as usize;
    let count =
        u64::from_le_bytes(bytes[symtab + 32..symtab + 40].try_into().expect("8 bytes")) as usize / 24;
    for n in 0..count {
        bytes[symbols + n * 24..symbols + n * 24 + 4].copy_from_slice(&1u32.to_le_bytes());
    }
    bytes.extend(names);
    let image = only_image(&bytes);
    assert!(image.problems.iter().any(|p| p.contains("longer")), "{:?}", image.problems);
    let memory = Segments::new().with(BASE, bytes);
    let scan = functions(&image, &memory, 1000);
    assert!(!scan.functions.is_empty());
    assert!(scan.functions.iter().all(|f| f.symbol.len() < 1024));
    assert!(CodeTable::read(&image, &memory).table.bytes() < 4096);
}

#[test]
fn thousands_of_images_that_share_one_huge_table_stay_bounded() {
    // Every page of one large mapping claims to be an image with the whole mapping as its string table.
    const PAGES: u64 = 20_000;
    let mut header = NAMES_49[..0x1000].to_vec();
    let entries = u64::from_le_bytes(NAMES_49[E_SHOFF..E_SHOFF + 8].try_into().expect("8 bytes")) as usize;
    header.truncate(64);
    header.extend_from_slice(&NAMES_49[entries..]);
    set(&mut header, E_SHOFF, 64);
    header.resize(4096, 0);
    let bytes = header.repeat(PAGES as usize);
    let mut text = String::new();
    for n in 0..PAGES / 2 {
        let (a, b, c) = (BASE + n * 8192, BASE + n * 8192 + 4096, BASE + n * 8192 + 8192);
        text.push_str(&format!("{a:x}-{b:x} r--p 0 0:0 0\n{b:x}-{c:x} r-xp 0 0:0 0\n"));
    }
    let start = Instant::now();
    let scan = find_images(&maps::parse(text.as_bytes()), &Segments::new().with(BASE, bytes));
    assert!(scan.images.len() <= 4096 && !scan.problems.is_empty());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_image_with_any_bytes_changed_is_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60)) {
        let mut bytes = NAMES_49.to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let memory = Segments::new().with(BASE, bytes.clone());
        for image in find_images(&mapped(bytes.len(), BASE), &memory).images {
            prop_assert!(functions(&image, &memory, 100).functions.len() <= 100);
            let table = CodeTable::read(&image, &memory).table;
            let sections = TrapSections::locate(&image, &memory).expect("readable");
            for offset in (0..image.text_bytes.min(4096)).step_by(7) {
                let _ = table.place(offset);
                if let Some(sections) = sections {
                    let _ = (sections.trap_code(&memory, offset), sections.wasm_offset(&memory, offset));
                }
            }
        }
        let _ = module_facts(&bytes);
    }

    #[test]
    fn headers_of_any_content_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 64..3000)) {
        bytes[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\xc8");
        let memory = Segments::new().with(BASE, bytes.clone());
        find_images(&mapped(0x3000, BASE), &memory);
        let _ = module_facts(&bytes);
    }
}
