//! What was counted, read at some moment.

use crate::{Code, Function};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::collections::BTreeMap;

/// Calls of one function.
#[derive(Debug, Clone)]
pub struct FunctionTotals {
    /// Which one.
    pub function: &'static Function,
    /// Calls that were begun, including those that were refused.
    pub calls: u64,
    /// Those that gave an error to the guest, refused ones included.
    pub errors: u64,
    /// Those that ended the guest: traps, host errors, exits.
    pub traps: u64,
    /// Those that the gate refused.
    pub denied: u64,
    /// Time in them, nanoseconds of a monotonic clock; waiting included. 0 where times are not taken.
    pub ns: u64,
    /// Bytes that the guest got.
    pub read: u64,
    /// Bytes that the guest gave. Of preview 2 what it offered, of preview 1 what was taken.
    pub written: u64,
}

impl FunctionTotals {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.traps += other.traps;
        self.denied += other.denied;
        self.ns += other.ns;
        self.read += other.read;
        self.written += other.written;
    }
}

/// How often a function gave an error.
#[derive(Debug, Clone)]
pub struct ErrorCount {
    /// Which function.
    pub function: &'static Function,
    /// Which error.
    pub code: Code,
    /// How often.
    pub count: u64,
}

/// Growth of memories or tables of one store, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GrowthTotals {
    /// How often more was asked for, the first size of each included.
    pub asked: u64,
    /// How often it was granted.
    pub granted: u64,
    /// How often the host's limiter refused, or wasmtime failed.
    pub refused: u64,
    /// Bytes (tables: elements) now, of all memories together. Nothing tells when one goes, before its store does.
    pub now: u64,
    /// The most that there ever were. Of several stores: the most of one.
    pub high_water: u64,
}

impl GrowthTotals {
    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.granted += other.granted;
        self.refused += other.refused;
        self.now += other.now;
        self.high_water = self.high_water.max(other.high_water);
    }
}

/// Runs of guest code: calls of exports, and instantiations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RunTotals {
    /// How many.
    pub runs: u64,
    /// Those that trapped.
    pub trapped: u64,
    /// Those that exited by `proc_exit` or `wasi:cli/exit`.
    pub exited: u64,
    /// Those that a host error ended.
    pub failed: u64,
    /// Nanoseconds in them.
    pub wall_ns: u64,
    /// CPU time of the threads that they ran on, nanoseconds.
    pub cpu_ns: u64,
    /// Nanoseconds in host calls whose times are taken.
    pub host_ns: u64,
    /// CPU time of guest code, nanoseconds: what was neither in host calls nor off the CPU. An estimate.
    pub guest_cpu_ns: u64,
    /// Fuel used, where the engine counts it.
    pub fuel: u64,
    /// How often an epoch deadline was reached.
    pub epochs: u64,
}

impl RunTotals {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.trapped += other.trapped;
        self.exited += other.exited;
        self.failed += other.failed;
        self.wall_ns += other.wall_ns;
        self.cpu_ns += other.cpu_ns;
        self.host_ns += other.host_ns;
        self.guest_cpu_ns += other.guest_cpu_ns;
        self.fuel += other.fuel;
        self.epochs += other.epochs;
    }
}

/// What one instance, or all of a sensor's, did so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Instances that began.
    pub started: u64,
    /// Instances that ended.
    pub ended: u64,
    /// The functions that were called, in the order of [`functions`](crate::functions).
    #[serde(serialize_with = "functions")]
    pub functions: Vec<FunctionTotals>,
    /// Errors that guests got, by function and name.
    #[serde(serialize_with = "errors")]
    pub errors: Vec<ErrorCount>,
    /// Errors that are only in the functions' totals: an instance's table of names was full.
    pub other_errors: u64,
    /// Linear memories, bytes.
    pub memory: GrowthTotals,
    /// Tables, elements.
    pub table: GrowthTotals,
    /// Guest code that was run.
    pub run: RunTotals,
}

impl Summary {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.started += other.started;
        self.ended += other.ended;
        self.other_errors += other.other_errors;
        self.memory.add(&other.memory);
        self.table.add(&other.table);
        self.run.add(&other.run);
        let mut functions: BTreeMap<_, _> =
            std::mem::take(&mut self.functions).into_iter().map(|total| (total.function.id, total)).collect();
        for total in &other.functions {
            functions
                .entry(total.function.id)
                .and_modify(|sum| sum.add(total))
                .or_insert_with(|| total.clone());
        }
        self.functions = functions.into_values().collect();
        let mut errors: BTreeMap<_, _> = std::mem::take(&mut self.errors)
            .into_iter()
            .map(|count| ((count.function.id, count.code.0), count))
            .collect();
        for count in &other.errors {
            errors
                .entry((count.function.id, count.code.0))
                .and_modify(|sum| sum.count += count.count)
                .or_insert_with(|| count.clone());
        }
        self.errors = errors.into_values().collect();
    }

    /// Totals of a function by name, e.g. `fd_write`; of several interfaces with such a function, the first.
    pub fn function(&self, name: &str) -> Option<&FunctionTotals> {
        self.functions.iter().find(|total| total.function.name == name)
    }

    /// Calls of all functions.
    pub fn calls(&self) -> u64 {
        self.functions.iter().map(|total| total.calls).sum()
    }
}

fn functions<S: Serializer>(totals: &[FunctionTotals], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(totals.len()))?;
    for total in totals {
        let name = format!("{}#{}", total.function.interface, total.function.name);
        let numbers = [
            ("calls", total.calls),
            ("errors", total.errors),
            ("traps", total.traps),
            ("denied", total.denied),
            ("ns", total.ns),
            ("read", total.read),
            ("written", total.written),
        ];
        map.serialize_entry(&name, &BTreeMap::from(numbers))?;
    }
    map.end()
}

fn errors<S: Serializer>(counts: &[ErrorCount], serializer: S) -> Result<S::Ok, S::Error> {
    let name =
        |count: &ErrorCount| format!("{}#{} {}", count.function.interface, count.function.name, count.code);
    serializer.collect_map(counts.iter().map(|count| (name(count), count.count)))
}
