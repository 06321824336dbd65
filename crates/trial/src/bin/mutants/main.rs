//! Scans many modules that nobody wrote, and holds what comes out against what is promised. Run by `cargo xtask mutants`.

mod table;
mod work;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use table::Table;
use wasmscope_trial::{Heap, Mutants, bases, real_modules};
use work::Broken;

#[global_allocator]
static HEAP: Heap = Heap;

/// Scan modules that nobody wrote.
#[derive(Parser)]
struct Options {
    /// How many.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Number of the first: with `--count 1`, just this one.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Another seed, other mutants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Real modules of more bytes are no bases.
    #[arg(long, default_value_t = 4 << 20)]
    most_bytes: u64,
    /// Where modules that break a promise are kept.
    #[arg(long)]
    keep: PathBuf,
}

/// Every so many mutants one is scanned twice.
const TWICE: u64 = 50;
/// More breaches tell nothing new.
const MOST_BROKEN: usize = 20;

fn main() -> Result<()> {
    let options = Options::parse();
    let mut all = bases()?;
    let own = all.len();
    all.extend(real_modules(options.most_bytes)?);
    println!("{own} bases of this checkout, {} others; seed {}", all.len() - own, options.seed);
    let mutants = Mutants::new(all, options.seed);
    work::remember_panics();
    let end = options.from.saturating_add(options.count);
    let next = AtomicU64::new(options.from);
    let worker = || {
        let mut table = Table::default();
        let mut broken: Vec<Broken> = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= end || broken.len() >= MOST_BROKEN {
                return (table, broken);
            }
            let mutant = mutants.get(number);
            match work::on(&mutant, number.is_multiple_of(TWICE)) {
                Ok(outcome) => table.add(&mutant, &outcome, number),
                Err(what) => broken.push(Broken { number, bytes: mutant.bytes, what }),
            }
        }
    };
    let (table, broken) = thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        let done = workers.into_iter().map(|worker| worker.join().expect("a worker catches panics"));
        done.reduce(|(mut table, mut broken), (other, more)| {
            table.merge(other);
            broken.extend(more);
            (table, broken)
        })
        .expect("there is a worker")
    });
    println!("{table}");
    tell(broken, &options)
}

fn tell(mut broken: Vec<Broken>, options: &Options) -> Result<()> {
    broken.sort_by_key(|one| one.number);
    for Broken { number, bytes, what } in &broken {
        std::fs::create_dir_all(&options.keep)?;
        let file = options.keep.join(format!("{}-{number}.wasm", options.seed));
        std::fs::write(&file, bytes).with_context(|| file.display().to_string())?;
        println!("mutant {number}: {what}\n  kept as {}; again by", file.display());
        println!("  cargo xtask mutants --seed {} --from {number} --count 1", options.seed);
    }
    ensure!(broken.is_empty(), "{} mutants broke a promise", broken.len());
    Ok(())
}
