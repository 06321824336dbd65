//! Counting what blocks consist of.
//!
//! A block always does the same: so many loads, so many branches. Instead of one counter per class in each block, there is
//! one counter per *mix*, the same for every block with the same numbers, and one addition per block. What was done by
//! class is the sum over all mixes of count times weight, which the getters and readers from outside compute. Placing
//! counters by blocks goes back to Knuth, "Optimal measurement points for program frequency counts" (1973).

use crate::additions::Additions;
use crate::code::{Cell, Place, at_memory};
use crate::edits::Edits;
use crate::results::{Mixes, Region};
use std::collections::HashMap;
use wasm_encoder::{BlockType, ValType};

/// Mixes in the first chunk; each chunk after it has twice as many, up to [`MOST`].
const FIRST: u32 = 64;
const MOST: u32 = 1 << 16;

/// Counters by mix, for one pass.
#[derive(Debug, Default)]
pub struct Mix {
    name: String,
    classes: Vec<String>,
    /// Only looked up: its order never shows.
    known: HashMap<Box<[u16]>, Cell>,
    weights: Vec<(Cell, Box<[u16]>)>,
    chunks: Vec<(u32, u32)>,
    room: u32,
    used: u32,
}

impl Mix {
    /// Counters whose results are called `name.class`.
    pub fn new(name: &str, classes: impl IntoIterator<Item = &'static str>) -> Self {
        let classes = classes.into_iter().map(str::to_owned).collect();
        Self { name: name.to_owned(), classes, ..Self::default() }
    }

    /// Counts `weights`, one for each class, each time that `instruction` is reached.
    pub fn count(&mut self, edits: &mut Edits<'_>, instruction: u32, weights: &[u64]) {
        let mut left = weights.to_vec();
        while left.iter().any(|weight| *weight > 0) {
            let piece: Box<[u16]> = left.iter().map(|weight| (*weight).min(u16::MAX.into()) as u16).collect();
            left.iter_mut().zip(&piece).for_each(|(weight, taken)| *weight -= u64::from(*taken));
            let cell = self.cell(edits.additions, piece);
            edits.before(instruction, |code| code.add(cell, 1));
        }
    }

    /// Bytes of a record: its counter, and the weights.
    fn stride(&self) -> u32 {
        8 + (2 * self.classes.len() as u32).next_multiple_of(8)
    }

    fn cell(&mut self, additions: &mut Additions, weights: Box<[u16]>) -> Cell {
        if let Some(cell) = self.known.get(&weights) {
            return *cell;
        }
        let cell = match additions.place {
            Place::Globals => additions.cell(0),
            Place::Memory { .. } => {
                if self.used == self.room {
                    self.room = (FIRST << self.chunks.len().min(16)).min(MOST);
                    self.used = 0;
                    let size = u64::from(self.room) * u64::from(self.stride());
                    self.chunks.push((additions.bytes(size, 8), 0));
                }
                let stride = self.stride();
                let chunk = self.chunks.last_mut().expect("there is room");
                let at = chunk.0 + self.used * stride;
                self.used += 1;
                chunk.1 = self.used;
                for (n, weight) in weights.iter().enumerate() {
                    additions.write(at + 8 + 2 * n as u32, &weight.to_le_bytes());
                }
                Cell(at)
            }
        };
        self.weights.push((cell, weights.clone()));
        self.known.insert(weights, cell);
        cell
    }

    /// Makes the sums results. Call it once, when all functions were seen.
    pub fn finish(&mut self, additions: &mut Additions) {
        let sum = additions.function(format!("sum.{}", self.name), &[ValType::I32], &[ValType::I64]);
        match additions.place {
            Place::Memory { index } => self.sum_in_memory(additions, sum, index),
            Place::Globals => self.sum_of_globals(additions, sum),
        }
        for (class, name) in self.classes.iter().enumerate() {
            additions.computed(format!("{}.{name}", self.name), sum, class as i32);
        }
        if !self.chunks.is_empty() {
            additions.regions.push(Region::Mixes(Mixes {
                name: self.name.clone(),
                classes: self.classes.clone(),
                stride: self.stride(),
                chunks: self.chunks.clone(),
            }));
        }
    }

    /// `sum(class)`: for each record of each chunk, counter times weight. Locals: class, record, end, sum.
    fn sum_in_memory(&self, additions: &mut Additions, sum: u32, memory: u32) {
        let stride = self.stride();
        additions.define(sum, &[ValType::I32, ValType::I32, ValType::I64], |code| {
            for &(start, used) in &self.chunks {
                let end = start + used * stride;
                let mut raw = code.raw();
                raw.i32_const(start.cast_signed()).local_set(1).i32_const(end.cast_signed()).local_set(2);
                raw.loop_(BlockType::Empty);
                raw.local_get(1).i64_load(at_memory(memory, 0, 3));
                raw.local_get(1).local_get(0).i32_const(1).i32_shl().i32_add();
                raw.i64_load16_u(at_memory(memory, 8, 1));
                raw.i64_mul().local_get(3).i64_add().local_set(3);
                raw.local_get(1).i32_const(stride.cast_signed()).i32_add().local_tee(1);
                raw.local_get(2).i32_lt_u().br_if(0).end();
            }
            code.raw().local_get(3);
        });
    }

    /// The same with globals: code for each class.
    fn sum_of_globals(&self, additions: &mut Additions, sum: u32) {
        additions.define(sum, &[], |code| {
            for class in 0..self.classes.len() {
                code.raw().local_get(0).i32_const(class as i32).i32_eq().if_(BlockType::Empty).i64_const(0);
                for (cell, weights) in self.weights.iter().filter(|(_, weights)| weights[class] > 0) {
                    code.load(*cell);
                    code.raw().i64_const(i64::from(weights[class])).i64_mul().i64_add();
                }
                code.raw().return_().end();
            }
            code.raw().i64_const(0);
        });
    }
}
