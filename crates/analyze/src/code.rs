//! One pass over the code: counts of instructions, extremes of functions, edges of the call graph.

mod both;

use crate::constants::Constants;
use crate::decoder;
use crate::facts::{Functions, NamedFunction, Problem, ProblemKind, Shapes};
use crate::graph::GraphBuilder;
use crate::loops::{Loops, Touch, touch};
use crate::opcodes::{OPCODES, Opcode};
use crate::types::Types;
use both::Both;
use wasmparser::{
    BinaryReader, FuncValidator, FunctionBody, OperatorsReader, OperatorsReaderAllocations, ValType,
    ValidatorResources, VisitOperator, VisitSimdOperator, for_each_visit_operator,
    for_each_visit_simd_operator,
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
    /// Constants of well-known algorithms.
    pub(crate) constants: Constants,
    /// Functions of a telling shape.
    pub(crate) shapes: Shapes,
    loops: Loops,
    allocations: OperatorsReaderAllocations,
}

impl CodeScan {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; OPCODES.len()].into_boxed_slice(),
            functions: Functions::default(),
            typed_blocks: false,
            problem: None,
            constants: Constants::new(),
            shapes: Shapes::default(),
            loops: Loops::default(),
            allocations: OperatorsReaderAllocations::default(),
        }
    }

    /// Reads the body of the function `index`, and validates it in the same pass if there is a `validator`.
    ///
    /// # Errors
    ///
    /// The validator's; then the body is read all the same.
    pub(crate) fn body(
        &mut self,
        index: u32,
        body: &FunctionBody<'_>,
        types: &mut Types<'_>,
        graph: &mut GraphBuilder,
        validator: Option<&mut FuncValidator<ValidatorResources>>,
    ) -> wasmparser::Result<()> {
        let range = body.range();
        let size = range.end.saturating_sub(range.start);
        self.functions.defined = self.functions.defined.saturating_add(1);
        self.functions.body_bytes = self.functions.body_bytes.saturating_add(size);
        note(&mut self.functions.largest, index, size, range.start);
        self.constants.begin(index);
        let mut visitor = Visitor { scan: self, types, graph, depth: 0, deepest: 0, widest: 0, locals: 0 };
        let (read, validated) = match validator.map(|validator| visitor.read_validating(body, validator)) {
            None => (visitor.read(body, 0), Ok(())),
            Some(Ok(())) => (Ok(()), Ok(())),
            Some(Err((error, counted_to))) => (visitor.read(body, counted_to), Err(error)),
        };
        let (deepest, widest, locals) = (visitor.deepest, visitor.widest, visitor.locals);
        graph.end_function();
        note(&mut self.functions.most_locals, index, locals, range.start);
        note(&mut self.functions.deepest, index, deepest, range.start);
        if widest > 0 {
            note(&mut self.functions.widest_br_table, index, widest, range.start);
        }
        // Of a body that was read twice because it is not valid, the counters mean nothing.
        if read.is_ok() && validated.is_ok() {
            let decoders = if self.loops.copies() { decoder::loops(body) } else { 0 };
            self.loops.note(&mut self.shapes, decoders, index, range.start);
        }
        if let Err(error) = read {
            self.functions.undecoded += 1;
            self.problem.get_or_insert_with(|| Problem {
                kind: ProblemKind::UndecodedFunction,
                offset: Some(error.offset()),
                message: crate::text::message(&error),
            });
        }
        validated
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
    fn locals<'b>(&mut self, body: &FunctionBody<'b>) -> wasmparser::Result<BinaryReader<'b>> {
        self.locals = 0;
        self.scan.loops.reset();
        let mut locals = body.get_locals_reader()?.into_iter();
        for local in &mut locals {
            let (count, ty) = local?;
            self.locals += u64::from(count);
            self.types.vectors |= ty == ValType::V128;
        }
        Ok(locals.into_binary_reader_for_operators())
    }

    /// Reads without validating. Instructions before `counted_to` have been counted already; seeing them again does
    /// no harm otherwise.
    fn read(&mut self, body: &FunctionBody<'_>, counted_to: u64) -> wasmparser::Result<()> {
        self.depth = 0;
        let reader = self.locals(body)?;
        let mut aside = (counted_to > 0).then(|| {
            let none = vec![0; OPCODES.len()].into_boxed_slice();
            std::mem::replace(&mut self.scan.counts, none)
        });
        let allocations = std::mem::take(&mut self.scan.allocations);
        let mut operators = OperatorsReader::new_with_allocs(reader, allocations);
        let mut result = Ok(());
        while !operators.eof() && result.is_ok() {
            if operators.original_position() >= counted_to
                && let Some(counts) = aside.take()
            {
                self.scan.counts = counts;
            }
            result = operators.visit_operator(self);
        }
        if let Some(counts) = aside {
            self.scan.counts = counts;
        }
        result?;
        operators.finish()?;
        self.scan.allocations = operators.into_allocations();
        Ok(())
    }

    /// Reads and validates. An error comes with the place up to which instructions were counted.
    fn read_validating(
        &mut self,
        body: &FunctionBody<'_>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<(), (wasmparser::BinaryReaderError, u64)> {
        let start = body.range().start;
        self.locals(body).map_err(|e| (e, start))?;
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader).map_err(|e| (e, start))?;
        while !reader.eof() {
            let at = reader.original_position();
            let mut both = Both { scan: self, validator: validator.visitor(at) };
            let result = reader.visit_operator(&mut both).map_err(|e| (e, at))?;
            result.map_err(|e| (e, reader.original_position()))?;
        }
        let end = reader.original_position();
        reader.finish_expression(&validator.visitor(end)).map_err(|e| (e, end))
    }

    fn enter(&mut self, block: wasmparser::BlockType) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.scan.typed_blocks |= matches!(block, wasmparser::BlockType::FuncType(_));
        self.scan.loops.block();
    }

    fn enter_loop(&mut self, block: wasmparser::BlockType) {
        self.enter(block);
        self.scan.loops.begin(self.depth);
    }

    fn leave(&mut self) {
        self.scan.loops.end(self.depth);
        self.depth = self.depth.saturating_sub(1);
    }

    fn branch(&mut self, relative: u32) {
        self.scan.loops.branch(self.depth.saturating_sub(u64::from(relative)));
    }

    fn table(&mut self, targets: u32) {
        self.widest = self.widest.max(u64::from(targets));
        self.scan.loops.table(targets);
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
            const TOUCH: Touch = touch(stringify!($visit));
            self.scan.counts[Opcode::$op as usize] += 1;
            self.scan.loops.touch(TOUCH);
            visit!(@more self $op $($(($arg))*)?);
        })*
    };
    (@more $s:ident Block ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident Loop ($ty:ident)) => { $s.enter_loop($ty) };
    (@more $s:ident If ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident Try ($ty:ident)) => { $s.enter($ty) };
    (@more $s:ident TryTable ($table:ident)) => { $s.enter($table.ty) };
    (@more $s:ident End) => { $s.leave() };
    (@more $s:ident Delegate ($depth:ident)) => {{ let _ = $depth; $s.leave() }};
    (@more $s:ident BrTable ($targets:ident)) => { $s.table($targets.len()) };
    (@more $s:ident Br ($depth:ident)) => { $s.branch($depth) };
    (@more $s:ident BrIf ($depth:ident)) => { $s.branch($depth) };
    (@more $s:ident I32Const ($value:ident)) => { $s.scan.constants.word($value as u32) };
    (@more $s:ident I64Const ($value:ident)) => { $s.scan.constants.long($value as u64) };
    (@more $s:ident V128Const ($value:ident)) => { $s.scan.constants.vector($value.bytes()) };
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
