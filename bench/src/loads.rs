//! Loads: programs that have nothing to do with Wasm, or guests as a whole, that tell how long they took.

use crate::nest::{Nest, Program};
use anyhow::{Context as _, Result};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A load, and how long it took in each of some states.
#[derive(Debug)]
pub struct Load {
    /// What it is called.
    pub name: &'static str,
    /// In what its times are told.
    pub unit: &'static str,
    /// Real work, not a system call that does next to nothing.
    pub real: bool,
    per: f64,
    program: Program,
    elapsed: HashMap<usize, Vec<f64>>,
    cpu: HashMap<usize, Vec<f64>>,
}

/// Which time of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// By the clock on the wall.
    Elapsed,
    /// On a processor, of the load itself.
    Cpu,
}

impl Load {
    /// `count` times one of the loads that this package's program `load` has in itself; told per call.
    pub fn bare(name: &'static str, load: &str, count: usize, arguments: &[&str]) -> Self {
        let (first, rest) = arguments.split_first().expect("a load has a name");
        let mut command = Command::new(load);
        command.arg(first).arg(count.to_string()).args(rest);
        Self::new(name, "ns", count as f64, &command, false)
    }

    /// `count` times another program, told as a whole: real work.
    pub fn program(name: &'static str, load: &str, count: usize, program: &Command) -> Self {
        Self::new(name, "s", 1.0, &repeated(load, count, program), true)
    }

    /// `count` times another program that does nothing, told per start.
    pub fn starts(name: &'static str, load: &str, count: usize, program: &Command) -> Self {
        Self::new(name, "us", count as f64, &repeated(load, count, program), false)
    }

    fn new(name: &'static str, unit: &'static str, per: f64, command: &Command, real: bool) -> Self {
        let program = Program::of(command);
        Self { name, unit, real, per, program, elapsed: HashMap::new(), cpu: HashMap::new() }
    }

    /// Runs it below `nest`, in this state.
    ///
    /// # Errors
    /// It fails.
    pub fn run(&mut self, nest: &mut Nest, state: usize) -> Result<()> {
        let output = nest.run(self.program.clone())?;
        let mut nanoseconds = output.split_whitespace().map(str::parse::<f64>);
        let scale = self.per
            * match self.unit {
                "ns" => 1.0,
                "us" => 1e3,
                _ => 1e9,
            };
        for times in [&mut self.elapsed, &mut self.cpu] {
            let time = nanoseconds.next().context("a load tells two times")??;
            times.entry(state).or_default().push(time / scale);
        }
        Ok(())
    }

    /// Its times in one state, each with that of the same round in another.
    pub fn pairs(&self, time: Time, ours: usize, peer: usize) -> Vec<(f64, f64)> {
        let times = match time {
            Time::Elapsed => &self.elapsed,
            Time::Cpu => &self.cpu,
        };
        let of = |state| times.get(&state).into_iter().flatten().copied();
        of(ours).zip(of(peer)).collect()
    }
}

fn repeated(load: &str, count: usize, program: &Command) -> Command {
    let mut command = Command::new(load);
    command.arg("run").arg(count.to_string()).arg(program.get_program()).args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// What the loads read.
#[derive(Debug)]
pub struct Inputs {
    /// 8 MiB that compress as text does.
    pub text: PathBuf,
    /// A small C program.
    pub source: PathBuf,
}

impl Inputs {
    /// Makes them in a folder.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn make(folder: &Path) -> Result<Self> {
        let made = Self { text: folder.join("text"), source: folder.join("small.c") };
        fs::write(&made.text, words(8 << 20))?;
        fs::write(&made.source, SOURCE)?;
        Ok(made)
    }

    /// Compressing, four times.
    pub fn gzip(&self, load: &str) -> Load {
        let mut gzip = Command::new("gzip");
        gzip.arg("-c").arg(&self.text);
        Load::program("gzip 8 MiB x4", load, 4, &gzip)
    }

    /// Compiling, twenty times.
    pub fn compiler(&self, load: &str) -> Load {
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-S", "-o", "/dev/null"]).arg(&self.source);
        Load::program("compile C x20", load, 20, &compiler)
    }
}

/// Text that compresses as text does, the same each time.
fn words(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut text = Vec::with_capacity(bytes + 32);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend_from_slice(format!("word{} ", state % 5000).as_bytes());
    }
    text
}

/// Small, but with the headers that most programs include.
const SOURCE: &str = "
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
	int *numbers = malloc(argc * sizeof(int));
	for (int i = 0; i < argc; i++)
		numbers[i] = atoi(argv[i]);
	qsort(numbers, argc, sizeof(int), compare);
	for (int i = 0; i < argc; i++)
		printf(\"%d %zu\\n\", numbers[i], strlen(argv[i]));
	return 0;
}
";
