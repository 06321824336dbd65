//! Wasmtime's code images.

use wasmscope_model::FrameRecord;
use wasmscope_runtimes::wasmtime::{
    CodeTable, KeptTables, TrapSections, find_images, functions, guest_stack, guest_stack_from_registers,
};
use wasmscope_runtimes::{Maps, Observation, Segments, linear_memories, maps, module_facts, recognise};

const BASE: u64 = 0x7f00_0000_0000;
const PAGE: u64 = 4096;
/// Functions of one image that are asked for.
const FUNCTIONS: usize = 200;

/// Everything that is done with an image: `bytes` lie in memory as Wasmtime would map them, and as a file.
pub fn read(bytes: &[u8]) {
    let _ = module_facts(bytes);
    let maps = mapped(bytes.len() as u64);
    let memory = Segments::new().with(BASE, bytes);
    for image in find_images(&maps, &memory).images {
        let scan = functions(&image, &memory, FUNCTIONS);
        assert!(scan.functions.len() <= FUNCTIONS);
        let table = CodeTable::read(&image, &memory).table;
        let _ = KeptTables::read(&image, &memory);
        let sections = TrapSections::locate(&image, &memory).expect("memory can be read");
        let code = |address| table.code_at(&image, address);
        let addresses: Vec<u64> =
            scan.functions.iter().map(|f| f.address.wrapping_add(f.size_bytes / 2)).collect();
        for address in &addresses {
            let offset = address.wrapping_sub(image.text_base);
            if let Some(sections) = sections {
                let _ = (sections.trap_code(&memory, offset), sections.wasm_offset(&memory, offset));
            }
        }
        let frames: Vec<FrameRecord> = (1..)
            .zip(&addresses)
            .map(|(n, ret)| FrameRecord { at: n * 64, fp: (n + 1) * 64, ret: *ret })
            .collect();
        let first = addresses.first().copied().unwrap_or(image.text_base);
        let chains =
            [guest_stack(&frames, &code, &memory), guest_stack_from_registers(first, 64, &frames, &code)];
        for chain in chains.into_iter().flatten() {
            let _ = chain.resolve(&code, &|_| None);
        }
    }
}

/// Everything that is done with the text of `/proc/PID/maps`, where no memory can be read.
pub fn observe(text: &[u8]) {
    let maps = maps::parse(text);
    assert!(maps.vmas.windows(2).all(|two| two[0].end <= two[1].start), "out of order");
    assert!(maps.vmas.iter().all(|vma| !vma.is_empty()), "an empty mapping");
    let _ = linear_memories(&maps);
    let _ = wasmscope_runtimes::interesting(&maps);
    let observation = Observation {
        maps: &maps,
        memory: &Segments::new(),
        exe_name: Some("a"),
        thread_names: &[],
        files: &[],
        module_files: &[],
    };
    let _ = recognise(&observation);
}

/// The code is the second page.
fn mapped(len: u64) -> Maps {
    let end = BASE + len.next_multiple_of(PAGE).max(3 * PAGE);
    let (text, rest) = (BASE + PAGE, BASE + 2 * PAGE);
    let text = format!(
        "{BASE:x}-{text:x} r--p 0 0:0 0\n{text:x}-{rest:x} r-xp 0 0:0 0\n{rest:x}-{end:x} r--p 0 0:0 0\n"
    );
    maps::parse(text.as_bytes())
}
