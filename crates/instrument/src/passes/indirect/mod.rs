//! `indirect`: which function calls which slots of which table, and how often.
//!
//! An edge is (caller, table, slot). Slots are turned into functions by readers, from the element segments: the schema does
//! not, because a table can change. Edges stand in a hash table of fixed size in the appended memory; those that find no
//! room are counted. With an allow-list, an edge that is not on it is a violation before the call is made.
//! `call_ref` has no slot and is not seen.

mod edges;

use super::Pass;
use crate::additions::Additions;
use crate::body::Body;
use crate::code::Place;
use crate::edits::Edits;
use crate::error::{Refused, closest};
use crate::module::Module;
use crate::violation::Kind;
use edges::{CAPACITY, Edge, Edges};
use std::collections::BTreeMap;
use wasm_encoder::ValType;
use wasmparser::Operator;

/// The table of edges, and the function that writes into it.
#[derive(Debug, Default)]
pub(super) struct Indirect {
    allowed: Option<String>,
    handler: u32,
    kind: Option<Kind>,
    sites: u64,
    by_reference: u64,
}

impl Indirect {
    pub(super) fn new(allowed: Option<String>) -> Self {
        Self { allowed, ..Self::default() }
    }

    fn refuse(&self, reason: impl Into<String>) -> Refused {
        Refused::Pass { pass: self.name().to_owned(), reason: reason.into() }
    }

    /// The edges of an allow-list: a line is `caller -> callee`, by name or `#index`; `//` begins a comment.
    fn allowed(&self, module: &Module<'_>, text: &str) -> Result<Vec<Edge>, Refused> {
        let mut slots: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for (table, slot, function) in module.table_contents(usize::MAX) {
            slots.entry(function).or_default().push((table, slot as u32));
        }
        let function = |name: &str| {
            let index = name.strip_prefix('#').and_then(|index| index.parse().ok());
            let found = index.filter(|index| (*index as usize) < module.functions.len());
            found.or_else(|| module.function_named(name)).ok_or_else(|| {
                let names = module.names.functions().iter().map(|(_, name)| *name);
                Refused::UnknownFunction { name: name.to_owned(), close: closest(name, names) }
            })
        };
        let mut edges = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let Some((caller, callee)) = line.split_once("->") else {
                return Err(
                    self.refuse(format!("line {} of the allow-list is not `caller -> callee`", number + 1))
                );
            };
            let (caller, callee) = (function(caller.trim())?, function(callee.trim())?);
            let Some(slots) = slots.get(&callee) else {
                let reason =
                    format!("line {} of the allow-list: no table holds function {callee}", number + 1);
                return Err(self.refuse(reason));
            };
            edges.extend(slots.iter().map(|&(table, slot)| Edge { caller, table, slot }));
        }
        edges.sort_unstable();
        edges.dedup();
        Ok(edges)
    }
}

impl Pass for Indirect {
    fn name(&self) -> &'static str {
        "indirect"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let Place::Memory { index: memory } = additions.place else {
            return Err(self.refuse("its edges need the appended memory; they cannot be kept in globals"));
        };
        let allowed = match &self.allowed {
            Some(text) => Some(self.allowed(module, text)?),
            None => None,
        };
        let edges = Edges::new(allowed.as_deref().unwrap_or_default(), CAPACITY)
            .ok_or_else(|| self.refuse("the allow-list has too many edges"))?;
        self.kind = allowed.is_some().then(|| additions.violation_kind("indirect call not allowed"));
        self.handler = additions.function("edge", &[ValType::I32; 4], &[]);
        edges.define(additions, memory, self.handler, self.kind);
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        for (at, instruction) in body.instructions.iter().enumerate() {
            let table = match instruction.operator {
                Operator::CallIndirect { table_index, .. }
                | Operator::ReturnCallIndirect { table_index, .. } => table_index,
                Operator::CallRef { .. } | Operator::ReturnCallRef { .. } => {
                    self.by_reference += 1;
                    continue;
                }
                _ => continue,
            };
            self.sites += 1;
            let wide = body.module.tables.get(table as usize).is_some_and(|table| table.table64);
            let slot = edits.scratch(if wide { ValType::I64 } else { ValType::I32 }, 0);
            let handler = self.handler;
            let (caller, offset) = (body.function, instruction.offset);
            edits.before(at as u32, |code| {
                code.raw().local_tee(slot).local_get(slot);
                if wide {
                    code.raw().i32_wrap_i64();
                }
                code.raw()
                    .i32_const(caller.cast_signed())
                    .i32_const(table.cast_signed())
                    .i32_const(offset.cast_signed())
                    .call(handler);
            });
        }
    }

    fn finish(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        additions.note(format!("{} indirect calls", self.sites));
        if self.by_reference > 0 {
            additions.note(format!("{} calls by reference are not seen by `indirect`", self.by_reference));
        }
        Ok(())
    }
}
