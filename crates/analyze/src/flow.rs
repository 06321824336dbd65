//! A second, closer look at a function: where its operands come from, by one pass with an abstract stack.
//!
//! Only what is cheap is followed: constants, parameters, bytes and what they were combined with, through the stack
//! and locals. Where ways join, nothing is known.

use std::collections::BTreeSet;
use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, FunctionBody, MemArg, ModuleArity, Operator, RefType, SubType,
};

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Unknown,
    /// The same at every call; the number, if it is known.
    Constant(Option<u64>),
    /// A parameter of the function that it never changes.
    Parameter,
    /// A byte (or sixteen) from memory.
    Byte(Option<Address>),
    /// Such a byte after `add`, `sub`, `rotl`, `rotr`; with `xor` if that was among them.
    Mixed {
        from: Option<Address>,
        xor: bool,
    },
}

/// A local at some moment, and an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    local: u32,
    /// How often the local had been set.
    version: u32,
    offset: u64,
}

/// A value, and the local that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    local: Option<(u32, u32)>,
}

const UNKNOWN: Operand = Operand { value: Value::Unknown, local: None };

impl Operand {
    /// The address that this operand and `offset` make.
    pub(crate) fn address(self, offset: u64) -> Option<Address> {
        self.local.map(|(local, version)| Address { local, version, offset })
    }
}

/// What a module says of what a function uses. `None`: not known, and the stack with it.
pub(crate) trait Context {
    /// Parameters and results of a function.
    fn function(&self, index: u32) -> Option<(u32, u32)>;
    /// Parameters and results of a type.
    fn signature(&self, ty: u32) -> Option<(u32, u32)>;
    /// Does the global keep its first value?
    fn is_constant(&self, global: u32) -> bool;
}

/// Who wants to know.
pub(crate) trait Watch {
    /// A direct call.
    fn call(&mut self, _function: u32, _operands: &[Operand], _at: u64) {}
    /// Any call.
    fn any_call(&mut self) {}
    /// A load of a whole word.
    fn load(&mut self, _address: Operand, _offset: u64) {}
    /// A store of a byte, or of sixteen.
    fn store(&mut self, _address: Operand, _value: Operand, _offset: u64) {}
    /// A block begins.
    fn begin(&mut self, _is_loop: bool) {}
    /// A block ends.
    fn end(&mut self) {}
}

/// Locals that are followed: more would cost memory, and no compiler makes them.
const LOCALS: u32 = 50_000;

/// Operands or blocks at once, for the same reason; what comes behind is not followed.
const HEIGHT: usize = 20_000;

#[derive(Clone, Copy)]
struct Local {
    value: Value,
    version: u32,
}

struct Block {
    height: usize,
    ty: BlockType,
}

struct Flow<'c, C> {
    context: &'c C,
    stack: Vec<Operand>,
    blocks: Vec<Block>,
    locals: Vec<Local>,
    /// Locals that are set to something that is no constant.
    variable: BTreeSet<u32>,
}

/// Follows the function with `parameters`. `variable`: locals that are not constant wherever they are set, known from an earlier
/// pass; gives those of this pass.
///
/// # Errors
///
/// If the body cannot be read.
pub(crate) fn follow(
    body: &FunctionBody<'_>,
    parameters: u32,
    context: &impl Context,
    variable: &BTreeSet<u32>,
    watch: &mut impl Watch,
) -> wasmparser::Result<BTreeSet<u32>> {
    let mut count = parameters;
    for local in body.get_locals_reader()? {
        count = count.saturating_add(local?.0);
    }
    let is_parameter = |local| local < parameters && !variable.contains(&local);
    let local = |local| match is_parameter(local) {
        true => Local { value: Value::Parameter, version: 0 },
        false => Local { value: Value::Unknown, version: 0 },
    };
    let mut flow = Flow {
        context,
        stack: Vec::new(),
        blocks: vec![Block { height: 0, ty: BlockType::Empty }],
        locals: (0..count.min(LOCALS)).map(local).collect(),
        variable: BTreeSet::new(),
    };
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() && flow.stack.len() < HEIGHT && flow.blocks.len() < HEIGHT {
        let (operator, at) = operators.read_with_offset()?;
        flow.step(&operator, at, variable, watch);
    }
    Ok(flow.variable)
}

