//! One counter for each function of a list, and their sum.

use crate::additions::Additions;
use crate::code::{Cell, Place, at_memory};
use crate::results::Region;
use wasm_encoder::{BlockType, ValType};

impl Additions {
    /// One new cell per function of a sorted list; the results `name.total` and a region with all of them.
    pub fn counters(&mut self, name: &str, functions: &[u32]) -> Vec<Cell> {
        let cells: Vec<Cell> = functions.iter().map(|_| self.cell(0)).collect();
        let sum = self.function(format!("sum.{name}"), &[], &[ValType::I64]);
        match (self.place, cells.first(), cells.last()) {
            (Place::Memory { index }, Some(first), Some(last)) => {
                self.regions.push(Region::PerFunction {
                    name: name.to_owned(),
                    at: first.0,
                    functions: runs(functions),
                });
                self.sum_range(sum, index, first.0, last.0 + 8);
            }
            _ => self.define(sum, &[], |code| {
                code.raw().i64_const(0);
                for cell in &cells {
                    code.load(*cell);
                    code.raw().i64_add();
                }
            }),
        }
        let result = format!("{name}.total");
        self.results.push((result, crate::results::Source::Sum { function: sum }));
        cells
    }

    /// Locals: address, sum.
    fn sum_range(&mut self, sum: u32, memory: u32, start: u32, end: u32) {
        self.define(sum, &[ValType::I32, ValType::I64], |code| {
            code.raw()
                .i32_const(start.cast_signed())
                .local_set(0)
                .loop_(BlockType::Empty)
                .local_get(1)
                .local_get(0)
                .i64_load(at_memory(memory, 0, 3))
                .i64_add()
                .local_set(1)
                .local_get(0)
                .i32_const(8)
                .i32_add()
                .local_tee(0)
                .i32_const(end.cast_signed())
                .i32_lt_u()
                .br_if(0)
                .end()
                .local_get(1);
        });
    }
}

/// A sorted list as runs: first and count.
fn runs(functions: &[u32]) -> Vec<[u32; 2]> {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for &function in functions {
        match runs.last_mut() {
            Some([first, count]) if *first + *count == function => *count += 1,
            _ => runs.push([function, 1]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_of_neighbours_are_one() {
        assert_eq!(super::runs(&[2, 3, 4, 9]), [[2, 3], [9, 1]]);
    }
}
