//! Stacks of guests in unmodified runtimes, against what their source says.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::Duration;
use wasmscope_model::FrameRecord;
use wasmscope_model::{CodeImage, GuestStack};
use wasmscope_runtimes::wasmtime::{Chain, CodeTable, Place, TrapSections, find_images, guest_stack};
use wasmscope_runtimes::{ReadMemory, Segments, maps};
use wasmscope_testkit::{
    Running, Runtime, component, guest, require_root, require_runtime, runtimes, script, wait_until,
};

/// Bytes of stack looked at, and records taken from them, as on the kernel's side.
const WINDOW: usize = 32 << 10;
const MAX_RECORDS: usize = 128;

/// `/proc/PID/mem`.
struct ProcessMemory(File);

impl ReadMemory for ProcessMemory {
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        // Page by page: a read over the end of a mapping gives nothing at all.
        while done < buf.len() {
            let at = address + done as u64;
            let end = buf.len().min(done + (4096 - at % 4096) as usize);
            match self.0.read_at(&mut buf[done..end], at) {
                Ok(0) | Err(_) => break,
                Ok(read) => done += read,
            }
        }
        Ok(done)
    }
}

/// A guest that waits in the open of its FIFO, and what its process shows of it.
struct Waiting {
    process: Running,
    memory: ProcessMemory,
    images: Vec<(CodeImage, CodeTable, TrapSections)>,
    records: Vec<FrameRecord>,
    _folder: tempfile::TempDir,
}

impl Waiting {
    fn start(runtime: Runtime, module: &std::path::Path, depth: &str) -> Self {
        Self::with(|folder| runtime.dir(folder).command(module, [depth]))
    }

    /// With a command that opens `gate` in the folder.
    fn with(command: impl FnOnce(&std::path::Path) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("gate");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
        let mut process = Running::spawn(command(folder.path()));
        let pid = process.pid();
        let waits = || system_calls(pid).iter().any(|(number, _)| *number == OPENAT2);
        assert!(wait_until(waits, Duration::from_secs(60)), "{} {}", process.is_running(), process.output());
        let memory = ProcessMemory(File::open(format!("/proc/{pid}/mem")).expect("root"));
        let maps = maps::parse(&fs::read(format!("/proc/{pid}/maps")).expect("the process is there"));
        let scan = find_images(&maps, &memory);
        let images = scan.images.into_iter().map(|image| {
            let code = CodeTable::read(&image, &memory);
            assert_eq!((code.problems.len(), code.truncated), (0, false), "{:?}", code.problems);
            let sections = TrapSections::locate(&image, &memory).expect("readable").expect("an image");
            (image, code.table, sections)
        });
        let images: Vec<_> = images.collect();
        assert!(!images.is_empty());
        // Not always the thread that opens: a library leaves that to a pool, and the guest's thread waits.
        let found = system_calls(pid).into_iter().map(|(_, pointer)| records(&memory, pointer, &images));
        let records = found.max_by_key(Vec::len).expect("a thread");
        Self { process, memory, images, records, _folder: folder }
    }

    /// The same stack, with the process's code readable or not.
    fn chain(&self, records: &[FrameRecord], readable: bool) -> Chain {
        let code = |address| self.images.iter().find_map(|(image, table, _)| table.code_at(image, address));
        let nothing = Segments::new();
        let memory: &dyn ReadMemory = if readable { &self.memory } else { &nothing };
        guest_stack(records, &code, memory).unwrap_or_else(|problem| panic!("{problem}: {records:#x?}"))
    }

    fn place(&self, address: u64) -> Option<Place<'_>> {
        self.images.iter().find_map(|(image, table, _)| Some(table.code_at(image, address)?.place))
    }

    fn stack(&self, chain: &Chain) -> GuestStack {
        let code = |address| self.images.iter().find_map(|(image, table, _)| table.code_at(image, address));
        let offset = |address| {
            self.images.iter().find_map(|(image, table, sections)| {
                table.code_at(image, address)?;
                sections.wasm_offset(&self.memory, address - image.text_base).expect("readable")
            })
        };
        chain.resolve(&code, &offset)
    }

    fn names(&self, chain: &Chain) -> Vec<String> {
        self.stack(chain).frames.iter().map(|frame| frame.label().into_owned()).collect()
    }
}

/// The same everywhere.
const OPENAT2: u64 = 437;

/// The system calls that the process's threads wait in, each with its stack pointer.
fn system_calls(pid: u32) -> Vec<(u64, u64)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let call = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("syscall")).ok()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let pointer = u64::from_str_radix(words.get(7)?.strip_prefix("0x")?, 16).ok()?;
        Some((words.first()?.parse().ok()?, pointer))
    };
    tasks.filter_map(call).collect()
}

/// All words of the stack in any `.text`, each with the word below it.
fn records(
    memory: &dyn ReadMemory,
    pointer: u64,
    images: &[(CodeImage, CodeTable, TrapSections)],
) -> Vec<FrameRecord> {
    let mut stack = vec![0; WINDOW];
    let len = memory.read_at(pointer, &mut stack).expect("readable");
    let words: Vec<u64> = stack[..len]
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")))
        .collect();
    let in_text = |word: u64| {
        images.iter().any(|(image, ..)| (image.text_base..image.text_base + image.text_bytes).contains(&word))
    };
    let at = |n: usize| pointer + n as u64 * 8;
    let pairs = words.windows(2).enumerate().filter(|(_, pair)| in_text(pair[1]));
    pairs.map(|(n, pair)| FrameRecord { at: at(n), fp: pair[0], ret: pair[1] }).take(MAX_RECORDS).collect()
}

