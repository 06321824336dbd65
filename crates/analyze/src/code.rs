//! One pass over the code: counts of instructions, extremes of functions, edges of the call graph.

use crate::facts::{Functions, NamedFunction, Problem, ProblemKind};
use crate::graph::GraphBuilder;
use crate::opcodes::{OPCODES, Opcode};
use crate::types::Types;
use wasmparser::{
    FunctionBody, OperatorsReader, OperatorsReaderAllocations, ValType, VisitOperator, VisitSimdOperator,
    for_each_visit_operator, for_each_visit_simd_operator,
};

/// What the code section tells.
pub(crate) struct CodeScan {
    /// How often each instruction occurs.
    pub(crate) counts: Box<[u64]>,
    pub(crate) functions: Functions,
    /// Blocks with parameters or several results.
    pub(crate) typed_blocks: bool,
    /// The first function that could not be decoded.
    pub(crate) problem: Option<Problem>,
    allocations: OperatorsReaderAllocations,
}

impl CodeScan {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; OPCODES.len()].into_boxed_slice(),
            functions: Functions::default(),
            typed_blocks: false,
            problem: None,
            allocations: OperatorsReaderAllocations::default(),
        }
    }

    /// Reads the body of the function `index`.
    pub(crate) fn body(
        &mut self,
        index: u32,
        body: &FunctionBody<'_>,
        types: &mut Types<'_>,
        graph: &mut GraphBuilder,
    ) {
        let range = body.range();
        let size = range.end.saturating_sub(range.start);
        self.functions.defined = self.functions.defined.saturating_add(1);
        self.functions.body_bytes = self.functions.body_bytes.saturating_add(size);
        note(&mut self.functions.largest, index, size, range.start);
        let mut visitor = Visitor { scan: self, types, graph, depth: 0, deepest: 0, widest: 0, locals: 0 };
        let result = visitor.read(body);
        let (deepest, widest, locals) = (visitor.deepest, visitor.widest, visitor.locals);
        graph.end_function();
        note(&mut self.functions.most_locals, index, locals, range.start);
        note(&mut self.functions.deepest, index, deepest, range.start);
        if widest > 0 {
            note(&mut self.functions.widest_br_table, index, widest, range.start);
        }
        if let Err(error) = result {
            self.functions.undecoded += 1;
            self.problem.get_or_insert_with(|| Problem {
                kind: ProblemKind::UndecodedFunction,
                offset: Some(error.offset()),
                message: crate::text::message(&error),
            });
        }
    }
}

/// Keeps the greater, of equals the first.
fn note(record: &mut Option<NamedFunction>, index: u32, value: u64, offset: u64) {
    if record.as_ref().is_none_or(|best| value > best.value) {
        *record = Some(NamedFunction { index, name: None, value, offset });
    }
}

struct Visitor<'s, 'a> {
    scan: &'s mut CodeScan,
    types: &'s mut Types<'a>,
    graph: &'s mut GraphBuilder,
    depth: u64,
    deepest: u64,
    widest: u64,
    locals: u64,
}

impl Visitor<'_, '_> {
    fn read(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        let mut locals = body.get_locals_reader()?.into_iter();
        for local in &mut locals {
            let (count, ty) = local?;
            self.locals += u64::from(count);
            self.types.vectors |= ty == ValType::V128;
        }
        let allocations = std::mem::take(&mut self.scan.allocations);
        let reader = locals.into_binary_reader_for_operators();
        let mut operators = OperatorsReader::new_with_allocs(reader, allocations);
        while !operators.eof() {
            operators.visit_operator(self)?;
        }
        operators.finish()?;
        self.scan.allocations = operators.into_allocations();
        Ok(())
    }

    fn enter(&mut self, block: wasmparser::BlockType) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.scan.typed_blocks |= matches!(block, wasmparser::BlockType::FuncType(_));
    }

    fn indirect(&mut self, ty: u32, table: Option<u32>) {
        if let Some(family) = self.types.family(ty) {
            self.graph.indirect(table, family);
        }
    }
}

/// Each instruction is counted; those below do more.
macro_rules! visit {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(#[inline]
        fn $visit(&mut self $($(, $arg: $argty)*)?) {
            self.scan.counts[Opcode::$op as usize] += 1;
            visit!(@more self $op $($(($arg))*)?);
        })*
    };
    (@more $s:ident Block ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident Loop ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident If ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident Try ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident TryTable ($table:ident)) => { $s.enter($table.ty) };
    (@more $s:ident End) => { $s.depth = $s.depth.saturating_sub(1) };
    (@more $s:ident Delegate ($depth:ident)) => {{ let _ = $depth; $s.depth = $s.depth.saturating_sub(1) }};
    (@more $s:ident BrTable ($targets:ident)) => { $s.widest = $s.widest.max(u64::from($targets.len())) };
    (@more $s:ident Call ($f:ident)) => { $s.graph.call($f) };
    (@more $s:ident ReturnCall ($f:ident)) => { $s.graph.call($f) };
    (@more $s:ident RefFunc ($f:ident)) => { $s.graph.reference($f) };
    (@more $s:ident CallIndirect ($ty:ident) ($table:ident)) => { $s.indirect($ty, Some($table)) };
    (@more $s:ident ReturnCallIndirect ($ty:ident) ($table:ident)) => { $s.indirect($ty, Some($table)) };
    (@more $s:ident CallRef ($ty:ident)) => { $s.indirect($ty, None) };
    (@more $s:ident ReturnCallRef ($ty:ident)) => { $s.indirect($ty, None) };
    (@more $s:ident TableSet ($table:ident)) => { $s.graph.change_table($table) };
    (@more $s:ident TableGrow ($table:ident)) => { $s.graph.change_table($table) };
    (@more $s:ident TableFill ($table:ident)) => { $s.graph.change_table($table) };
    (@more $s:ident TableInit ($elem:ident) ($table:ident)) => {{ let _ = $elem; $s.graph.change_table($table) }};
    (@more $s:ident TableCopy ($to:ident) ($from:ident)) => {{ let _ = $from; $s.graph.change_table($to) }};
    (@more $s:ident TableAtomicSet ($o:ident) ($table:ident)) => {{ let _ = $o; $s.graph.change_table($table) }};
    (@more $s:ident TableAtomicRmwXchg ($o:ident) ($table:ident)) => {{ let _ = $o; $s.graph.change_table($table) }};
    (@more $s:ident TableAtomicRmwCmpxchg ($o:ident) ($table:ident)) => {{ let _ = $o; $s.graph.change_table($table) }};
    (@more $s:ident $op:ident $(($arg:ident))*) => { $(let _ = $arg;)* };
}

impl<'a> VisitOperator<'a> for Visitor<'_, '_> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    for_each_visit_operator!(visit);
}

impl VisitSimdOperator<'_> for Visitor<'_, '_> {
    for_each_visit_simd_operator!(visit);
}
