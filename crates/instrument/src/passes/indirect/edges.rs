//! The hash table of edges: open addressing, so many places in a row, then the edge is lost and counted.

use crate::additions::Additions;
use crate::code::at_memory;
use crate::results::{EDGE_BYTES, Region};
use crate::violation::Kind;
use wasm_encoder::{BlockType, ValType};

/// Records at least; a power of two.
pub(super) const CAPACITY: u32 = 1 << 12;
const MOST: u32 = 1 << 20;
/// Places that are tried.
const TRIES: u32 = 64;
/// Odd, and without a pattern: the golden ratio and a prime of xxHash.
const FACTORS: [u32; 3] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d];

/// An edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) caller: u32,
    pub(super) table: u32,
    pub(super) slot: u32,
}

impl Edge {
    fn hash(self) -> u32 {
        let [a, b, c] = FACTORS;
        self.caller.wrapping_mul(a) ^ self.table.wrapping_mul(b) ^ self.slot.wrapping_mul(c)
    }
}

/// The table as it begins: with the allowed edges in it.
#[derive(Debug)]
pub(super) struct Edges {
    places: Vec<Option<Edge>>,
}

impl Edges {
    /// `None` if the edges do not fit into the largest table.
    pub(super) fn new(allowed: &[Edge], capacity: u32) -> Option<Self> {
        let mut capacity = capacity.max((allowed.len() as u32).saturating_mul(2).next_power_of_two());
        while capacity <= MOST {
            let mut places = vec![None; capacity as usize];
            let placed = allowed.iter().all(|edge| {
                let mut tried = (0..TRIES).map(|n| (edge.hash() >> 8).wrapping_add(n) & (capacity - 1));
                let free = tried.find(|place| places[*place as usize].is_none());
                free.inspect(|place| places[*place as usize] = Some(*edge)).is_some()
            });
            if placed {
                return Some(Self { places });
            }
            capacity *= 2;
        }
        None
    }

    /// `edge(slot, caller, table, offset)`. Locals: 4 the place, 5 tries, 6 the record's address.
    pub(super) fn define(&self, additions: &mut Additions, memory: u32, function: u32, kind: Option<Kind>) {
        let capacity = self.places.len() as u32;
        let base = additions.bytes(u64::from(capacity * EDGE_BYTES), 8);
        for (place, edge) in self.places.iter().enumerate() {
            let Some(edge) = edge else { continue };
            for (n, word) in [edge.caller + 1, edge.table, edge.slot, 1].into_iter().enumerate() {
                additions.write(base + place as u32 * EDGE_BYTES + 4 * n as u32, &word.to_le_bytes());
            }
        }
        additions.regions.push(Region::Edges { at: base, capacity });
        let total = additions.counter("indirect.total");
        let lost = additions.counter("indirect.lost");
        let alarm = kind.map(|kind| (additions.violation_handler(), kind));
        let word = |field: u32| at_memory(memory, base + field, 2);
        let [a, b, c] = FACTORS.map(u32::cast_signed);
        additions.define(function, &[ValType::I32; 3], |code| {
            let raise = |code: &mut crate::Code<'_>| {
                if let Some((handler, kind)) = alarm {
                    code.raw()
                        .local_get(0)
                        .i64_extend_i32_u()
                        .i32_const(kind.0 as i32)
                        .local_get(1)
                        .local_get(3);
                    code.raw().call(handler);
                }
            };
            code.add(total, 1);
            let mut raw = code.raw();
            raw.local_get(1).i32_const(a).i32_mul().local_get(2).i32_const(b).i32_mul().i32_xor();
            raw.local_get(0).i32_const(c).i32_mul().i32_xor().i32_const(8).i32_shr_u().local_set(4);
            raw.block(BlockType::Empty).loop_(BlockType::Empty);
            raw.local_get(4).i32_const((capacity - 1).cast_signed()).i32_and();
            raw.i32_const(EDGE_BYTES.cast_signed()).i32_mul().local_tee(6);
            raw.i32_load(word(0)).i32_eqz().if_(BlockType::Empty);
            raw.local_get(6).local_get(1).i32_const(1).i32_add().i32_store(word(0));
            raw.local_get(6).local_get(2).i32_store(word(4));
            raw.local_get(6).local_get(0).i32_store(word(8)).br(2).end();
            raw.local_get(6).i32_load(word(0)).local_get(1).i32_const(1).i32_add().i32_eq();
            raw.local_get(6).i32_load(word(4)).local_get(2).i32_eq().i32_and();
            raw.local_get(6).i32_load(word(8)).local_get(0).i32_eq().i32_and().br_if(1);
            raw.local_get(4).i32_const(1).i32_add().local_set(4);
            raw.local_get(5)
                .i32_const(1)
                .i32_add()
                .local_tee(5)
                .i32_const(TRIES.cast_signed())
                .i32_lt_u()
                .br_if(0);
            raw.end();
            code.add(lost, 1);
            raise(code);
            code.raw().return_().end();
            let count = at_memory(memory, base + 16, 3);
            code.raw().local_get(6).local_get(6).i64_load(count).i64_const(1).i64_add().i64_store(count);
            if alarm.is_some() {
                code.raw().local_get(6).i32_load(word(12)).i32_eqz().if_(BlockType::Empty);
                raise(code);
                code.raw().end();
            }
        });
    }
}
