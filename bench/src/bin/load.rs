//! What is measured: the parent of all measured processes, and the loads.
//!
//!     wasmscope-bench-load nest                          starts what it is told to on its input
//!     wasmscope-bench-load getppid|mmap COUNT            bare system calls
//!     wasmscope-bench-load pread COUNT FILE OFFSET       one byte from the page cache
//!     wasmscope-bench-load pwrite COUNT FILE             one byte into it, always the same
//!     wasmscope-bench-load run COUNT PROGRAM [ARG...]    a program, again and again
//!
//! A load prints its wall-clock and CPU time (with that of its children) in nanoseconds.

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead as _, Write as _},
    os::unix::fs::FileExt as _,
    process::{Child, Command, Stdio},
    time::Instant,
};
use wasmscope_bench::nest::{Order, Reply};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["nest"] => nest(),
        ["getppid", count] => timed(count, getppid),
        ["mmap", count] => timed(count, map_and_unmap),
        ["pread", count, file, offset] => {
            let (file, offset) = (File::open(file)?, offset.parse()?);
            timed(count, || Ok(file.read_exact_at(&mut [0], offset)?))
        }
        ["pwrite", count, file] => {
            let file = File::options().write(true).create(true).truncate(false).open(file)?;
            timed(count, || Ok(file.write_all_at(&[0], 0)?))
        }
        ["run", count, program, ref rest @ ..] => timed(count, || run(program, rest)),
        _ => bail!("see the top of bench/src/bin/load.rs"),
    }
}

fn timed(count: &str, mut action: impl FnMut() -> Result<()>) -> Result<()> {
    let count: u64 = count.parse()?;
    let (start, cpu) = (Instant::now(), cpu_ns());
    for _ in 0..count {
        action()?;
    }
    println!("{} {}", start.elapsed().as_nanos(), cpu_ns() - cpu);
    Ok(())
}

/// CPU time of this process and of its children that have ended.
fn cpu_ns() -> u128 {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // SAFETY: `rusage` is plain data, and the call fills it.
    let children = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let micros = |t: libc::timeval| t.tv_sec as u128 * 1_000_000 + t.tv_usec as u128;
    own.tv_sec as u128 * 1_000_000_000
        + own.tv_nsec as u128
        + 1000 * (micros(children.ru_utime) + micros(children.ru_stime))
}

fn getppid() -> Result<()> {
    std::hint::black_box(rustix::process::getppid());
    Ok(())
}

/// As allocators do it; nothing is touched, so that the system calls are all the cost.
fn map_and_unmap() -> Result<()> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
    const BYTES: usize = 64 << 10;
    // SAFETY: the kernel chooses the place, and nothing points to it when it is unmapped.
    unsafe {
        let place = mmap_anonymous(
            std::ptr::null_mut(),
            BYTES,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )?;
        munmap(place, BYTES)?;
    }
    Ok(())
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{program}: {status}");
    Ok(())
}

/// Does what its input says, and ends with its whole process group when that ends.
fn nest() -> Result<()> {
    let mut children = HashMap::new();
    for line in io::stdin().lock().lines() {
        let reply = serde_json::from_str(&line?)
            .context("no order")
            .and_then(|order| obey(&order, &mut children))
            .unwrap_or_else(|error| Reply::Failed(format!("{error:#}")));
        println!("{}", serde_json::to_string(&reply)?);
        io::stdout().flush()?;
    }
    kill_process_group(rustix::process::getpgrp(), Signal::KILL)?;
    Ok(())
}

fn obey(order: &Order, children: &mut HashMap<u32, Child>) -> Result<Reply> {
    match order {
        Order::Start(program) => {
            let child = program.command()?.spawn().with_context(|| format!("starting {program:?}"))?;
            let pid = child.id();
            children.insert(pid, child);
            Ok(Reply::Done { pid, output: String::new() })
        }
        Order::Run(program) => {
            let child = program.command()?.stdout(Stdio::piped()).spawn();
            let child = child.with_context(|| format!("starting {program:?}"))?;
            let pid = child.id();
            let done = child.wait_with_output()?;
            ensure!(done.status.success(), "{program:?}: {}", done.status);
            Ok(Reply::Done { pid, output: String::from_utf8_lossy(&done.stdout).into_owned() })
        }
        Order::Wait { pid, kill } => {
            let mut child = children.remove(pid).with_context(|| format!("no child {pid}"))?;
            if *kill {
                kill_process(Pid::from_child(&child), Signal::KILL)?;
            }
            child.wait()?;
            Ok(Reply::Done { pid: *pid, output: String::new() })
        }
    }
}
