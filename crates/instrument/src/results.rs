//! How results are kept and described.
//!
//! `docs/instrument.md` is the same for people.

use crate::additions::Additions;
use crate::code::{Cell, Code, Place};
use crate::plan::OnViolation;
use crate::violation::{KEPT, RECORD_BYTES};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use wasm_encoder::{BlockType, ValType};

/// What the appended memory begins with: no text, and nothing that a program's data would hold by chance.
pub const MAGIC: [u8; 16] = *b"\x7fWSCOPE\0\xd1\x9c\x4b\xe7\x36\xa8\x5f\x02";
/// The version of layout and schema.
pub const VERSION: u32 = 1;
/// Bytes of a record of an edge.
pub const EDGE_BYTES: u32 = 24;
/// Bytes of the header.
pub const HEADER_BYTES: u32 = 80;

/// Exports of an instrumented module: the number of results; result `i` as `i64`, or -1; the memory.
pub const EXPORTS: [&str; 3] = ["wasmscope.results", "wasmscope.result", "wasmscope.memory"];

/// Where a result comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Cell(Cell),
    Call { function: u32, argument: i32 },
    Sum { function: u32 },
}

/// The schema: what results there are and how to find them in the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// [`VERSION`].
    pub version: u32,
    /// SHA-256 of the original module, hexadecimal.
    pub original: String,
    /// `memory` or `globals`.
    pub storage: Cow<'static, str>,
    /// The passes in their order.
    pub passes: Vec<String>,
    /// Names of the results, in the order of `wasmscope.result`.
    pub results: Vec<Named>,
    /// Parts of the memory.
    pub regions: Vec<Region>,
    /// Kinds of violations, by the number in a record.
    pub violations: Vec<String>,
    /// Where records of violations are, how many are kept, and the bytes of each.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub records: Option<[u32; 3]>,
    /// `trap`, `record` or `call`.
    pub on_violation: Cow<'static, str>,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name: `calls.total`.
    pub name: String,
    /// The address of its 64-bit number. Absent if it must be computed: see regions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<u32>,
}

/// A part of the memory that holds more than single numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Region {
    /// One 64-bit number for each function of a list.
    PerFunction {
        /// What is counted.
        name: String,
        /// Address of the first number.
        at: u32,
        /// Function indices of the original module as first and count, in order.
        functions: Vec<[u32; 2]>,
    },
    /// Counters by mix: see [`mix`](crate::mix).
    Mixes(Mixes),
    /// One byte (in globals: bit) for each basic block, not 0 once it was run.
    Coverage {
        /// Parts as function, address (or global) and blocks.
        parts: Vec<[u32; 3]>,
    },
    /// Edges of indirect calls: see [`passes`](crate::passes).
    Edges {
        /// Address of the first record: caller + 1 (`u32`), table (`u32`), slot (`u32`), allowed (`u32`), count (`u64`).
        at: u32,
        /// Records; those that are all zero are free.
        capacity: u32,
    },
}

/// Counters by mix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mixes {
    /// Results are called `name.class`.
    pub name: String,
    /// Classes, in the order of the weights.
    pub classes: Vec<String>,
    /// Bytes of a record: a counter (`u64`), then a weight (`u16`) for each class.
    pub stride: u32,
    /// Records as address and number.
    pub chunks: Vec<(u32, u32)>,
}

impl Additions {
    /// The schema, complete once all passes are done.
    pub(crate) fn schema(&mut self, passes: Vec<String>) -> Schema {
        let in_memory = matches!(self.place, Place::Memory { .. });
        let named = |(name, source): &(String, Source)| Named {
            name: name.clone(),
            at: match source {
                Source::Cell(cell) if in_memory => Some(cell.0),
                _ => None,
            },
        };
        Schema {
            version: VERSION,
            original: hex(&self.digest),
            storage: if in_memory { "memory" } else { "globals" }.into(),
            passes,
            results: self.results.iter().map(named).collect(),
            regions: std::mem::take(&mut self.regions),
            violations: self.violations.kinds.clone(),
            records: (self.violations.records > 0).then_some([self.violations.records, KEPT, RECORD_BYTES]),
            on_violation: match self.violations.on {
                OnViolation::Trap => "trap",
                OnViolation::Record => "record",
                OnViolation::Call => "call",
            }
            .into(),
        }
    }

    /// Writes the header, and the schema behind everything else.
    pub(crate) fn header(&mut self, schema: &str) {
        let at = self.bytes(schema.len() as u64, 8);
        self.write(at, schema.as_bytes());
        let used = self.image.len() as u32;
        self.write(0, &MAGIC);
        for (n, word) in [VERSION, HEADER_BYTES, used, at, schema.len() as u32].into_iter().enumerate() {
            self.write(16 + 4 * n as u32, &word.to_le_bytes());
        }
        let digest = self.digest;
        self.write(40, &digest);
    }

    /// The two getters; their indices.
    pub(crate) fn getters(&mut self) -> [u32; 2] {
        let count = self.function("results", &[], &[ValType::I32]);
        let value = self.function("result", &[ValType::I32], &[ValType::I64]);
        let results = self.results.clone();
        self.define(count, &[], |code| {
            code.raw().i32_const(results.len() as i32);
        });
        self.define(value, &[], |code| {
            for _ in 0..=results.len() {
                code.raw().block(BlockType::Empty);
            }
            let last = results.len() as u32;
            code.raw().local_get(0).br_table(0..last, last).end();
            for (_, source) in &results {
                push(code, *source);
                code.raw().return_().end();
            }
            code.raw().i64_const(-1);
        });
        [count, value]
    }
}

fn push(code: &mut Code<'_>, source: Source) {
    match source {
        Source::Cell(cell) => code.load(cell),
        Source::Call { function, argument } => {
            code.raw().i32_const(argument).call(function);
        }
        Source::Sum { function } => {
            code.raw().call(function);
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