/// Those with a plausible frame pointer only.
fn plausible(records: &[FrameRecord]) -> Vec<FrameRecord> {
    let plausible = |r: &&FrameRecord| r.fp > r.at && r.fp.is_multiple_of(8) && r.fp - r.at < 1 << 20;
    records.iter().filter(plausible).copied().collect()
}

/// What stands above `open` in `callchain/guest.c`, and what wasi-libc puts below `main`.
fn expected(depth: usize) -> Vec<String> {
    let mut names = vec!["open".to_owned(), "inner".to_owned()];
    names.extend(std::iter::repeat_n("middle".to_owned(), depth));
    names.extend(["chosen", "outer", "main", "__main_void", "__original_main", "_start"].map(str::to_owned));
    names
}

fn check(runtime: Runtime, module: &std::path::Path, below_open: &[&str]) {
    let waiting = Waiting::start(runtime, module, "4");
    let chain = waiting.chain(&waiting.records, true);
    let names = waiting.names(&chain);
    assert!(!chain.cut && !chain.exact);
    let mut wanted: Vec<String> = below_open.iter().map(|name| (*name).to_owned()).collect();
    wanted.extend(expected(4));
    assert_eq!(names[..wanted.len().min(names.len())], wanted);
    calls_stand_at_the_offsets(&waiting.stack(&chain), &fs::read(module).expect("the guest"));
    // What less evidence gives.
    for (what, records, readable) in [
        ("code not readable", waiting.records.clone(), false),
        ("only plausible records", plausible(&waiting.records), true),
        ("only plausible records, code not readable", plausible(&waiting.records), false),
    ] {
        let less = waiting.names(&waiting.chain(&records, readable));
        assert_eq!(less, names, "{what}");
    }
    drop(waiting.process);
}

/// Each frame's offset is that of the call which it is in.
fn calls_stand_at_the_offsets(stack: &GuestStack, module: &[u8]) {
    const CALL: u8 = 0x10;
    const CALL_INDIRECT: u8 = 0x11;
    for frame in &stack.frames {
        let opcode = frame.offset.and_then(|offset| module.get(offset as usize));
        // What has no name is made by the component's tools, which call across modules through tables.
        let wanted: &[u8] = match frame.name.as_deref() {
            Some("outer") => &[CALL_INDIRECT],
            Some(_) => &[CALL],
            None => &[CALL, CALL_INDIRECT],
        };
        assert!(opcode.is_some_and(|opcode| wanted.contains(opcode)), "{opcode:x?} {frame:?}");
    }
}

const LIBC: [&str; 2] = ["__wasi_path_open", "__wasilibc_nocwd_openat_nomode"];

#[test]
fn a_guests_stack_in_a_system_call_is_found_among_remains() {
    require_root!();
    check(require_runtime!(runtimes::wasmtime()), &guest("callchain"), &LIBC);
}

#[test]
fn code_by_winch_keeps_the_same_frames() {
    require_root!();
    let runtime = require_runtime!(runtimes::wasmtime()).option("-Ccompiler=winch");
    check(runtime, &guest("callchain"), &LIBC);
}

#[test]
fn version_48_does_as_49() {
    require_root!();
    check(require_runtime!(runtimes::wasmtime48()), &guest("callchain"), &LIBC);
}

#[test]
fn version_48_does_as_49_with_winch() {
    require_root!();
    check(require_runtime!(runtimes::wasmtime48()).option("-Ccompiler=winch"), &guest("callchain"), &LIBC);
}

#[test]
fn version_50_in_another_program_does_as_49() {
    require_root!();
    check(require_runtime!(runtimes::python_wasmtime()), &guest("callchain"), &LIBC);
}

#[test]
fn a_component_calls_through_its_adapter() {
    require_root!();
    let adapter = ["wasm[2]::function[17]", "path_open", "wasm[2]::function[9]"];
    check(require_runtime!(runtimes::wasmtime()), &component("callchain"), &[&adapter[..], &LIBC].concat());
}

#[test]
fn a_stack_deeper_than_the_window_is_cut_and_says_so() {
    require_root!();
    let runtime = require_runtime!(runtimes::wasmtime());
    let waiting = Waiting::start(runtime, &guest("callchain"), "1000");
    assert_eq!(waiting.records.len(), MAX_RECORDS);
    let chain = waiting.chain(&waiting.records, true);
    assert!(chain.cut);
    let names = waiting.names(&chain);
    assert_eq!(names[..4], ["__wasi_path_open", "__wasilibc_nocwd_openat_nomode", "open", "inner"]);
    assert!(names.len() > 20 && names[4..].iter().all(|name| name == "middle"), "{names:?}");
}

#[test]
fn a_guest_that_the_host_entered_while_another_waited_is_followed_by_that_one() {
    require_root!();
    let runtime = require_runtime!(runtimes::python_wasmtime());
    let waiting = Waiting::with(|folder| {
        let mut command = runtime.bare_command();
        command.arg(script("python/nested_host.py")).arg(folder);
        command
    });
    let chain = waiting.chain(&waiting.records, true);
    assert_eq!(waiting.names(&chain), ["open_gate", "entered_again", "leaves", "entered_first"]);
    let places = chain.pcs.iter().map(|pc| waiting.place(pc - 1));
    let entries: Vec<bool> = places.map(|place| place == Some(Place::Entry)).collect();
    assert_eq!(entries, [false, false, true, false, false, true]);
    // Without the code it cannot be told that the outer one is not over.
    let less = waiting.chain(&waiting.records, false);
    assert_eq!(waiting.names(&less), ["open_gate", "entered_again"]);
}
