//! Looks at one process and prints what is made of it, to try a new runtime by hand.
//!
//! `cargo run --release -p wasmscope-runtimes --example recognise -- PID [MODULE…]`
//!
//! Modules named after the PID count as read by the process. Needs the right to read its memory.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Instant;
use wasmscope_model::{ModuleOrigin, text};
use wasmscope_runtimes::wasmtime::functions;
use wasmscope_runtimes::{
    FileMarks, FileRole, Observation, ReadFile, ReadMemory, SeenModule, fingerprint, interesting, maps,
    module_facts, recognise,
};

struct Memory(File);

impl ReadMemory for Memory {
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize> {
        // The kernel answers EIO for what is not mapped.
        Ok(self.0.read_at(buf, address).unwrap_or(0))
    }
}

struct OnDisk(File, u64);

impl ReadFile for OnDisk {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.1
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let pid: u32 = args.next().ok_or("usage: recognise PID [MODULE…]")?.parse()?;
    let modules: Vec<String> = args.collect();
    let proc = format!("/proc/{pid}");
    let maps = maps::parse(&fs::read(format!("{proc}/maps"))?);
    println!("{} mappings, interesting: {:?}", maps.vmas.len(), interesting(&maps));

    let exe = fs::read_link(format!("{proc}/exe"))?.to_string_lossy().into_owned();
    let mut paths = vec![exe.clone()];
    for path in maps.vmas.iter().filter(|vma| vma.perms.execute).filter_map(|vma| vma.file()) {
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    let mut fingerprints = Vec::new();
    for path in paths {
        let Ok(file) = File::open(&path) else { continue };
        let size = file.metadata()?.len();
        let start = Instant::now();
        let result = fingerprint(&OnDisk(file, size));
        if !result.marks.is_empty() || !result.problems.is_empty() {
            println!("{}: {} in {:?}", text::shown(&path), text::bytes(size), start.elapsed());
            result.marks.iter().for_each(|mark| println!("  {mark:?}"));
            result.problems.iter().for_each(|problem| println!("  {}", text::shown(problem)));
        }
        fingerprints.push((path, result));
    }
    let files: Vec<FileMarks<'_>> = fingerprints
        .iter()
        .map(|(path, fingerprint)| FileMarks {
            path,
            role: if *path == exe { FileRole::Executable } else { FileRole::Library },
            fingerprint,
        })
        .collect();
    let threads: Vec<String> = fs::read_dir(format!("{proc}/task"))?
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .collect();
    let seen: Vec<SeenModule> =
        modules.iter().map(|path| SeenModule { path: path.clone(), origin: ModuleOrigin::Read }).collect();

    let memory = Memory(File::open(format!("{proc}/mem"))?);
    let start = Instant::now();
    let sighting = recognise(&Observation {
        maps: &maps,
        memory: &memory,
        exe_name: exe.rsplit('/').next(),
        thread_names: &threads,
        files: &files,
        module_files: &seen,
    });
    println!("recognised in {:?}: {:#?}", start.elapsed(), sighting.recognition);
    for image in &sighting.images {
        println!("{image:#?}");
        for function in functions(image, &memory, 5).functions {
            println!("  {:#x} {}", function.address, text::shown(&function.symbol));
        }
    }
    println!(
        "{} memories {:#x?}",
        sighting.memories.len(),
        sighting.memories.iter().take(3).collect::<Vec<_>>()
    );
    println!("problems: {:?}", sighting.problems);
    for path in &modules {
        println!("{}: {:?}", text::shown(path), module_facts(&fs::read(path)?)?);
    }
    Ok(())
}