impl<C: Context> Flow<'_, C> {
    fn height(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.height)
    }

    fn pop(&mut self) -> Operand {
        // Below the height lie the operands of the block outside: here the stack was lost.
        if self.stack.len() > self.height() { self.stack.pop().unwrap_or(UNKNOWN) } else { UNKNOWN }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Operand { value, local: None });
    }

    /// Nothing is known of the operands of this block any more.
    fn lose(&mut self) {
        let height = self.height();
        self.stack.truncate(height);
    }

    /// Takes and gives so many operands. A function type may have a thousand results, not more.
    fn shift(&mut self, taken: u32, given: u32) -> Vec<Operand> {
        let mut operands: Vec<Operand> = (0..taken.min(1000)).map(|_| self.pop()).collect();
        operands.reverse();
        (0..given.min(1000)).for_each(|_| self.push(Value::Unknown));
        operands
    }

    fn begin(&mut self, ty: BlockType, is_loop: bool, watch: &mut impl Watch) {
        if let BlockType::FuncType(_) = ty {
            self.lose();
        }
        self.blocks.push(Block { height: self.stack.len(), ty });
        watch.begin(is_loop);
    }

    fn end(&mut self, watch: &mut impl Watch) {
        self.lose();
        let Some(block) = self.blocks.pop() else { return };
        watch.end();
        match block.ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(Value::Unknown),
            BlockType::FuncType(ty) => match self.context.signature(ty) {
                Some((_, results)) => drop(self.shift(0, results)),
                None => self.lose(),
            },
        }
    }

    fn get(&mut self, local: u32, variable: &BTreeSet<u32>) {
        let known = self.locals.get(local as usize).copied();
        let known = known.unwrap_or(Local { value: Value::Unknown, version: 0 });
        let fixed = matches!(known.value, Value::Constant(_)) && !variable.contains(&local);
        let value = match known.value {
            Value::Constant(_) if !fixed => Value::Unknown,
            value => value,
        };
        self.stack.push(Operand { value, local: Some((local, known.version)) });
    }

    fn set(&mut self, local: u32, value: Value) {
        if !matches!(value, Value::Constant(_)) {
            self.variable.insert(local);
        }
        if let Some(slot) = self.locals.get_mut(local as usize) {
            *slot = Local { value, version: slot.version.wrapping_add(1) };
        }
    }

    /// Two operands become one. `mixes`: does it change the bits of both by each other; is it `xor`?
    fn combine(&mut self, mixes: bool, xor: bool, sum: Option<fn(u64, u64) -> u64>) {
        let (b, a) = (self.pop().value, self.pop().value);
        use Value::*;
        let value = match (a, b) {
            (Constant(a), Constant(b)) => Constant(a.zip(b).zip(sum).map(|((a, b), sum)| sum(a, b))),
            (Mixed { from, xor: old }, _) | (_, Mixed { from, xor: old }) => Mixed { from, xor: old || xor },
            (Byte(from), _) | (_, Byte(from)) if mixes => Mixed { from, xor },
            (Byte(from), _) | (_, Byte(from)) => Byte(from),
            _ => Unknown,
        };
        self.push(value);
    }

    fn call(&mut self, arity: Option<(u32, u32)>) -> Vec<Operand> {
        match arity {
            Some((parameters, results)) => self.shift(parameters, results),
            None => {
                self.lose();
                Vec::new()
            }
        }
    }

    fn step(&mut self, operator: &Operator<'_>, at: u64, variable: &BTreeSet<u32>, watch: &mut impl Watch) {
        use Operator as O;
        match operator {
            O::Block { blockty } | O::Try { blockty } => self.begin(*blockty, false, watch),
            O::TryTable { try_table } => self.begin(try_table.ty, false, watch),
            O::Loop { blockty } => self.begin(*blockty, true, watch),
            O::If { blockty } => {
                self.pop();
                self.begin(*blockty, false, watch);
            }
            O::End | O::Delegate { .. } => self.end(watch),
            O::BrIf { .. } | O::Drop => drop(self.pop()),
            O::Call { function_index } => {
                let arity = self.context.function(*function_index);
                let operands = self.call(arity);
                watch.call(*function_index, &operands, at);
                watch.any_call();
            }
            O::CallIndirect { type_index, .. } | O::CallRef { type_index } => {
                self.pop();
                self.call(self.context.signature(*type_index));
                watch.any_call();
            }
            O::ReturnCall { function_index } => {
                let arity = self.context.function(*function_index);
                let operands = self.call(arity);
                watch.call(*function_index, &operands, at);
                watch.any_call();
                self.lose();
            }
            O::Select | O::TypedSelect { .. } => {
                self.pop();
                let (b, a) = (self.pop().value, self.pop().value);
                let both = matches!((a, b), (Value::Constant(_), Value::Constant(_)));
                self.push(if both { Value::Constant(None) } else { Value::Unknown });
            }
            O::LocalGet { local_index } => self.get(*local_index, variable),
            O::LocalSet { local_index } => {
                let value = self.pop().value;
                self.set(*local_index, value);
            }
            O::LocalTee { local_index } => {
                let value = self.pop().value;
                self.set(*local_index, value);
                let version = self.locals.get(*local_index as usize).map_or(0, |local| local.version);
                self.stack.push(Operand { value, local: Some((*local_index, version)) });
            }
            O::GlobalGet { global_index } if self.context.is_constant(*global_index) => {
                self.push(Value::Constant(None));
            }
            O::I32Const { value } => self.push(Value::Constant(Some(u64::from(*value as u32)))),
            O::I64Const { value } => self.push(Value::Constant(Some(*value as u64))),
            O::I32Load8U { memarg } | O::I32Load8S { memarg } | O::I64Load8U { memarg } => self.load(memarg),
            O::I64Load8S { memarg } | O::V128Load { memarg } => self.load(memarg),
            O::I32Load { memarg } | O::I64Load { memarg } => {
                let address = self.pop();
                watch.load(address, memarg.offset);
                self.push(Value::Unknown);
            }
            O::I32Store8 { memarg } | O::I64Store8 { memarg } | O::V128Store { memarg } => {
                let (value, address) = (self.pop(), self.pop());
                watch.store(address, value, memarg.offset);
            }
            O::I32Xor | O::I64Xor | O::V128Xor => self.combine(true, true, None),
            O::I32Add => self.combine(true, false, Some(|a, b| u64::from((a as u32).wrapping_add(b as u32)))),
            O::I64Add => self.combine(true, false, Some(u64::wrapping_add)),
            O::I32Sub | O::I64Sub | O::I8x16Add | O::I8x16Sub => self.combine(true, false, None),
            O::I32Rotl | O::I32Rotr | O::I64Rotl | O::I64Rotr => self.combine(true, false, None),
            O::I32And | O::I32Or | O::I64And | O::I64Or | O::V128And | O::V128Or => {
                self.combine(false, false, None);
            }
            O::I32Shl | O::I32ShrS | O::I32ShrU | O::I64Shl | O::I64ShrS | O::I64ShrU => {
                self.combine(false, false, None);
            }
            O::I32WrapI64 | O::I64ExtendI32S | O::I64ExtendI32U | O::I32Extend8S | O::I64Extend8S => {
                let value = self.pop().value;
                self.push(value);
            }
            other => match other.operator_arity(&Fixed) {
                Some((taken, given)) => drop(self.shift(taken, given)),
                None => self.lose(),
            },
        }
    }

    fn load(&mut self, memarg: &MemArg) {
        let address = self.pop();
        self.push(Value::Byte(address.address(memarg.offset)));
    }
}

/// Knows no types: gives the arity of the instructions that always have the same.
struct Fixed;

impl ModuleArity for Fixed {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
