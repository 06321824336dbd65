//! Places of tables: which function lies where, and which function calls just one place.
//!
//! wit-component puts a module between the main module and what it imports, because each needs the other: of functions
//! that do nothing but call the n-th place of a table, which a third module fills by an element segment
//! (`Shims` in wit-component's `src/encoding.rs`). By type alone each of them could be any other.

use crate::constexpr::{self, Value};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    BinaryReader, CodeSectionReader, ElementItems, ElementKind, ElementSectionReader, FunctionBody, Operator,
};

/// Places of one table, and the functions that lie there.
pub(crate) type Slots = Vec<(u32, u32)>;

/// Places and functions that are kept of one module: a shim has one for each import.
const MOST: usize = 65_536;

/// A function that passes its parameters on to one place of a table.
pub(crate) struct Forward {
    pub(crate) function: u32,
    pub(crate) table: u32,
    pub(crate) slot: u32,
}

/// What the segments of one module put into one table.
pub(crate) struct Content {
    pub(crate) slots: Option<Slots>,
    /// Also a value that is not known.
    pub(crate) unknown: bool,
}

impl Default for Content {
    fn default() -> Self {
        Self { slots: Some(Vec::new()), unknown: false }
    }
}

/// What the element section puts into the `shared` tables.
pub(crate) fn filled(
    section: Option<ElementSectionReader<'_>>,
    shared: &BTreeSet<u32>,
) -> BTreeMap<u32, Content> {
    let mut contents: BTreeMap<u32, Content> = BTreeMap::new();
    let mut left = MOST;
    for element in section.into_iter().flatten().map_while(Result::ok) {
        let ElementKind::Active { table_index, offset_expr } = element.kind else { continue };
        let table = table_index.unwrap_or(0);
        if !shared.contains(&table) {
            continue;
        }
        let content = contents.entry(table).or_default();
        let start = constexpr::address(constexpr::value(&offset_expr, |_| {}), true);
        let mut place = start.and_then(|start| u32::try_from(start).ok());
        let mut hold = |content: &mut Content, value: Value| {
            content.unknown |= value == Value::Unknown;
            match (place, left.checked_sub(1), &mut content.slots) {
                (Some(at), Some(rest), Some(slots)) => {
                    left = rest;
                    if let Value::Function(function) = value {
                        slots.push((at, function));
                    }
                    place = at.checked_add(1);
                }
                _ => content.slots = None,
            }
        };
        match element.items {
            ElementItems::Functions(functions) => {
                for function in functions.into_iter().map_while(Result::ok) {
                    hold(content, Value::Function(function));
                }
            }
            ElementItems::Expressions(_, list) => {
                for expression in list.into_iter().map_while(Result::ok) {
                    hold(content, constexpr::value(&expression, |_| {}));
                }
            }
        }
    }
    contents
}

/// The functions in a code `section`, which begins at `offset`, that only pass on to a `shared` table.
pub(crate) fn forwards(section: &[u8], offset: u64, imported: u32, shared: &BTreeSet<u32>) -> Vec<Forward> {
    let bodies = CodeSectionReader::new(BinaryReader::new(section, offset));
    let bodies = (imported..).zip(bodies.into_iter().flatten().map_while(Result::ok));
    let found = bodies.filter_map(|(function, body)| {
        let (table, slot) = forward(&body).ok()??;
        shared.contains(&table).then_some(Forward { function, table, slot })
    });
    found.take(MOST).collect()
}

/// The table and place, if `body` is nothing but its parameters, a constant and an indirect call.
fn forward(body: &FunctionBody<'_>) -> wasmparser::Result<Option<(u32, u32)>> {
    if body.get_locals_reader()?.get_count() > 0 {
        return Ok(None);
    }
    let mut operators = body.get_operators_reader()?;
    for parameter in 0.. {
        match operators.read()? {
            Operator::LocalGet { local_index } if local_index == parameter => {}
            Operator::I32Const { value } => {
                let table = match operators.read()? {
                    Operator::CallIndirect { table_index, .. }
                    | Operator::ReturnCallIndirect { table_index, .. } => table_index,
                    _ => return Ok(None),
                };
                let ends = matches!(operators.read()?, Operator::End) && operators.eof();
                return Ok(ends.then_some((table, value as u32)));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}
